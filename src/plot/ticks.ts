/** Round numbers are these times a power of ten. */
const FACTORS = [1, 2, 5] as const

/** Which steps the ticks of an axis may have, where round ones are not all. */
export interface TickSteps {
  /** Times a power of ten, rising from 1. */
  readonly factors?: readonly number[]
  /** The smallest. */
  readonly least?: number
}

/**
 * Round numbers for an axis: multiples of 1, 2 or 5 times a power of ten between its ends.
 * @param most how many there may be, at least 2
 */
export function ticksWithin(
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

/** The first round step that will do, of those from the power of ten below a number on. */
export function roundStep(
  number: number,
  willDo: (step: number) => boolean,
  factors: readonly number[] = FACTORS,
): number {
  for (let exponent = Math.floor(Math.log10(number) + SLACK); ; exponent++) {
    const factor = factors.find((one) => willDo(one * 10 ** exponent))
    if (factor !== undefined) return factor * 10 ** exponent
  }
}

/** Decimals that the multiples of a round step have. */
export function stepDecimals(step: number): number {
  return Math.max(0, -Math.floor(Math.log10(step) + SLACK))
}

/** An axis's ends count in spite of rounding. */
const SLACK = 1e-9

function firstWithin(from: number, step: number): number {
  return Math.ceil(from / step - SLACK)
}

function countWithin(from: number, to: number, step: number): number {
  return Math.floor(to / step + SLACK) - firstWithin(from, step) + 1
}
