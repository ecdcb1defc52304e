import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COLOUR_MAPS, type ColourMap } from '../../src/page/browser/colours.js'
import { hot } from '../../src/plot/colormap.js'

const golden = JSON.parse(readFileSync(new URL('../golden/viewer_colours.json', import.meta.url), 'utf8')) as {
  viridis: number[][]
  cividis: number[][]
}

/** Relative luminance, WCAG 2.1. */
function luminance(colour: readonly number[]): number {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * (red as number) + 0.7152 * (green as number) + 0.0722 * (blue as number)
}

describe('colour maps of the viewer', () => {
  it("begin with the paper's", () => {
    expect(Object.entries(COLOUR_MAPS)[0]).toEqual(['hot', hot])
  })

  it.each(['viridis', 'cividis'] as const)('have %s as matplotlib has it, but for a few levels', (name) => {
    const colours = golden[name].map((_, i) => (COLOUR_MAPS[name] as ColourMap)(i / 255))
    const differences = colours.flatMap((colour, i) =>
      colour.map((value, j) => Math.abs(value - (golden[name][i]?.[j] ?? 0))),
    )
    expect(Math.max(...differences)).toBeLessThanOrEqual(12)
    expect(differences.reduce((sum, one) => sum + one) / differences.length).toBeLessThan(1)
  })

  it.each(Object.keys(COLOUR_MAPS))('%s grows lighter as the value rises, and clamps what lies outside', (name) => {
    const colourOf = COLOUR_MAPS[name] as ColourMap
    const fractions = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(fractions, fractions, (a, b) => {
        const [low, high] = [luminance(colourOf(Math.min(a, b))), luminance(colourOf(Math.max(a, b)))]
        // A level of a channel more or less is rounding.
        expect(high).toBeGreaterThanOrEqual(low - 0.004)
      }),
    )
    expect(colourOf(-3)).toEqual(colourOf(0))
    expect(colourOf(Number.POSITIVE_INFINITY)).toEqual(colourOf(1))
  })
})
