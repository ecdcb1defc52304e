import { decimalText, signedText } from '../../plot/numberText.js'
import type { ConsistencyMeasure, MeasureMean } from '../result.js'
import { isWithinErrors, type PairedDifference } from './differences.js'

type Unit = Pick<ConsistencyMeasure, 'unit'>

export function measureText(measure: Unit, value: number | null): string {
  return value === null ? '–' : `${numberText(measure, value)}${unitOf(measure)}`
}

/** Mean ± standard error, such as `91.2 ± 0.8 %`. The mean is that of the measure, unless another one is given. */
export function meanText(measure: ConsistencyMeasure, { mean, standardError }: MeasureMean = measure): string {
  return mean === null ? '–' : `${numberText(measure, mean)}${errorText(measure, standardError)}${unitOf(measure)}`
}

/** Size of a difference without its sign. Differences of percentages are percentage points. */
export function distanceText(measure: Unit, { mean, standardError }: PairedDifference): string {
  const points = measure.unit === 'share' ? ' points' : ''
  return `${numberText(measure, Math.abs(mean))}${errorText(measure, standardError)}${points}`
}

/** A difference with its sign, and with `≈` in front if it is within two standard errors. */
export function pairedText(measure: Unit, difference: PairedDifference): string {
  const { mean, standardError } = difference
  const sign = isWithinErrors(difference) ? '≈ ' : ''
  return `${sign}${numberText(measure, mean, signedText)}${errorText(measure, standardError)}`
}

/** A measure's title, and whether high or low values are better. */
export function titleText({ title, better }: Pick<ConsistencyMeasure, 'title' | 'better'>): string {
  return better === 'neither' ? title : `${title}, ${better} is better`
}

function numberText({ unit }: Unit, value: number, text = decimalText): string {
  return unit === 'share' ? text(100 * value, 1) : text(value, unit === 'error' ? 5 : 4)
}

function errorText(measure: Unit, standardError: number | null): string {
  return standardError === null ? '' : ` ± ${numberText(measure, standardError)}`
}

function unitOf({ unit }: Unit): string {
  return unit === 'share' ? ' %' : ''
}
