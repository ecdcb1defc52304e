import { escapeHtml } from '../../plot/html.js'
import { counted } from '../../support/text.js'
import { protocolNamed } from '../protocols.js'
import type { Consistency, ConsistencyMeasure, NetworkConsistency } from '../result.js'
import { isWithinErrors, measureOf, pairedDifference } from './differences.js'
import { distanceText, meanText, titleText } from './measureText.js'

/**
 * Says which network is the most consistent, if its differences from others are larger than two standard errors.
 * @param networks the best one first
 */
export function resultTitle(networks: readonly NetworkConsistency[], measure: ConsistencyMeasure): string {
  const [best, ...others] = networks as [NetworkConsistency, ...NetworkConsistency[]]
  if (others.length === 0) return `Shift consistency of ${best.model}`
  const differences = others.map((other) => pairedDifference(other, best, measure))
  if (differences.some((difference) => difference === undefined || difference.standardError === null))
    return `Shift consistency of ${networks.length} networks`
  const close = differences.filter((difference) => difference !== undefined && isWithinErrors(difference)).length
  const but = `${close} ${close === 1 ? 'other is' : 'others are'} within two standard errors`
  return `${best.model} is the most consistent of ${networks.length} networks${close === 0 ? '' : `, but ${but}`}`
}

/** The result in words, and from what it was measured. */
export function resultHtml(
  { draws, seed, labels, protocols }: Consistency,
  networks: readonly NetworkConsistency[],
  measure: ConsistencyMeasure,
): string {
  const random = protocols.some((name) => protocolNamed(name).isRandom)
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
  const reached = `In the protocol ${measure.protocol} (${titleText(measure)}), ${best?.model} has ${meanText(own)}.`
  const difference = best && second && pairedDifference(second, best, measure)
  if (difference === undefined) return reached
  // The network with the better mean can be worse on the photographs that both measured.
  const isWorse = measure.better === 'higher' ? difference.mean <= 0 : difference.mean >= 0
  const next = `The next network, ${second?.model}, is ${distanceText(measure, difference)} ${isWorse ? 'worse' : 'better'} on the ${counted(difference.count, 'photograph')} that both measured.`
  const limit = 'two standard errors of the paired difference'
  if (difference.standardError === null) return `${reached} ${next}`
  return `${reached} ${next} This is ${isWithinErrors(difference) ? `within ${limit}, so it may be chance` : `more than ${limit}`}.`
}
