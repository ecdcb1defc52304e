import { protocolNamed } from '../../experiments/answers/protocols.js'
import { decimalText, pText } from '../../plot/numberText.js'
import { RELATIVE } from '../../results/answers/measures.js'
import type { ConsistencyMetric } from '../../results/answers/summary.js'
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

/** A measure of photographs in words, such as `crop agreement relative to chance`, and the source of its protocol. */
export function quotedMetric(metric: ConsistencyMetric): Pick<Quoted, 'measure' | 'isShare' | 'source'> {
  const { protocol, measure, title, unit } = metric
  const words = measure === RELATIVE ? title : measure.replaceAll('-', ' ')
  return {
    measure: protocol === 'center' ? words : `${protocol} ${words}`,
    isShare: unit === 'share',
    source: protocolNamed(protocol).source,
  }
}

/**
 * A sentence for an abstract: "Crop agreement (Zhang, 2019) of A is 4.1 points higher than that of B (95 % interval 1.2
 * to 7.0, 60 photographs)." If the data do not tell which network is ahead, it says that the difference may be chance.
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
  const isLower = mean < 0
  const [low, high] = (isLower ? [-interval[1], -interval[0]] : interval).map((end) => numberText(quoted, end))
  const apart = `${numberText(quoted, Math.abs(mean))}${quoted.isShare ? ' points' : ''}`
  const sentence = `${capitalised(what)} of ${one} is ${apart} ${isLower ? 'lower' : 'higher'} than that of ${other}`
  const range = `95 % interval ${low} to ${high}`
  if (judged.verdict !== 'open') return `${sentence} (${range}, ${all}).`
  // The interval of one measure may exclude 0, although the data do not tell of all measures together.
  const isSurprising = judged.p !== null && (interval[0] > 0 || interval[1] < 0)
  const p = isSurprising ? `, ${pText(judged.p)} after Holm’s correction` : ''
  return `${sentence}, which may be chance (${range}${p}, ${all}).`
}

function numberText({ isShare }: Quoted, value: number): string {
  return isShare ? decimalText(100 * value, 1) : decimalText(value, Math.abs(value) < 0.1 ? 4 : 3)
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
