import { decodeMap, decodeRegions, PROBABILITY_DECIMALS } from '../mapCoding.js'
import type { SiteMaps } from '../siteIndex.js'
import { fromBase64 } from './base64.js'
import { isolated, probabilityText } from './text.js'

/** Answers of a network at every position, [rows, cols], row-major. */
export interface LoadedAnswers {
  /** Probability of the class that is the strongest at the center; for the mean map, the mean over patches. */
  readonly ofCenter: Float64Array
  /** null for the mean over patches, because the patches have different answers. */
  readonly strongest: StrongestClasses | null
}

interface StrongestClasses {
  /** Names of the classes; the first is the strongest at the center. */
  readonly names: readonly string[]
  /** Index in `names` of the strongest class at each position. */
  readonly numbers: Uint32Array
  readonly probabilities: Float64Array
  /** Indices of the names that are right for the object; absent if not known. */
  readonly right?: readonly number[] | undefined
}

/**
 * @param positions number of positions in a map
 * @returns undefined if the file has no answers
 * @throws RangeError for damaged data
 */
export function decodeAnswers({ answers, meanProbability }: SiteMaps, positions: number): LoadedAnswers | undefined {
  const probabilities = (text: string, count: number) => decodeMap(fromBase64(text), count, PROBABILITY_DECIMALS)
  if (meanProbability !== undefined) return { ofCenter: probabilities(meanProbability, positions), strongest: null }
  if (answers === undefined) return undefined
  const ofCenter = probabilities(answers.ofCenter, positions)
  const numbers = decodeRegions(fromBase64(answers.strongest), positions)
  const elsewhere = numbers.reduce((count, number) => count + (number === 0 ? 0 : 1), 0)
  const ofOthers = probabilities(answers.ofOthers, elsewhere)
  let next = 0
  const strongest = ofCenter.map((value, i) => (numbers[i] === 0 ? value : (ofOthers[next++] as number)))
  return { ofCenter, strongest: { names: answers.classes, numbers, probabilities: strongest, right: answers.right } }
}

/** For example "dog 0.91". */
export function answerText({ ofCenter, strongest }: LoadedAnswers, position: number): string {
  if (strongest === null) return `center’s answer ${probabilityText(ofCenter[position] as number)}`
  const name = strongest.names[strongest.numbers[position] as number] ?? ''
  return `${isolated(name)} ${probabilityText(strongest.probabilities[position] as number)}`
}
