import { words } from '../../errors.js'
import type { Head } from '../../network.js'
import { mean } from '../../support/statistics.js'
import { type Box, overlapOf } from './boxes.js'
import { type AnswerRule, type ComparedLayer, type HeadRow, SEES_NOTHING, type Sightings } from './headRow.js'

/** Rows of a layer of detections: the best scores of the classes, and the four sides of their boxes. */
const DETECTION_ROWS = 5

/** A box that is not seen. */
const NO_BOX: Box = [0, 0, 0, 0]

/** A box is on the object if their overlap is at least this. */
const ON_OBJECT = 0.5

/** What may become of the object. */
export const OUTCOMES = ['found', 'another class on the object', 'no box that fits', SEES_NOTHING] as const

/** What a detector sees with the object at one position. */
export interface Detection {
  /** Index in OUTCOMES. */
  readonly outcome: number
  /** Overlap of the object's square with the best box of the object's class, whatever its score. */
  readonly overlap: number
  /** The best box of the object's class; all sides are 0 if it scores less than the threshold. */
  readonly own: Box
  /** The box of the answer; all sides are 0 if the detector sees nothing. */
  readonly answer: Box
}

/** Numbers of a stored detection: outcome, overlap, and the sides of both boxes. */
export const DETECTION_VALUES = 10

/** @param rows stored detections, [rows, DETECTION_VALUES] */
export function detectionAt(rows: ArrayLike<number>, at = 0): Detection {
  const value = (i: number) => rows[at * DETECTION_VALUES + i]!
  const boxFrom = (i: number): Box => [value(i), value(i + 1), value(i + 2), value(i + 3)]
  return { outcome: value(0), overlap: value(1), own: boxFrom(2), answer: boxFrom(6) }
}

export const DETECTOR: HeadRow = {
  reader: {
    compared: comparedScores,
    rule: detectionRule,
    file: 'boxes',
    values: DETECTION_VALUES,
    sightings: sightingsIn,
    measured: detectedShares,
    seen: ({ dims: classes, all = new Float32Array(0) }, frame, probabilities, threshold, { rows, cols }) => {
      const answer = probabilities.indexOf(probabilities.reduce((most, value) => Math.max(most, value)))
      if (probabilities[answer]! < threshold) return { answer: classes }
      const [left, top, right, bottom] = boxAt(all, frame, classes, answer)
      return { answer, box: [left - cols, top - rows, right - cols, bottom - rows] }
    },
    described: ({ form, boxes, source, threshold }) => {
      const how = boxes.includes('?') ? words`state its boxes with \`boxes\`` : `boxes are ${boxes}; source: ${source}`
      return words`${form}; ${how}; threshold ${threshold}`
    },
    content: 'a detector’s scores and boxes',
  },
  otherAnswers: [SEES_NOTHING],
  measures: [
    { name: 'found', better: 'higher' },
    { name: 'right-and-found', better: 'higher' },
    { name: 'overlap', better: 'higher' },
  ],
  table: {
    stem: 'detections',
    title: 'Objects that a detector finds',
    note: `A detector finds an object if the best box of the object’s class reaches the threshold and is on the object: its overlap with the object’s square (intersection over union) is at least ${ON_OBJECT}. It also answers correctly if no other class has a better score. The table has the shares of positions and the mean overlap, means over objects.`,
  },
  columns: [
    { name: 'overlap', measure: 'box-consistency', title: 'overlap of the best boxes, moved back by the shift' },
  ],
  score: { word: 'Score', title: 'score of the object’s class' },
  opens: 'found',
  maps: [
    {
      name: 'overlap',
      title: 'overlap of box and object',
      explanation: 'how well the best box fits the object (intersection over union)',
      of: (sighting) => detectionAt(sighting).overlap,
    },
    {
      name: 'found',
      title: 'whether the object is found',
      explanation: 'whether the detector finds the object',
      of: (sighting) => detectionAt(sighting).outcome,
      names: OUTCOMES,
    },
  ],
}

/**
 * Of detections, the scores of the classes are compared, as in the output of a classifier. A box that moves with the
 * object would say only that the object moves.
 */
function comparedScores(layer: ComparedLayer): ComparedLayer {
  const all = layer.matrix
  const dims = layer.dims / DETECTION_ROWS
  const matrix = new Float32Array(all.length / DETECTION_ROWS)
  for (let start = 0; start < matrix.length; start += dims)
    matrix.set(all.subarray(DETECTION_ROWS * start, DETECTION_ROWS * start + dims), start)
  return { ...layer, dims, matrix, all }
}

function boxAt(detections: Float32Array, row: number, classes: number, index: number): Box {
  const sides = [1, 2, 3, 4].map((side) => detections[(row * DETECTION_ROWS + side) * classes + index])
  return sides as unknown as Box
}

/**
 * Finds the class of the object: the one that the user names, or one that is right for the object. If there is none,
 * every class may be it. Of several classes, the one with the best score at the center is chosen.
 */
function detectionRule(
  { threshold, objectClass }: Pick<Head, 'threshold' | 'objectClass'>,
  names: readonly string[],
  center: Float32Array,
  right: readonly number[] = [],
): AnswerRule {
  const all = [...names.keys()]
  const stated = objectClass === undefined ? right : all.filter((index) => names[index] === objectClass)
  const isStated = stated.length > 0
  const own = (isStated ? stated : all).reduce((best, index) => (center[index]! > center[best]! ? index : best))
  return { own, isStated, threshold }
}

/** The detections in several images, as they are stored. */
function sightingsIn(
  { dims: classes, all = new Float32Array(0) }: ComparedLayer,
  images: readonly (readonly [row: number, position: number])[],
  { offsets, size }: { readonly offsets: Int32Array; readonly size: number },
  rule: AnswerRule,
): Float32Array {
  const values = images.flatMap(([row, position]) => {
    const [top, left] = [offsets[2 * position]!, offsets[2 * position + 1]!]
    const start = row * DETECTION_ROWS * classes
    const scores = all.subarray(start, start + classes)
    const boxOf = (index: number) => boxAt(all, row, classes, index)
    return detectionValues(scores, boxOf, [left, top, left + size, top + size], rule)
  })
  return Float32Array.from(values)
}

/** The numbers of `Detection`, as they are stored. */
function detectionValues(
  scores: Float32Array,
  boxOf: (index: number) => Box,
  square: Box,
  { own, threshold }: AnswerRule,
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

/** Shares of positions at which the object is found. */
function detectedShares(answers: Float32Array, { own, isStated, sightings }: Sightings) {
  const all = Array.from(answers, (_, at) => detectionAt(sightings, at))
  const found = all.map((one) => one.overlap >= ON_OBJECT && one.own.some((side) => side > 0))
  return {
    found: mean(found.map(Number)),
    'right-and-found': isStated ? mean(found.map((is, at) => Number(is && answers[at] === own))) : null,
    overlap: mean(all.map(({ overlap }) => overlap)),
  }
}
