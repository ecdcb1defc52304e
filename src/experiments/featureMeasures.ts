import { ANCHOR_NAMES } from '../engine/scene/positions.js'
import { argmax } from '../native.js'
import type { ClassScores } from '../network.js'
import { availableCores } from '../support/machine.js'
import { type AnswerAtAnchor, type AnswerMaps, answerMaps, answersAtAnchors } from './answers/answers.js'
import type { Sightings } from './answers/headRow.js'
import type { ExperimentPlace } from './maps/card.js'
import { type FeatureGrid, type SimilarityMaps, similarityMaps } from './maps/cosines.js'
import { type MapConsistency, mapConsistency } from './maps/mapMeasures.js'

export interface FeatureMeasures {
  readonly similarity: SimilarityMaps
  readonly consistency: MapConsistency
  /** Features at the anchors, which are the positions of reference, [anchors, dims]. */
  readonly anchorFeatures: Float32Array
  /** The network's answers at the positions and at the anchors; absent unless the layer has one value per class. */
  readonly answers?: AnswerMaps & {
    readonly atAnchors: readonly AnswerAtAnchor[]
    readonly seen?: Sightings | undefined
  }
}

/**
 * @param scores what the values of the layer mean, if they are class scores
 * @param seen only of a head's layer
 */
export async function measureFeatures(
  grid: FeatureGrid,
  scores: ClassScores | undefined,
  place: ExperimentPlace = {},
  seen?: Sightings,
): Promise<FeatureMeasures> {
  const threads = availableCores()
  const { layer, matrix, dims, rows, cols, anchorFeatures } = grid
  const positions = rows * cols
  const similarity = await similarityMaps(grid, threads, place)
  // Leaves out the last rows of the matrix. They belong to anchors that are not positions of the grid.
  const features = matrix.subarray(0, positions * dims)
  const strongest = await argmax({ features, rows: positions, dims, threads })
  const measures = { similarity, consistency: mapConsistency(strongest, grid), anchorFeatures }
  if (scores === undefined) return measures
  const start = ANCHOR_NAMES.indexOf('center') * dims
  const center = anchorFeatures.subarray(start, start + dims)
  const answers = answerMaps(matrix, strongest, center, scores, layer, seen)
  const atAnchors = answersAtAnchors(anchorFeatures, center, scores, layer, seen)
  return { ...measures, answers: { ...answers, atAnchors, seen } }
}
