import type { LayerFeatures } from '../engine/features.js'
import { ANCHOR_NAMES, type Position } from '../engine/positions.js'
import { type Detector, isRightAnswer } from '../networks/index.js'
import type { Patch } from '../patches/patch.js'
import { mean } from '../support/statistics.js'
import { type Box, isFound, ON_OBJECT, overlapOf, type Sighting, sightingAt, sightingValues } from './boxes.js'
import { positionAt } from './grid.js'
import type { FeatureGrid } from './similarity.js'

/** Rows of a layer of detections: the best scores of the classes, and the four sides of their boxes. */
const DETECTION_ROWS = 5

/** What a detector looks for. */
export interface DetectionRule extends Pick<Detector, 'threshold'> {
  /** Number of classes. */
  readonly classes: number
  /** Index of the object's class. */
  readonly own: number
  /** Whether the object's category or the user states this class. Otherwise, it is the best one at the center. */
  readonly isStated: boolean
}

/** The detections of one object in one network. */
export interface Detections extends DetectionRule {
  /** Stored sightings, [positions + 5, SIGHTING_VALUES]: at the grid's positions, then at the anchors. */
  readonly sightings: Float32Array
}

/**
 * The values of a layer that are compared as features. Of detections, these are the scores of the classes, as in the
 * output of a classifier. A box that moves with the object would say only that the object moves.
 */
export function comparedFeatures<T extends Pick<LayerFeatures, 'name' | 'dims' | 'matrix'>>(
  layer: T,
  detector: Pick<Detector, 'layer'> | undefined,
): T {
  if (layer.name !== detector?.layer) return layer
  const dims = layer.dims / DETECTION_ROWS
  const matrix = new Float32Array(layer.matrix.length / DETECTION_ROWS)
  for (let row = 0; row < matrix.length / dims; row++) matrix.set(scoresAt(layer.matrix, row, dims), row * dims)
  return { ...layer, dims, matrix }
}

function scoresAt(matrix: Float32Array, row: number, classes: number): Float32Array {
  const start = row * DETECTION_ROWS * classes
  return matrix.subarray(start, start + classes)
}

export function boxAt(matrix: Float32Array, row: number, classes: number, index: number): Box {
  const sides = [1, 2, 3, 4].map((side) => matrix[(row * DETECTION_ROWS + side) * classes + index])
  return sides as unknown as Box
}

/**
 * Finds the class of the object: the one that the user names, or one that is right for the object's category. If there
 * is none, every class may be it. Of several classes, the one with the best score at the center is chosen.
 * @param center scores of the classes with the object at the center
 */
export function detectionRule(
  { threshold, objectClass }: Pick<Detector, 'threshold' | 'objectClass'>,
  names: readonly string[],
  center: Float32Array,
  category: string | null = null,
): DetectionRule {
  const all = [...names.keys()]
  const stated = all.filter((index) => {
    const name = names[index] as string
    return objectClass === undefined ? isRightAnswer(category, name, names) === true : name === objectClass
  })
  const isStated = stated.length > 0
  const own = (isStated ? stated : all).reduce((best, index) =>
    (center[index] as number) > (center[best] as number) ? index : best,
  )
  return { own, isStated, threshold, classes: names.length }
}

/**
 * What a detector sees in one image.
 * @param matrix detections, [rows, 5, classes]
 * @param at the image's row in `matrix`
 * @param square the object's position, and its side in pixels
 */
export function sightingIn(
  matrix: Float32Array,
  at: number,
  { row, col, size }: Position & Pick<Patch, 'size'>,
  { classes, own, threshold }: DetectionRule,
): Sighting {
  const scores = scoresAt(matrix, at, classes)
  const seen = (index: number) => {
    const box = boxAt(matrix, at, classes, index)
    const overlap = overlapOf(box, [col, row, col + size, row + size])
    return { class: index, score: scores[index] as number, overlap, box }
  }
  const best = seen(own)
  const better = [...scores.keys()].map(seen).filter(({ score }) => score > best.score && score >= threshold)
  better.sort((a, b) => b.score - a.score)
  return { own: best, other: better.find(({ overlap }) => overlap >= ON_OBJECT) ?? better[0] }
}

/** @param grid detections at the grid's positions and at the anchors, [rows, 5, classes] */
export function detectionsOf(
  { matrix, anchorFeatures, anchors, ...grid }: FeatureGrid,
  names: readonly string[],
  detector: Pick<Detector, 'threshold' | 'objectClass'>,
  { size, category }: Pick<Patch, 'size' | 'category'>,
): Detections {
  const center = scoresAt(anchorFeatures, ANCHOR_NAMES.indexOf('center'), names.length)
  const rule = detectionRule(detector, names, center, category)
  const positions = Array.from({ length: grid.rows * grid.cols }, (_, index) => positionAt(index, grid))
  const sightings = [
    ...positions.flatMap((position, at) => sightingValues(sightingIn(matrix, at, { ...position, size }, rule))),
    ...anchors.flatMap((anchor, at) => sightingValues(sightingIn(anchorFeatures, at, { ...anchor, size }, rule))),
  ]
  return { ...rule, sightings: Float32Array.from(sightings) }
}

/**
 * Shares of positions at which the object is found.
 * @param answers class index of the answer at each position
 */
export function detectedShares(answers: Float32Array, { own, threshold, isStated, sightings }: Detections) {
  const all = Array.from(answers, (_, at) => sightingAt(sightings, at))
  const found = all.map((sighting) => isFound(sighting, threshold))
  return {
    threshold,
    found: mean(found.map(Number)),
    right: isStated ? mean(found.map((is, at) => Number(is && answers[at] === own))) : null,
    overlap: mean(all.map((sighting) => sighting.own.overlap)),
  }
}
