import { escapeHtml } from '../../plot/html.js'
import { counted } from '../../support/text.js'
import type { Consistency, ConsistencyMeasure, NetworkConsistency } from '../result.js'
import { isWithinErrors, measureOf, pairedDifference } from './differences.js'
import { directionText, distanceText, meanText } from './measureText.js'

/**
 * Says which network is the most consistent, if its differences from others are larger than two standard errors.
 * @param networks the best one first
 */
export function titleOf(networks: readonly NetworkConsistency[], measure: ConsistencyMeasure): string {
  const [best, ...others] = networks as [NetworkConsistency, ...NetworkConsistency[]]
  if (others.length === 0) return `Shift consistency of ${best.model}`
  const close = others.filter((other) => {
    const difference = pairedDifference(other, best, measure)
    return difference === undefined || isWithinErrors(difference)
  })
  if (close.length === 0) return `${best.model} is the most consistent of ${networks.length} networks`
  const group = close.length === 1 ? close[0]?.model : counted(close.length, 'other network')
  return close.length === others.length
    ? `No network is clearly the most consistent of ${networks.length}`
    : `${best.model} and ${group} are the most consistent of ${networks.length} networks`
}

/** The result in words, and from what it was measured. */
export function resultHtml(
  { draws, seed, labels, protocols }: Consistency,
  networks: readonly NetworkConsistency[],
  measure: ConsistencyMeasure,
): string {
  const random = protocols.some((name) => name === 'crop' || name === 'circular')
    ? ` Each photograph has ${counted(draws, 'pair')} of random shifts (seed ${seed}).`
    : ''
  const counts = networks.map(({ photographs }) => photographs.length)
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)]
  const photographs = fewest === most ? counted(most, 'photograph') : `${fewest} to ${most} photographs`
  const from = labels === undefined ? '' : ` The right classes come from ${labels}.`
  return `<p>${escapeHtml(`${leadSentences(networks, measure)} Values are means over ${photographs}.${random}${from}`)}</p>`
}

function leadSentences([best, second]: readonly NetworkConsistency[], measure: ConsistencyMeasure): string {
  const own = best && measureOf(best, measure)
  if (own === undefined) return ''
  const reached = `In the protocol ${measure.protocol} (${measure.title}, ${directionText(measure)}), ${best?.model} has ${meanText(own, own)}.`
  const difference = best && second && pairedDifference(second, best, measure)
  if (difference === undefined) return reached
  const size = distanceText(measure, difference)
  const than = isWithinErrors(difference)
    ? 'This is not more than two standard errors of the paired difference, so it may be chance.'
    : 'This is more than two standard errors of the paired difference.'
  return `${reached} The next network, ${second?.model}, is ${size} worse on the ${counted(difference.count, 'photograph')} that both measured. ${than}`
}
