import { PROTOCOL_NAMES, type ProtocolName } from '../../experiments/answers/protocols.js'
import { CONFIDENCE } from '../../results/answers/measures.js'
import type { AnsweredNetwork } from '../../results/answers/read.js'
import type { ConsistencyMetric } from '../../results/answers/summary.js'
import { constantText } from '../../results/answers/variety.js'
import type { PatchValues } from '../../results/measures/rows.js'
import { type PairedDifference, pairedDifference } from '../../results/paired.js'
import { paired } from '../findings/evidence.js'

/** What tells measures apart. */
export type MetricKey = Pick<ConsistencyMetric, 'protocol' | 'measure'>

export function sharedMetric({ measures }: AnsweredNetwork, key: MetricKey): ConsistencyMetric | undefined {
  return measures[indexOf(measures, key)]
}

/** Finite values of a measure, by the SHA-256 of the photograph. In another network, it may have another name. */
export function photographValues({ measures, photographs }: AnsweredNetwork, key: MetricKey): PatchValues {
  const at = indexOf(measures, key)
  return new Map(
    photographs.flatMap(({ sha256, values }) => (Number.isFinite(values[at]) ? [[sha256, values[at]!] as const] : [])),
  )
}

function indexOf(measures: readonly ConsistencyMetric[], key: MetricKey): number {
  return measures.findIndex(({ protocol, measure }) => protocol === key.protocol && measure === key.measure)
}

/**
 * Values of two networks on the photographs that both measured. If one of them measured others, too, the chance is that
 * of the shared ones.
 */
function sharedValues(
  one: AnsweredNetwork,
  other: AnsweredNetwork,
  key: MetricKey,
): readonly [PatchValues, PatchValues] {
  const [own, others] = [measuredBy(one, key.protocol), measuredBy(other, key.protocol)]
  const shared = new Set([...own].filter((sha256) => others.has(sha256)))
  const valuesOf = (network: AnsweredNetwork, all: ReadonlySet<string>) =>
    (all.size === shared.size ? undefined : network.chanceOn(key, shared)) ?? photographValues(network, key)
  return [valuesOf(one, own), valuesOf(other, others)]
}

/** SHA-256 of the photographs that a protocol has measured. */
function measuredBy(network: AnsweredNetwork, protocol: ProtocolName): ReadonlySet<string> {
  return new Set(photographValues(network, { protocol, measure: CONFIDENCE }).keys())
}

/**
 * Compares two networks on the photographs that both measured.
 * @returns the mean of `one` minus `other`; undefined if they cannot be compared, or if they share no photograph
 */
export function networkDifference(
  one: AnsweredNetwork,
  other: AnsweredNetwork,
  key: MetricKey,
): PairedDifference | undefined {
  if (!areComparable(one, other, key.protocol)) return undefined
  const values = sharedValues(one, other, key)
  const differences = [...paired(...values, (a, b) => a - b).values()]
  const areBinary = values.every((own) => [...own.values()].every((value) => value === 0 || value === 1))
  return differences.length === 0 ? undefined : pairedDifference(differences, areBinary ? 1 : undefined)
}

/** Whether the consistency of two networks in a protocol says something, and was measured of like networks in one way. */
function areComparable(one: AnsweredNetwork, other: AnsweredNetwork, protocol: ProtocolName): boolean {
  const areConstant = [one, other].some((network) => constantText(network, protocol) !== undefined)
  return !areConstant && unlikeIn(one, other, protocol).length === 0
}

/** What differs between two networks so that their values of a protocol cannot be ranked; empty if they can. */
export function unlikeIn(one: AnsweredNetwork, other: AnsweredNetwork, protocol: ProtocolName): readonly string[] {
  const [own, others] = [one.facts, other.facts]
  const haveOtherCounts = own && others && own.classes !== others.classes
  const [names, otherNames] = [own?.classesSha256, others?.classesSha256]
  const haveOtherNames = names !== undefined && otherNames !== undefined && names !== otherNames
  return [
    ...(one.frame === other.frame ? [] : ['frames']),
    ...(haveOtherCounts ? ['numbers of classes'] : haveOtherNames ? ['classes'] : []),
    ...(one.head?.kind === other.head?.kind ? [] : ['kinds of output']),
    ...(haveSameShifts(one, other, protocol) ? [] : ['shifts']),
  ]
}

/** Whether two networks measured a protocol with the same draws, seed and background. */
export function haveSameShifts(one: AnsweredNetwork, other: AnsweredNetwork, protocol: ProtocolName): boolean {
  return settingsText(one, protocol) === settingsText(other, protocol)
}

/** Settings of a protocol, such as `5 draws, seed 0`; empty if it has none. */
export function settingsText({ protocols, reading }: AnsweredNetwork, protocol: ProtocolName): string {
  const { draws, seed, background } = protocols.find(({ name }) => name === protocol) ?? {}
  return [
    ...(draws === undefined ? [] : [`draws ${draws}`]),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
    ...(background === undefined ? [] : [`background ${background}`]),
    ...(reading === 'torchvision' ? [] : [`reading ${reading}`]),
  ].join(', ')
}

/**
 * Sorts networks by a measure. The best one comes first. Those without a value come last, and those whose answers are
 * constant, because their consistency says nothing.
 */
export function bestFirst(networks: readonly AnsweredNetwork[], key: MetricKey): readonly AnsweredNetwork[] {
  const rank = (network: AnsweredNetwork) => {
    const { mean = null, better = 'neither' } = sharedMetric(network, key) ?? {}
    const hasRank = mean !== null && constantText(network, key.protocol) === undefined
    return !hasRank ? Number.POSITIVE_INFINITY : mean * { higher: -1, lower: 1, neither: 0 }[better]
  }
  return networks.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}

/**
 * The first measure of each protocol, which stands for it: the agreement relative to chance or, of `center` with labels,
 * the accuracy.
 */
export function mainMetrics(networks: readonly AnsweredNetwork[]): readonly ConsistencyMetric[] {
  const all = networks.flatMap(({ measures }) => measures)
  return PROTOCOL_NAMES.flatMap((name) => all.find(({ protocol }) => protocol === name) ?? [])
}

/**
 * The main measure of a protocol that shifts photographs, if possible of one that all networks have. It decides which
 * network is the most consistent.
 */
export function leadingMetric(networks: readonly AnsweredNetwork[]): ConsistencyMetric {
  const main = mainMetrics(networks)
  const shifted = main.filter(({ protocol }) => protocol !== 'center')
  const ofAll = shifted.find((measure) => networks.every((network) => sharedMetric(network, measure) !== undefined))
  return (ofAll ?? shifted[0] ?? main[0]) as ConsistencyMetric
}
