import { ANCHOR_NAMES } from '../engine/positions.js'
import { argmax } from '../native.js'
import { availableCores } from '../support/machine.js'
import { type AnswerMaps, answerMaps } from './answers.js'
import type { ExperimentPlace } from './card.js'
import { type MapConsistency, mapConsistency } from './mapMeasures.js'
import { type FeatureGrid, featuresAt, type SimilarityMaps, similarityMaps } from './similarity.js'

/** Measures of a layer's features, whether they come from a study or a file. */
export interface FeatureMeasures {
  readonly similarity: SimilarityMaps
  readonly consistency: MapConsistency
  /** [anchors, dims] */
  readonly anchorFeatures: Float32Array
  /** Answers; absent unless the layer has the network's classes. */
  readonly answers?: AnswerMaps
}

/**
 * Measures the features of a grid.
 * @param hasClasses whether the layer has a value for each class
 * @throws InputError that names the position of an all-zero or non-finite feature; CudaFailure
 */
export async function measureFeatures(
  grid: FeatureGrid,
  hasClasses: boolean,
  place: ExperimentPlace = {},
): Promise<FeatureMeasures> {
  const threads = availableCores()
  const { matrix, dims, rows, cols, anchors } = grid
  const positions = rows * cols
  const similarity = await similarityMaps(grid, threads, place)
  const anchorFeatures = featuresAt(matrix, dims, anchors)
  // Anchors that the grid leaves out come after it.
  const features = matrix.subarray(0, positions * dims)
  const strongest = await argmax({ features, rows: positions, dims, threads })
  const center = ANCHOR_NAMES.indexOf('center') * dims
  return {
    ...{ similarity, consistency: mapConsistency(strongest, grid), anchorFeatures },
    ...(hasClasses && { answers: answerMaps(matrix, strongest, anchorFeatures.subarray(center, center + dims)) }),
  }
}
