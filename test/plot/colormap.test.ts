import { describe, expect, it } from 'vitest'
import { DIFFERENCE_COLOURS, hot } from '../../src/plot/colormap.js'
import golden from '../golden/colormap.json' with { type: 'json' }

it(`the colour map hot has the 256 colours of matplotlib ${golden.matplotlib}, and gives values those of imshow`, () => {
  expect(golden.entries.map((_, entry) => [...hot((entry + 0.5) / 256)])).toEqual(golden.entries)
  const colours = golden.samples.map(([value]) => [...hot(((value as number) - 0.88) / (1 - 0.88))])
  expect(colours).toEqual(golden.samples.map(([, colour]) => colour))
})

describe('colour maps', () => {
  it('grow lighter as the value rises, and clamp what lies outside', () => {
    const lightness = Array.from({ length: 101 }, (_, i) => luminance(hot(i / 100)))
    // A level of a channel more or less is rounding.
    for (const [i, value] of lightness.slice(1).entries())
      expect(value).toBeGreaterThanOrEqual((lightness[i] ?? 1) - 0.004)
    for (const low of [-0.1, Number.NEGATIVE_INFINITY]) expect(hot(low)).toEqual(hot(0))
    for (const high of [7, Number.POSITIVE_INFINITY]) expect(hot(high)).toEqual(hot(1))
  })

  it('of differences go from blue to orange', () => {
    expect([0, 0.5, 0.75, 1].map(DIFFERENCE_COLOURS)).toEqual([
      [11, 61, 117],
      [244, 244, 242],
      [232, 158, 108],
      [138, 53, 5],
    ])
  })
})

/** Relative luminance, WCAG 2.1. */
function luminance(colour: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = colour.map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
