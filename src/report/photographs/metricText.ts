import { decimalText, signedText } from '../../plot/numberText.js'
import type { ConsistencyMetric, MetricMean } from '../../results/answers/summary.js'
import type { PairedDifference } from '../../results/paired.js'
import { halfWidthOf } from '../../support/statistics.js'

type NumberUnit = Pick<ConsistencyMetric, 'unit'>

export function metricText(measure: NumberUnit, value: number | null): string {
  return value === null ? '–' : `${numberText(measure, value)}${unitOf(measure)}`
}

/**
 * Mean ± half of its 95 % confidence interval, such as `91.2 ± 1.6 %`. The mean is that of the measure, unless another
 * one is given.
 */
export function meanText(measure: ConsistencyMetric, own: MetricMean = measure): string {
  return own.mean === null ? '–' : `${numberText(measure, own.mean)}${errorText(measure, own)}${unitOf(measure)}`
}

/** A difference with its sign and the ends of its 95 % interval, such as `−5.0 (−9.1 to −0.9)`. */
export function pairedText(measure: NumberUnit, difference: PairedDifference): string {
  const { mean, interval } = difference
  const ends = interval === null ? '' : ` (${intervalText(measure, interval)})`
  return `${numberText(measure, mean, signedText)}${ends}`
}

function intervalText(measure: NumberUnit, ends: readonly [low: number, high: number]): string {
  return ends.map((end) => numberText(measure, end, signedText)).join(' to ')
}

/** A measure's title, and whether high or low values are better. */
export function titleText({ title, better }: Pick<ConsistencyMetric, 'title' | 'better'>): string {
  return better === 'neither' ? title : `${title}, ${better} is better`
}

function numberText({ unit }: NumberUnit, value: number, text = decimalText): string {
  return unit === 'share' ? text(100 * value, 1) : text(value, unit === 'error' ? 5 : 4)
}

function errorText(measure: NumberUnit, { standardError, count }: MetricMean): string {
  const halfWidth = halfWidthOf(standardError, count)
  return halfWidth === null ? '' : ` ± ${numberText(measure, halfWidth)}`
}

function unitOf({ unit }: NumberUnit): string {
  return unit === 'share' ? ' %' : ''
}
