import { UsageError } from '../errors.js'

/** Ends of a colour scale. */
export interface ColourLimits {
  /** Value at and below which a pixel is black. */
  readonly low: number
  /** Value at and above which a pixel is white; larger than `low`. */
  readonly high: number
}

/** The paper's limits of the colour scale: 0.88 is black, 1 is white. */
export const PAPER_LIMITS: ColourLimits = { low: 0.88, high: 1 }

/** @throws UsageError for ends of a colour scale that do not rise */
export function checkLimits({ low, high }: ColourLimits): void {
  if (!(low < high) || !Number.isFinite(high - low))
    throw new UsageError(`limits ${low},${high} are not two rising numbers; use \`limits 0.88,1\``)
}

/**
 * matplotlib's "hot" colour map: black over red and yellow to white, piecewise linear.
 * Segment points: matplotlib's _hot_data (red from 0.0416 at 0, full at 0.365079; green from there to 0.746032; blue
 * from there to 1).
 * @param fraction 0 to 1; values outside are clamped
 * @returns red, green, blue, 0 to 255
 */
export function hot(fraction: number): readonly [number, number, number] {
  // matplotlib looks colours up in a table of 256 entries.
  const entry = Math.min(255, Math.max(0, Math.floor(fraction * 256))) / 255
  const ramp = (value: number, from: number, to: number) => Math.min(1, Math.max(0, (value - from) / (to - from)))
  const red = 0.0416 + (1 - 0.0416) * ramp(entry, 0, 0.365079)
  return [toByte(red), toByte(ramp(entry, 0.365079, 0.746032)), toByte(ramp(entry, 0.746032, 1))]
}

/** matplotlib cuts the fraction off. */
function toByte(value: number): number {
  return Math.floor(value * 255)
}
