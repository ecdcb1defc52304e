import { decimalText, signedText } from '../../numberText.js'
import { MAP_DECIMALS } from '../mapCoding.js'

/** A cosine with all decimals that the maps keep. */
export function cosineText(value: number): string {
  return decimalText(value, MAP_DECIMALS)
}

/** A difference of cosines, with its sign. */
export function differenceText(value: number): string {
  return signedText(value, MAP_DECIMALS)
}

/**
 * Round numbers for an axis: multiples of 1, 2 or 5 times a power of ten.
 * @param most how many there may be, at least 2
 */
export function ticks(from: number, to: number, most: number): readonly number[] {
  if (!(to > from)) return [from]
  const power = 10 ** Math.floor(Math.log10((to - from) / most))
  const spans = [1, 2, 5, 10, 20, 50].map((factor) => tickSpan(from, to, factor * power))
  const { first, count, step } = spans.find((span) => span.count <= most) as (typeof spans)[number]
  const decimals = tickDecimals(step)
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toFixed(decimals)))
}

/** The multiples of a step that lie on an axis; its ends count in spite of rounding. */
function tickSpan(from: number, to: number, step: number): { first: number; count: number; step: number } {
  const first = Math.ceil(from / step - 1e-9)
  return { first, count: Math.floor(to / step + 1e-9) - first + 1, step }
}

function tickDecimals(step: number): number {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
}

/** The same number of decimals on every tick of an axis. */
export function tickTexts(values: readonly number[]): readonly string[] {
  const decimals = Math.max(...values.map((value) => (String(value).split('.')[1] ?? '').length))
  return values.map((value) => decimalText(value, decimals))
}

/** A share as a percentage that never claims none or all where it is not so. */
export function percentText(part: number, whole: number): string {
  if (part === 0 || part === whole) return part === 0 ? '0 %' : '100 %'
  const percent = (100 * part) / whole
  if (percent < 0.1) return '< 0.1 %'
  if (percent > 99.9) return '> 99.9 %'
  return `${percent.toFixed(percent < 10 || percent > 90 ? 1 : 0)} %`
}
