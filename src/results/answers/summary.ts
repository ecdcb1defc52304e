import { CONFIDENT } from '../../experiments/answers/confidence.js'
import type { ProtocolName } from '../../experiments/answers/protocols.js'
import { meanInterval } from '../../support/statistics.js'
import { CONFIDENCE, type ProtocolMetric } from './measures.js'

/** A photograph with the values of its measures. */
export interface MeasuredPhotograph {
  readonly name: string
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string
  /** The right class in the user's words; absent without a label. */
  readonly label?: string
  /** Names of the right classes; absent without a label. */
  readonly right?: readonly string[]
  /** Values in the order of the network's `measures`. NaN for what needs a label, if the photograph has none. */
  readonly values: readonly number[]
}

/** Mean of a measure over photographs. */
export interface MetricMean {
  /** Null if there are no values. */
  readonly mean: number | null
  /** Standard error of the mean; null for fewer than two photographs. */
  readonly standardError: number | null
  /** Number of photographs that have a value. */
  readonly count: number
}

/** Value of one measure over all photographs, and over confident ones. */
export interface ConsistencyMetric extends MetricMean, Pick<ProtocolMetric, 'title' | 'unit'> {
  readonly protocol: ProtocolName
  /** Name of the measure, such as `agreement`. docs/measures.md explains each. */
  readonly measure: string
  /** Whether a higher or a lower value is better, or neither. */
  readonly better: ProtocolMetric['better']
  /** The mean over photographs with a probability of at least 0.5 for the answer to the protocol's first image. */
  readonly confident: MetricMean
}

/**
 * Computes a measure that depends on all photographs, as if there were only some of them.
 * @param wanted SHA-256 of these photographs
 * @returns finite values by the SHA-256 of the photograph; undefined if the measure does not depend on others
 */
export type ChanceValues = (
  key: Pick<ConsistencyMetric, 'protocol' | 'measure'>,
  wanted: ReadonlySet<string>,
) => ReadonlyMap<string, number> | undefined

/** A measure of a protocol. The values of photographs have the order of a list of these. */
export interface ListedMetric {
  readonly protocol: ProtocolName
  readonly measure: ProtocolMetric
}

/**
 * Means of all measures over photographs.
 * @param chanceOn computes measures that depend on all photographs for some of them
 */
export function metricMeans(
  listed: readonly ListedMetric[],
  photographs: readonly MeasuredPhotograph[],
  chanceOn: ChanceValues,
): readonly ConsistencyMetric[] {
  return listed.map(({ protocol, measure: { name, title, unit, better } }, i) => {
    const at = listed.findIndex((one) => one.protocol === protocol && one.measure.name === CONFIDENCE)
    const confident = photographs.filter(({ values }) => values[at]! >= CONFIDENT)
    const key = { protocol, measure: name }
    const corrected = chanceOn(key, new Set(confident.map(({ sha256 }) => sha256)))
    const valuesOf = (some: readonly MeasuredPhotograph[]) => some.map(({ values }) => values[i]!)
    const ofConfident = corrected === undefined ? valuesOf(confident) : [...corrected.values()]
    return { ...key, title, unit, better, ...meanOf(valuesOf(photographs)), confident: meanOf(ofConfident) }
  })
}

/** The mean of those values that exist. */
function meanOf(values: readonly number[]): MetricMean {
  const found = values.filter((value) => !Number.isNaN(value))
  const { mean, standardError } = meanInterval(found)
  return { mean: found.length === 0 ? null : mean, standardError, count: found.length }
}
