import { UsageError } from '../../errors.js'
import { argmax } from '../../native.js'
import type { ClassScores, HeadKind, Network, ScoreMeaning } from '../../network.js'
import { availableCores } from '../../support/machine.js'
import type { AnswerRule } from './headRow.js'
import { answerNames, comparedFeatures } from './heads.js'

export interface AnswerMaps {
  /**
   * Three maps, [3, positions]: the class index of the answer, the probability of this class, and the probability of
   * `center.class`. Where no class reaches the threshold, the index is the number of classes, and the probability is the
   * best score of all classes.
   */
  readonly maps: Float32Array
  /** The answer with the object at the center. With a rule: the object's class, and its score there. */
  readonly center: { readonly class: number; readonly probability: number }
  /** Share of positions where the answer is the same as at the center. */
  readonly kept: number
  /** Lowest probability of `center.class` over all positions. */
  readonly least: number
}

export const ANSWER_MAPS = 3

/**
 * @param matrix values of the layer, [rows, classes]; all are finite, and rows after the last position are ignored
 * @param strongest index of the largest value at each position
 * @param center values of the layer with the object at the center, [classes]
 * @param layer names the network and the layer in messages
 * @param rule only of a head
 * @throws UsageError if a value cannot be what `scores` says
 */
export function answerMaps(
  matrix: Float32Array,
  strongest: Int32Array,
  center: Float32Array,
  { meaning }: ClassScores,
  layer: string,
  { own = largestOf(center), threshold = Number.NEGATIVE_INFINITY }: Partial<AnswerRule> = {},
): AnswerMaps {
  const positions = strongest.length
  const classes = center.length
  const maps = new Float32Array(ANSWER_MAPS * positions)
  const centerProbability = probabilityIn(center, meaning, layer)
  const largest = largestOf(center)
  const atCenter = centerProbability(largest) < threshold ? classes : largest
  let kept = 0
  let least = Number.POSITIVE_INFINITY
  for (let position = 0; position < positions; position++) {
    const probability = probabilityIn(matrix.subarray(position * classes, (position + 1) * classes), meaning, layer)
    const best = strongest[position]!
    const ofBest = probability(best)
    const answer = ofBest < threshold ? classes : best
    const ofOwn = probability(own)
    maps[position] = answer
    maps[positions + position] = ofBest
    maps[2 * positions + position] = ofOwn
    if (answer === atCenter) kept++
    least = Math.min(least, ofOwn)
  }
  return { maps, center: { class: own, probability: centerProbability(own) }, kept: kept / positions, least }
}

/** The answer with the object at an anchor: the class index, its probability, and that of the class at the center. */
export interface AnswerAtAnchor {
  readonly class: number
  readonly probability: number
  readonly ofCenter: number
}

/**
 * The answers with the object at anchors, which may lie between the positions of a grid.
 * @param anchorFeatures values of the layer with the object at the anchors, [anchors, classes]
 * @param center values of the layer with the object at the center, [classes]
 */
export function answersAtAnchors(
  anchorFeatures: Float32Array,
  center: Float32Array,
  scores: ClassScores,
  layer: string,
  rule?: AnswerRule,
): readonly AnswerAtAnchor[] {
  const classes = center.length
  return Array.from({ length: anchorFeatures.length / classes }, (_, i) => {
    const own = anchorFeatures.subarray(i * classes, (i + 1) * classes)
    const largest = Int32Array.of(largestOf(own))
    const [index, probability, ofCenter] = answerMaps(own, largest, center, scores, layer, rule).maps
    return { class: index!, probability: probability!, ofCenter: ofCenter! }
  })
}

/** Index of the largest value, the first one of equal values. */
function largestOf(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0)
}

/**
 * Class probabilities, [rows, classes], from class scores of the same shape.
 * @throws UsageError if a value cannot be what `scores` says
 */
export function classProbabilities(
  matrix: Float32Array,
  rows: number,
  classes: number,
  { meaning }: ClassScores,
  layer: string,
): Float64Array {
  const result = new Float64Array(rows * classes)
  for (let first = 0; first < result.length; first += classes) {
    const probability = probabilityIn(matrix.subarray(first, first + classes), meaning, layer)
    for (let i = 0; i < classes; i++) result[first + i] = probability(i)
  }
  return result
}

