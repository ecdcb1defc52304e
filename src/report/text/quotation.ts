import { decimalText, pText } from '../../plot/numberText.js'
import type { Judged, PairedDifference } from '../../results/paired.js'
import { counted } from '../../support/text.js'

/** A difference of two networks in one measure, with what a sentence says of it. */
export interface Quoted {
  /** The measure in words, such as `crop agreement`. */
  readonly measure: string
  /** Shares are told in percentage points. */
  readonly isShare: boolean
  /** Author and year of the protocol's paper. */
  readonly source?: string | undefined
  /** What the pairs are of. */
  readonly noun: 'photograph' | 'object'
  /** Names of the two networks. */
  readonly networks: readonly [one: string, other: string]
  /** Mean of the first network's values minus those of the other. */
  readonly difference: PairedDifference
  readonly judged: Judged
}

/**
 * A sentence for an abstract: "Crop agreement (Zhang, 2019) of A is 4.1 points higher than that of B (95 % interval 1.2
 * to 7.0, 60 photographs)." If the data do not tell which network is ahead, the sentence says so.
 * @returns undefined for too few pairs
 */
export function quotation(quoted: Quoted): string | undefined {
  const { measure, source, noun, difference, judged } = quoted
  const [one, other] = quoted.networks
  const { count, mean, interval } = difference
  const what = `${measure}${source === undefined ? '' : ` (${source})`}`
  const all = counted(count, noun)
  if (judged.verdict === 'few' || interval === null) return undefined
  if (judged.verdict === 'unchanged') return `${one} and ${other} have the same ${what} on each of ${all}.`
  const isLower = judged.verdict === 'lower'
  const [low, high] = (isLower ? [-interval[1], -interval[0]] : interval).map((end) => numberText(quoted, end))
  const apart = `${numberText(quoted, isLower ? -mean : mean)}${quoted.isShare ? ' points' : ''}`
  const range = `95 % interval ${low} to ${high}`
  if (judged.verdict !== 'open')
    return `${capitalised(what)} of ${one} is ${apart} ${judged.verdict} than that of ${other} (${range}, ${all}).`
  const p = judged.p === null ? '' : `, ${pText(judged.p)}`
  return `The data do not tell whether ${one} or ${other} has the higher ${what}: the difference is ${apart} (${range}${p}, ${all}).`
}

function numberText({ isShare }: Quoted, value: number): string {
  return isShare ? decimalText(100 * value, 1) : decimalText(value, Math.abs(value) < 0.1 ? 4 : 3)
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
