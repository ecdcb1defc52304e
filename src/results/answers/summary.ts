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

/** A measure of a protocol. The values of photographs have the order of a list of these. */
export interface ListedMetric {
  readonly protocol: ProtocolName
  readonly measure: ProtocolMetric
}

/** Means of all measures over photographs. */
export function metricMeans(
  listed: readonly ListedMetric[],
  photographs: readonly MeasuredPhotograph[],
): readonly ConsistencyMetric[] {
  const column = (i: number) => photographs.map(({ values }) => values[i]!)
  return listed.map(({ protocol, measure: { name, title, unit, better } }, i) => {
    const values = column(i)
    const confidences = column(listed.findIndex((one) => one.protocol === protocol && one.measure.name === CONFIDENCE))
    const confident = values.filter((_, at) => confidences[at]! >= CONFIDENT)
    return { protocol, measure: name, title, unit, better, ...meanOf(values), confident: meanOf(confident) }
  })
}

/** The mean of those values that exist. */
function meanOf(values: readonly number[]): MetricMean {
  const found = values.filter((value) => !Number.isNaN(value))
  const { mean, standardError } = meanInterval(found)
  return { mean: found.length === 0 ? null : mean, standardError, count: found.length }
}