/** Returns a function from a class index to the probability of the class, for one row of class scores. */
function probabilityIn(row: Float32Array, meaning: ScoreMeaning, layer: string): (index: number) => number {
  checkScores(row, meaning, layer)
  const score = (index: number) => row[index]!
  if (meaning === 'sigmoid') return (index) => Math.min(score(index), 1)
  if (meaning === 'probabilities') {
    // Quantised probabilities are rounded, so they no longer sum to 1. If all are rounded to 0, all are equal.
    const sum = row.reduce((total, value) => total + value, 0)
    return (index) => (sum === 0 ? 1 / row.length : score(index) / sum)
  }
  // The softmax of logarithms of probabilities is these probabilities.
  const logSum = logSumExp(row)
  return (index) => Math.exp(score(index) - logSum)
}

/** Largest possible scores. The output of a sigmoid that is rounded to 8 bits can be half a step above 1. */
const LIMITS: Partial<Record<ScoreMeaning, number>> = { sigmoid: 1.01, probabilities: Number.POSITIVE_INFINITY }

/** @throws UsageError if a score cannot be what `meaning` says */
function checkScores(row: Float32Array, meaning: ScoreMeaning, layer: string): void {
  const limit = LIMITS[meaning]
  const wrong = limit === undefined ? undefined : row.find((value) => value < 0 || value > limit)
  if (wrong === undefined) return
  throw UsageError.of`${layer} has a class score of ${Number(wrong.toPrecision(3))}, which is impossible with \`scores ${meaning}\`; use \`scores logits\``
}

function logSumExp(row: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < row.length; i++) largest = Math.max(largest, row[i]!)
  let sum = 0
  for (let i = 0; i < row.length; i++) sum += Math.exp(row[i]! - largest)
  return largest + Math.log(sum)
}

/** Number of positions at which a network gives each answer. An answer is the class with the highest probability. */
export interface AnswerCounts {
  /** Name of the layer that has one value per class. */
  readonly layer: string
  /** Where the names of the classes come from, such as the name of a file. */
  readonly source: string
  /** What the values of the layer mean. */
  readonly scores: ClassScores
  /** Up to five answers, the most frequent first, each with its number of positions. */
  readonly classes: readonly { readonly name: string; readonly positions: number }[]
  /** Number of positions where all classes have equal values, so that there is no answer; absent if it is 0. */
  readonly unanswered?: number
  /** Only of a head, such as a detector's: its kind, and the least score at which a class is seen. */
  readonly head?: HeadKind
  readonly threshold?: number
  /** Names of all classes that are the answer at some position or anchor, by class index. */
  readonly names: Readonly<Record<string, string>>
}

const MOST_CLASSES = 5

/**
 * @param features matrices of the network's layers, [rows, dims] each, with rows for the positions and then for anchors
 * @param positions number of positions
 * @returns undefined if the network's classes are unknown, or if `features` lacks the layer with the class scores
 * @throws UsageError if a score cannot be what the user says
 */
export async function answerCounts(
  network: Network,
  features: readonly Float32Array[],
  positions: number,
): Promise<AnswerCounts | undefined> {
  const { classes, layers, head } = network
  const at = layers.findIndex(({ name }) => name === classes?.layer)
  const [layer, values] = [layers[at], features[at]]
  if (classes === undefined || layer === undefined || values === undefined) return undefined
  const { dims, matrix } = comparedFeatures({ ...layer, matrix: values }, head)
  const all = answerNames(network)
  const rows = matrix.length / dims
  const strongest = await argmax({ features: matrix, rows, dims, threads: availableCores() })
  const counts = new Map<number, number>()
  let unanswered = 0
  const answers = strongest.map((index, row) => (head && matrix[row * dims + index]! < head.threshold ? dims : index))
  for (const [position, answer] of answers.subarray(0, positions).entries()) {
    const scores = matrix.subarray(position * dims, (position + 1) * dims)
    checkScores(scores, classes.scores.meaning, `${network.id} ${layer.name}`)
    if (dims > 1 && scores.every((score) => score === scores[0])) unanswered++
    else counts.set(answer, (counts.get(answer) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([a, one], [b, other]) => other - one || a - b)
  const nameOf = (index: number) => all[index] ?? String(index)
  return {
    layer: layer.name,
    source: classes.source,
    scores: classes.scores,
    classes: sorted.slice(0, MOST_CLASSES).map(([index, positions]) => ({ name: nameOf(index), positions })),
    ...(unanswered > 0 && { unanswered }),
    ...(head && { head: head.kind, threshold: head.threshold }),
    names: Object.fromEntries([...new Set(answers)].map((index) => [index, nameOf(index)])),
  }
}
