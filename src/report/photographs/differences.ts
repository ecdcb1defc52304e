import { paired } from '../../report/findings/evidence.js'
import type { PatchValues } from '../../results/rows.js'
import { type MeanInterval, meanInterval } from '../../support/statistics.js'
import type { ConsistencyMeasure, ShownNetwork } from '../result.js'

/** What tells measures apart. */
export type MeasureKey = Pick<ConsistencyMeasure, 'protocol' | 'measure'>

/** Mean difference of two networks over the photographs that both measured. */
export type PairedDifference = MeanInterval & { readonly count: number }

export function measureOf({ measures }: ShownNetwork, key: MeasureKey): ConsistencyMeasure | undefined {
  return measures[indexOf(measures, key)]
}

/** Finite values of a measure, by the name of the photograph, or by its SHA-256. */
export function photographValues(
  { measures, photographs }: ShownNetwork,
  key: MeasureKey,
  by: 'name' | 'sha256' = 'name',
): PatchValues {
  const at = indexOf(measures, key)
  return new Map(
    photographs.flatMap(({ values, ...one }) => (Number.isFinite(values[at]) ? [[one[by], values[at] as number]] : [])),
  )
}

function indexOf(measures: readonly ConsistencyMeasure[], key: MeasureKey): number {
  return measures.findIndex(({ protocol, measure }) => protocol === key.protocol && measure === key.measure)
}

/** @returns the mean of `one` minus `other`; undefined if they share no photograph */
export function pairedDifference(
  one: ShownNetwork,
  other: ShownNetwork,
  key: MeasureKey,
): PairedDifference | undefined {
  // Between the calls that measured the networks, a photograph may have got another name or another content.
  const [own, others] = [one, other].map((network) => photographValues(network, key, 'sha256')) as [
    PatchValues,
    PatchValues,
  ]
  const differences = paired(own, others, (a, b) => a - b)
  return differences.size === 0 ? undefined : { ...meanInterval([...differences.values()]), count: differences.size }
}

/** Whether the interval of a difference contains 0. Nothing is known of a single photograph. */
export function mayBeChance({ mean, halfWidth }: PairedDifference): boolean {
  return halfWidth !== null && Math.abs(mean) <= halfWidth
}

/** Sorts networks by a measure. The best one comes first, and those without a value come last. */
export function bestFirst(networks: readonly ShownNetwork[], key: MeasureKey): readonly ShownNetwork[] {
  const rank = (network: ShownNetwork) => {
    const { mean = null, better = 'neither' } = measureOf(network, key) ?? {}
    return mean === null ? Number.POSITIVE_INFINITY : mean * { higher: -1, lower: 1, neither: 0 }[better]
  }
  return networks.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)))
}

/** The first measure of each protocol, which stands for it. With labels, the first one is the accuracy. */
export function mainMeasures({ measures }: ShownNetwork): readonly ConsistencyMeasure[] {
  return measures.filter(({ protocol }, i) => measures.findIndex((one) => one.protocol === protocol) === i)
}

/** The main measure of the first protocol that shifts photographs. It decides which network is the most consistent. */
export function leadingMeasure(network: ShownNetwork): ConsistencyMeasure {
  const main = mainMeasures(network)
  return (main.find(({ protocol }) => protocol !== 'center') ?? main[0]) as ConsistencyMeasure
}
