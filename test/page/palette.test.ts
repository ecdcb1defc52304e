import { describe, expect, it } from 'vitest'
import { type Colour, OTHER_COLOURS, REST_COLOUR, RIGHT_COLOURS } from '../../src/page/browser/regions.js'

/** Deuteranopia in linear RGB, by two simulations: Machado et al. 2009 (severity 1) and Viénot et al. 1999. */
const SIMULATIONS = {
  'Machado 2009': [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  'Viénot 1999': [
    [0.29275, 0.70725, 0],
    [0.29275, 0.70725, 0],
    [-0.02234, 0.02234, 1],
  ],
} as const
/** From linear RGB to XYZ, relative to the white D65. */
const XYZ = [
  [0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339 / 1.08883, 0.119192 / 1.08883, 0.9503041 / 1.08883],
] as const

type Triple = readonly [number, number, number]

function times(matrix: readonly Triple[], [x, y, z]: Triple): Triple {
  const [first, second, third] = matrix.map(([a, b, c]) => Math.min(1, Math.max(0, a * x + b * y + c * z)))
  return [first as number, second as number, third as number]
}

function linear(colour: Colour): Triple {
  const [r, g, b] = colour.map((value) =>
    value / 255 <= 0.04045 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4,
  )
  return [r as number, g as number, b as number]
}

/** CIELAB: L*, a*, b*. */
function lab(rgb: Triple): Triple {
  const root = (value: number) => (value > 216 / 24389 ? Math.cbrt(value) : ((24389 / 27) * value + 16) / 116)
  const [x, y, z] = times(XYZ, rgb)
  return [116 * root(y) - 16, 500 * (root(x) - root(y)), 200 * (root(y) - root(z))]
}

/** The colour difference ΔE of 1976. */
function difference(a: Triple, b: Triple): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
}

const ALL = [...RIGHT_COLOURS, ...OTHER_COLOURS, REST_COLOUR]

describe('the colours of classes', () => {
  it.each(Object.entries(SIMULATIONS))('differ for deuteranopes by a ΔE of at least 20 (%s)', (_, matrix) => {
    const seen = ALL.map((colour) => lab(times(matrix, linear(colour))))
    const close = seen.flatMap((a, i) =>
      seen.slice(i + 1).flatMap((b, k) => (difference(a, b) < 20 ? [[ALL[i], ALL[i + 1 + k], difference(a, b)]] : [])),
    )
    expect(close).toEqual([])
  })

  it('of right answers are darker in greyscale than that of rare classes, by an L* of at least 15', () => {
    const lightness = (colour: Colour) => lab(linear(colour))[0]
    for (const right of RIGHT_COLOURS) expect(lightness(REST_COLOUR) - lightness(right)).toBeGreaterThanOrEqual(15)
  })
})
