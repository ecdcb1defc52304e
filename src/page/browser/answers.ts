import { SEES_NOTHING } from '../../experiments/answers/headRow.js'
import { decodeMap, decodeRegions, fromBase64, PROBABILITY_DECIMALS } from '../site/mapCoding.js'
import type { SiteMaps } from '../site/siteIndex.js'
import { classWords, isolated, probabilityText } from '../text/text.js'

/** The network's predictions with the object at every position. Arrays are [rows, cols], row-major. */
export interface LoadedAnswers {
  /** Probability, at every position, of the class predicted at the center. */
  readonly ofCenter: Float64Array
  /** Most probable class at every position. */
  readonly strongest: StrongestClasses
  /** What a head, such as a detector's, sees with the object at a position; see `HeadMap`. */
  readonly sightingAt?: ((position: number) => Sighting) | undefined
}

/** Numbers that a head's row can read. */
export type Sighting = ArrayLike<number>

interface StrongestClasses extends NamedRegions {
  readonly probabilities: Float64Array
}

/** A map of whole numbers that stand for names. */
export interface NamedRegions {
  /** Names of the classes. The first one is the class predicted with the object at the center. */
  readonly names: readonly string[]
  /** Index in `names` of the most probable class at each position. */
  readonly numbers: Uint32Array
  /** Indices in `names` of the classes that are correct for the object; absent if these are not known. */
  readonly right?: readonly number[] | undefined
}

/**
 * @param positions number of entries of the encoded maps: positions and anchors
 * @throws RangeError if the data is damaged
 */
export function decodeAnswers({ answers }: SiteMaps, positions: number): LoadedAnswers | undefined {
  if (answers === undefined) return undefined
  const probabilities = (text: string, count: number) => decodeMap(fromBase64(text), count, PROBABILITY_DECIMALS)
  const ofCenter = probabilities(answers.ofCenter, positions)
  const numbers = decodeRegions(fromBase64(answers.strongest), positions)
  const elsewhere = numbers.reduce((count, number) => count + (number === 0 ? 0 : 1), 0)
  const ofOthers = probabilities(answers.ofOthers, elsewhere)
  let next = 0
  const strongest = ofCenter.map((value, i) => (numbers[i] === 0 ? value : ofOthers[next++]!))
  const { classes: names, right } = answers
  const sightings = answers.sightings && new Float32Array(fromBase64(answers.sightings).buffer)
  return {
    ofCenter,
    strongest: { names, numbers, probabilities: strongest, right },
    ...(sightings && { sightingAt: sightingReader(sightings, positions) }),
  }
}

/** Finds the numbers of a position. @param count number of positions in `all` */
export function sightingReader(all: Float32Array, count: number): (position: number) => Sighting {
  const values = all.length / count
  return (position) => all.subarray(position * values, (position + 1) * values)
}

/** Leaves out the answers after the first `count`. */
export function firstAnswers({ ofCenter, strongest, sightingAt }: LoadedAnswers, count: number): LoadedAnswers {
  return {
    sightingAt,
    ofCenter: ofCenter.subarray(0, count),
    strongest: {
      ...strongest,
      numbers: strongest.numbers.subarray(0, count),
      probabilities: strongest.probabilities.subarray(0, count),
    },
  }
}

/** The answer at one position. */
export interface AnswerAt {
  /** Most probable class and its probability, such as "dog 0.91". */
  readonly answer: string
  /** Name of this class; undefined where it is not known. */
  readonly name: string | undefined
  /** Probability of the class predicted at the center. */
  readonly ofCenter: number
  /** What a head sees. */
  readonly sighting: Sighting | undefined
}

export function answerAt({ ofCenter: all, strongest, sightingAt }: LoadedAnswers, position: number): AnswerAt {
  const name = strongest.names[strongest.numbers[position]!] ?? ''
  const answer = namedAnswer(name, strongest.probabilities[position]!)
  return { answer, name, ofCenter: all[position]!, sighting: sightingAt?.(position) }
}

export function namedAnswer(name: string, probability: number): string {
  return name === SEES_NOTHING ? SEES_NOTHING : `${isolated(classWords(name))} ${probabilityText(probability)}`
}
