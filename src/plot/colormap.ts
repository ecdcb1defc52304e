/** The values at the two ends of a colour scale. */
export interface ColourLimits {
  /** Pixels with this value or a lower one are black. */
  readonly low: number
  /** Pixels with this value or a higher one are white. Larger than `low`. */
  readonly high: number
}

export const PAPER_LIMITS: ColourLimits = { low: 0.88, high: 1 }

/** Converts a fraction to red, green and blue, 0 to 255 each. Fractions outside 0 to 1 are clamped. */
export type ColourMap = (fraction: number) => readonly [number, number, number]

/**
 * matplotlib's "hot" colour map, from black over red and yellow to white. As in matplotlib's _hot_data, red rises up to
 * the fraction 0.365079, then green up to 0.746032, then blue up to 1.
 */
export function hot(fraction: number): readonly [number, number, number] {
  // matplotlib looks colours up in a table of 256 entries, so the fraction is rounded down to one of them.
  const entry = Math.min(255, Math.max(0, Math.floor(fraction * 256))) / 255
  const ramp = (value: number, from: number, to: number) => Math.min(1, Math.max(0, (value - from) / (to - from)))
  const red = 0.0416 + (1 - 0.0416) * ramp(entry, 0, 0.365079)
  return [toByte(red), toByte(ramp(entry, 0.365079, 0.746032)), toByte(ramp(entry, 0.746032, 1))]
}

/** Rounds down because matplotlib does. */
function toByte(value: number): number {
  return Math.floor(value * 255)
}

/** Colours of differences, scaled to 0–1: blue at 0 (map A is higher), white at 0.5, orange at 1 (map B is higher). */
export const DIFFERENCE_COLOURS: ColourMap = between('0b3d75 2f7fbe a9cfe8 f4f4f2 f6c9a8 d9722f 8a3505')

/**
 * Makes a colour map that interpolates linearly between equally spaced colours.
 * @param colours hexadecimal colours such as `0b3d75`, separated by spaces
 */
function between(colours: string): ColourMap {
  const stops = colours.split(' ').map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)))
  return (fraction) => {
    const place = Math.min(1, Math.max(0, fraction)) * (stops.length - 1)
    const start = Math.min(stops.length - 2, Math.floor(place))
    const [from, to] = [stops[start] ?? [], stops[start + 1] ?? []]
    const channel = (i: number) => Math.round((from[i] ?? 0) + ((to[i] ?? 0) - (from[i] ?? 0)) * (place - start))
    return [channel(0), channel(1), channel(2)]
  }
}
