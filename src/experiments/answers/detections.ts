import type { LayerFeatures } from '../../engine/features/features.js'
import type { PositionGrid } from '../../engine/scene/positions.js'
import type { DetectorSpec, Network } from '../../network.js'
import { classesOfObject } from '../../networks/classes/words.js'
import type { Patch } from '../../patches/patch.js'
import { mean } from '../../support/statistics.js'
import { featuresAt } from '../maps/cosines.js'
import { type Box, ON_OBJECT, OUTCOMES, overlapOf, SEES_NOTHING, sightingAt } from './boxes.js'

/** Rows of a layer of detections: the best scores of the classes, and the four sides of their boxes. */
const DETECTION_ROWS = 5

/** A box that is not seen. */
const NO_BOX: Box = [0, 0, 0, 0]

/** What a detector looks for. */
export interface DetectionRule extends Pick<DetectorSpec, 'threshold'> {
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

/** A layer whose values are compared as features. */
export interface ComparedLayer extends LayerFeatures {
  /** Only of a detector's layer: the scores, which are compared, and the boxes, [rows, 5, classes]. */
  readonly detections?: Float32Array
}

/**
 * Of detections, the scores of the classes are compared, as in the output of a classifier. A box that moves with the
 * object would say only that the object moves.
 */
export function comparedFeatures(
  layer: LayerFeatures,
  detector: Pick<DetectorSpec, 'layer'> | undefined,
): ComparedLayer {
  if (layer.name !== detector?.layer) return layer
  const detections = layer.matrix
  const dims = layer.dims / DETECTION_ROWS
  const matrix = new Float32Array(detections.length / DETECTION_ROWS)
  for (let start = 0; start < matrix.length; start += dims)
    matrix.set(detections.subarray(DETECTION_ROWS * start, DETECTION_ROWS * start + dims), start)
  return { ...layer, dims, matrix, detections }
}

export function boxAt(detections: Float32Array, row: number, classes: number, index: number): Box {
  const sides = [1, 2, 3, 4].map((side) => detections[(row * DETECTION_ROWS + side) * classes + index])
  return sides as unknown as Box
}

/**
 * Finds the class of the object: the one that the user names, or one that is right for the object's category. If there
 * is none, every class may be it. Of several classes, the one with the best score at the center is chosen.
 * @param center scores of the classes with the object at the center
 */
export function detectionRule(
  { threshold, objectClass }: Pick<DetectorSpec, 'threshold' | 'objectClass'>,
  names: readonly string[],
  center: Float32Array,
  category: string | null = null,
): DetectionRule {
  const all = [...names.keys()]
  const ofCategory = (category !== null && classesOfObject(category, names)) || []
  const stated = objectClass === undefined ? ofCategory : all.filter((index) => names[index] === objectClass)
  const isStated = stated.length > 0
  const own = (isStated ? stated : all).reduce((best, index) => (center[index]! > center[best]! ? index : best))
  return { own, isStated, threshold }
}

/**
 * What a detector sees in several images, [images, SIGHTING_VALUES]; undefined for a layer without detections.
 * @param images for each image, its row in the layer and the index of its position in `offsets`
 * @param size side of the object in pixels
 */
export function sightingsIn(
  { dims: classes, detections }: ComparedLayer,
  images: readonly (readonly [row: number, position: number])[],
  { offsets, size }: Pick<PositionGrid, 'offsets'> & Pick<Patch, 'size'>,
  rule: DetectionRule | undefined,
): Float32Array | undefined {
  if (detections === undefined || rule === undefined) return undefined
  const values = images.flatMap(([row, position]) => {
    const [top, left] = [offsets[2 * position]!, offsets[2 * position + 1]!]
    const start = row * DETECTION_ROWS * classes
    const scores = detections.subarray(start, start + classes)
    const boxOf = (index: number) => boxAt(detections, row, classes, index)
    return sightingValues(scores, boxOf, [left, top, left + size, top + size], rule)
  })
  return Float32Array.from(values)
}

/** The numbers of `Detection`, as they are stored. */
function sightingValues(
  scores: Float32Array,
  boxOf: (index: number) => Box,
  square: Box,
  { own, threshold }: DetectionRule,
): readonly number[] {
  const [ofOwn, best] = [scores[own]!, Math.max(...scores)]
  // Overlaps are stored as float32.
  const overlapWith = (index: number) => Math.fround(overlapOf(boxOf(index), square))
  const isSeen = ofOwn >= threshold
  const overlap = overlapWith(own)
  const isLost = scores.some((score, index) => score > ofOwn && score >= threshold && overlapWith(index) >= ON_OBJECT)
  const isFound = isSeen && overlap >= ON_OBJECT
  const outcome = isLost ? 'another class on the object' : isFound ? 'found' : 'no box that fits'
  return [
    OUTCOMES.indexOf(best < threshold ? SEES_NOTHING : outcome),
    overlap,
    ...(isSeen ? boxOf(own) : NO_BOX),
    ...(best < threshold ? NO_BOX : boxOf(scores.indexOf(best))),
  ]
}

/** The detections of an object at the positions of a grid and at its anchors; undefined for other layers. */
export function detectionsOf(
  grid: PositionGrid,
  layer: ComparedLayer,
  { classes, detector }: Pick<Network, 'classes' | 'detector'>,
  { size, category }: Pick<Patch, 'size' | 'category'>,
): Detections | undefined {
  const center = grid.anchors.filter(({ name }) => name === 'center')
  const scores = featuresAt(layer.matrix, layer.dims, center)
  const rule = detector && detectionRule(detector, classes?.names ?? [], scores, category)
  const images = [...Array(grid.rows * grid.cols).keys(), ...grid.anchors.map(({ index }) => index)]
  const rows = images.map((index) => [index, index] as const)
  const sightings = sightingsIn(layer, rows, { ...grid, size }, rule)
  return rule && sightings && { ...rule, sightings }
}

/**
 * Shares of positions at which the object is found.
 * @param answers class index of the answer at each position
 */
export function detectedShares(answers: Float32Array, { own, isStated, sightings }: Detections) {
  const all = Array.from(answers, (_, at) => sightingAt(sightings, at))
  const found = all.map((sighting) => sighting.overlap >= ON_OBJECT && sighting.own.some((side) => side > 0))
  return {
    found: mean(found.map(Number)),
    right: isStated ? mean(found.map((is, at) => Number(is && answers[at] === own))) : null,
    overlap: mean(all.map(({ overlap }) => overlap)),
  }
}
