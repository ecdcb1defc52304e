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

/** Red, green, blue, 0 to 255, of a fraction from 0 to 1; fractions outside are clamped. */
export type ColourMap = (fraction: number) => readonly [number, number, number]

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

/** Rounds down because matplotlib does. */
function toByte(value: number): number {
  return Math.floor(value * 255)
}

/**
 * Every 15th colour of matplotlib's viridis and cividis (CC0; Nathaniel Smith, Stéfan van der Walt, Eric Firing; Jamie
 * Nuñez, Christopher Anderton, Ryan Renslow).
 */
const VIRIDIS =
  '440154 471669 472a79 433c84 3c4d8a 355d8c 2e6c8e 287a8e 23898d 1e978a 20a585 2eb27c 45bf6f 64cb5d 88d547 afdc2e d7e219 fde724'
const CIVIDIS =
  '00224d 002c67 16366f 2e416c 3f4b6b 4e566c 5b606e 686b71 757575 838078 918c77 a09775 afa370 beb06a cebc62 dfca56 efd846 fde737'

/** The colour maps that the viewer offers, by the names that links carry; the paper's comes first. */
export const COLOUR_MAPS: Readonly<Record<string, ColourMap>> = {
  hot,
  viridis: between(VIRIDIS),
  cividis: between(CIVIDIS),
  grey: between('000000 ffffff'),
}

/**
 * Colours of differences from −1 to 1, which are given as fractions from 0 to 1. They run from the first panel's blue
 * over a light colour at zero to the second panel's orange.
 */
export const DIFFERENCE_COLOURS: ColourMap = between('0b3d75 2f7fbe a9cfe8 f4f4f2 f6c9a8 d9722f 8a3505')

/** Linear between colours at equal distances. */
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
