import { ANCHOR_NAMES } from '../engine/positions.js'
import { argmax } from '../native.js'
import type { Network } from '../networks/index.js'
import { availableCores } from '../support/machine.js'

export interface AnswerMaps {
  /**
   * Three maps, [3, positions]: the class index of the answer, the probability of this class, and the probability of
   * `center.class`.
   */
  readonly maps: Float32Array
  readonly center: { readonly class: number; readonly probability: number }
  /** Share of positions where the answer is the same as at the center. */
  readonly kept: number
  /** Lowest probability of `center.class` over all positions. */
  readonly least: number
}

/** A network counts as confident if its answer at the center has at least this probability. */
export const CONFIDENT = 0.5

export const ANSWER_MAPS = 3

/** A row is taken for probabilities if no value is negative and the sum differs from 1 by less than this. */
const SUM_TOLERANCE = 1e-3

/**
 * @param matrix values of the layer, [rows, classes]; all are finite, and rows after the last position are ignored
 * @param strongest index of the largest value at each position
 * @param center values of the layer with the object at the center, [classes]
 */
export function answerMaps(matrix: Float32Array, strongest: Int32Array, center: Float32Array): AnswerMaps {
  const positions = strongest.length
  const classes = center.length
  const areProbabilities = isProbabilities(matrix, positions, classes)
  const maps = new Float32Array(ANSWER_MAPS * positions)
  const seen = largestOf(center)
  let kept = 0
  let least = Number.POSITIVE_INFINITY
  for (let position = 0; position < positions; position++) {
    const row = matrix.subarray(position * classes, (position + 1) * classes)
    const best = strongest[position] as number
    const logSum = areProbabilities ? undefined : logSumExp(row, row[best] as number)
    const ofSeen = probability(row[seen] as number, logSum)
    maps[position] = best
    maps[positions + position] = probability(row[best] as number, logSum)
    maps[2 * positions + position] = ofSeen
    if (best === seen) kept++
    least = Math.min(least, ofSeen)
  }
  const largest = center[seen] as number
  const atCenter = probability(largest, areProbabilities ? undefined : logSumExp(center, largest))
  return { maps, center: { class: seen, probability: atCenter }, kept: kept / positions, least }
}

/**
 * The answers with the object at each anchor, in the order of ANCHOR_NAMES. Anchors may lie between the positions of a
 * grid.
 * @param anchorFeatures values of the layer with the object at the anchors, [anchors, classes]
 */
export function answersAtAnchors(anchorFeatures: Float32Array, classes: number): AnswerMaps {
  const center = ANCHOR_NAMES.indexOf('center') * classes
  return answersOf(anchorFeatures, anchorFeatures.subarray(center, center + classes))
}

/**
 * The answers at a few positions; see `answerMaps`.
 * @param matrix values of the layer, [positions, classes]
 * @param center values of the layer with the object at the center, [classes]
 */
export function answersOf(matrix: Float32Array, center: Float32Array): AnswerMaps {
  const classes = center.length
  const rows = Array.from({ length: matrix.length / classes }, (_, i) =>
    matrix.subarray(i * classes, (i + 1) * classes),
  )
  return answerMaps(matrix, Int32Array.from(rows, largestOf), center)
}

/** Index of the largest value, the first one of equal values. */
function largestOf(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0)
}

/**
 * Class probabilities, [rows, classes]: the values of the matrix if they are probabilities already, otherwise their
 * softmax.
 */
export function classProbabilities(matrix: Float32Array, rows: number, classes: number): Float64Array {
  const areProbabilities = isProbabilities(matrix, rows, classes)
  const result = new Float64Array(rows * classes)
  for (let first = 0; first < result.length; first += classes) {
    const row = matrix.subarray(first, first + classes)
    const largest = row.reduce((most, value) => Math.max(most, value))
    const logSum = areProbabilities ? undefined : logSumExp(row, largest)
    for (let i = 0; i < classes; i++) result[first + i] = probability(row[i] as number, logSum)
  }
  return result
}

/**
 * @param logSum log(Σ exp(v)), where v runs over the values of all classes; undefined if `value` is already a
 *   probability
 */
function probability(value: number, logSum: number | undefined): number {
  return logSum === undefined ? value : Math.exp(value - logSum)
}

function logSumExp(row: Float32Array, largest: number): number {
  let sum = 0
  for (let i = 0; i < row.length; i++) sum += Math.exp((row[i] as number) - largest)
  return largest + Math.log(sum)
}

function isProbabilities(matrix: Float32Array, rows: number, classes: number): boolean {
  for (let row = 0; row < rows; row++) {
    let sum = 0
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      const value = matrix[i] as number
      if (value < 0) return false
      sum += value
    }
    if (!(Math.abs(sum - 1) < SUM_TOLERANCE)) return false
  }
  return true
}

/** Number of positions at which a network gives each answer. An answer is the class with the highest probability. */
export interface AnswerCounts {
  /** Name of the layer that has one value per class. */
  readonly layer: string
  /** Where the names of the classes come from, such as the name of a file. */
  readonly source: string
  /** Up to five answers, the most frequent first, each with its number of positions. */
  readonly classes: readonly { readonly name: string; readonly positions: number }[]
  /** Number of positions where all classes have equal values, so that there is no answer; absent if it is 0. */
  readonly unanswered?: number
  /** Names of all classes that have the highest value at some position, by class index. */
  readonly names: Readonly<Record<string, string>>
}

const MOST_CLASSES = 5

/**
 * @param features matrices of the network's layers, [rows, dims] each
 * @returns undefined if the network's classes are unknown, or if `features` lacks the layer with the class scores
 */
export async function answerCounts(
  { classes, layers }: Network,
  features: readonly Float32Array[],
  rows: number,
): Promise<AnswerCounts | undefined> {
  const at = layers.findIndex(({ name }) => name === classes?.layer)
  const [layer, matrix] = [layers[at], features[at]]
  if (classes === undefined || layer === undefined || matrix === undefined) return undefined
  const { dims } = layer
  const strongest = await argmax({ features: matrix, rows, dims, threads: availableCores() })
  const counts = new Map<number, number>()
  let unanswered = 0
  for (const [position, index] of strongest.entries()) {
    const scores = matrix.subarray(position * dims, (position + 1) * dims)
    if (dims > 1 && scores.every((score) => score === scores[0])) unanswered++
    else counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([a, one], [b, other]) => other - one || a - b)
  const nameOf = (index: number) => classes.names[index] ?? String(index)
  return {
    layer: layer.name,
    source: classes.source,
    classes: sorted.slice(0, MOST_CLASSES).map(([index, positions]) => ({ name: nameOf(index), positions })),
    ...(unanswered > 0 && { unanswered }),
    names: Object.fromEntries([...new Set(strongest)].map((index) => [index, nameOf(index)])),
  }
}
