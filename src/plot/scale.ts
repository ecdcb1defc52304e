import { decimalText, withMinus } from './numberText.js'

export interface Scale {
  /**
   * Converts a value to a fraction of the axis: 0 at the low end, 1 at the high end. Values beyond an end get 0 or 1,
   * except in a `positionScale`.
   */
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
  readonly format: (value: number) => string
}

/** A round number is one of these factors times a power of ten. */
const FACTORS = [1, 2, 5] as const

/** Tolerance, so that rounding errors do not drop a tick at an end of the axis. */
const SLACK = 1e-9

/**
 * Restricts the distance between neighbouring ticks. By default, it can be any round number (1, 2 or 5 times a power of
 * ten).
 */
interface TickSteps {
  /**
   * An ascending list that starts with 1, such as [1, 2.5, 5]. Allowed distances are its numbers times a power of ten.
   */
  readonly factors?: readonly number[]
  /** Smallest allowed distance between ticks. */
  readonly least?: number
}

const TICKS = 6

/**
 * A linear axis that begins and ends at round ticks and contains all values.
 * @param ends further values that the axis must include, such as 0 or 1
 */
export function linearScale(values: readonly number[], ends: readonly number[] = []): Scale {
  const finite = [...values, ...ends].filter(Number.isFinite)
  const [least, most] = finite.length === 0 ? [0, 1] : [min(finite), max(finite)]
  const largest = Math.max(Math.abs(least), Math.abs(most))
  const extent = largest < 1e-12 ? 1 : largest
  // Values that differ only by rounding errors count as one value. The axis then has the length `extent`.
  const span = most - least > 1e-9 * extent ? most - least : extent
  const step = roundStep(span / TICKS, (one) => one >= (span / TICKS) * (1 - 1e-9))
  const first = Math.floor(least / step + 1e-9)
  const last = Math.max(first + 1, Math.ceil(most / step - 1e-9))
  const digits = stepDecimals(step)
  return {
    at: (value) => clamp((value / step - first) / (last - first)),
    ticks: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step),
    format: (value) => decimalText(value, digits),
  }
}

/** A linear axis from `low` to `high`, which need not be ticks. */
export function rangeScale(low: number, high: number, most: number): Scale {
  const ticks = ticksWithin(low, high, most)
  const digits = Math.max(...ticks.map((tick) => (String(tick).split('.')[1] ?? '').length))
  return {
    at: (value) => (high === low ? 0.5 : clamp((value - low) / (high - low))),
    ticks,
    format: (value) => decimalText(value, digits),
  }
}

/**
 * An axis along the rows or columns of a map, in pixels of the network's input image. It is divided into equal parts,
 * one for each position. Position i stands for pixel first + i · stride, which is in the middle of its part.
 */
export function positionScale(
  positions: number,
  { stride, first = 0 }: { readonly stride: number; readonly first?: number },
  most: number,
  steps?: TickSteps,
): Scale {
  return {
    at: (pixel) => ((pixel - first) / stride + 0.5) / positions,
    ticks: ticksWithin(first, first + (positions - 1) * stride, most, steps),
    format: (pixel) => decimalText(pixel, 0),
  }
}

/** A logarithmic axis that contains all values above zero. It begins and ends at powers of ten. */
export function logScale(values: readonly number[]): Scale {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10)
  const low = logs.length === 0 ? 0 : Math.floor(min(logs) + 1e-9)
  const high = logs.length === 0 ? 1 : Math.max(low + 1, Math.ceil(max(logs) - 1e-9))
  return {
    at: (value) => (value > 0 ? clamp((Math.log10(value) - low) / (high - low)) : 0),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
    format: (value) => `10${superscript(Math.round(Math.log10(value)))}`,
  }
}

/**
 * Ticks between `from` and `to`, at multiples of a round number.
 * @param most largest number of ticks, at least 2
 */
function ticksWithin(
  from: number,
  to: number,
  most: number,
  { factors, least = 0 }: TickSteps = {},
): readonly number[] {
  if (!(to > from)) return [from]
  const step = roundStep(Math.max(least, (to - from) / most), (one) => countWithin(from, to, one) <= most, factors)
  const decimals = stepDecimals(step)
  const first = firstWithin(from, step)
  return Array.from({ length: countWithin(from, to, step) }, (_, i) => Number(((first + i) * step).toFixed(decimals)))
}

/** Finds the smallest round number that `willDo` accepts. The search starts at the power of ten below `number`. */
function roundStep(number: number, willDo: (step: number) => boolean, factors: readonly number[] = FACTORS): number {
  for (let exponent = Math.floor(Math.log10(number) + SLACK); ; exponent++) {
    const factor = factors.find((one) => willDo(one * 10 ** exponent))
    if (factor !== undefined) return factor * 10 ** exponent
  }
}

function stepDecimals(step: number): number {
  return Math.max(0, -Math.floor(Math.log10(step) + SLACK))
}

function firstWithin(from: number, step: number): number {
  return Math.ceil(from / step - SLACK)
}

function countWithin(from: number, to: number, step: number): number {
  return Math.floor(to / step + SLACK) - firstWithin(from, step) + 1
}

function superscript(exponent: number): string {
  return [...withMinus(String(exponent))].map((sign) => (sign === '−' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)])).join('')
}

const min = (values: readonly number[]) => values.reduce((least, value) => Math.min(least, value))
const max = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, value))
const clamp = (fraction: number) => Math.min(1, Math.max(0, fraction))
