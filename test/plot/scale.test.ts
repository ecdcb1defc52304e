import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linearScale, logScale, octaveScale, positionScale, rangeScale } from '../../src/plot/scale.js'

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 })

describe('linear scale', () => {
  it('has round, rising ticks around all values, and places them in order', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const { at, ticks } = linearScale(values, [0])
        const [first = 0, last = 0] = [ticks[0], ticks.at(-1)]
        const slack = (last - first) * 1e-6
        expect(first - slack).toBeLessThanOrEqual(Math.min(0, ...values))
        expect(last + slack).toBeGreaterThanOrEqual(Math.max(0, ...values))
        expect(ticks.length).toBeLessThanOrEqual(9)
        const places = [...values].sort((a, b) => a - b).map(at)
        expect(places).toEqual([...places].sort((a, b) => a - b))
        for (const [i, tick] of ticks.entries()) expect(at(tick)).toBeCloseTo(i / (ticks.length - 1), 6)
      }),
    )
  })

  it('writes ticks with the digits they need and a true minus', () => {
    const { ticks, format } = linearScale([-0.05, 0.05])
    expect(ticks.map(format)).toEqual(['−0.06', '−0.04', '−0.02', '0.00', '0.02', '0.04', '0.06'])
    expect(linearScale([0, 1]).ticks.map(linearScale([0, 1]).format)).toEqual([
      '0.0',
      '0.2',
      '0.4',
      '0.6',
      '0.8',
      '1.0',
    ])
  })

  it('of one value or none still has two ends', () => {
    for (const values of [[0.9], [0], [], [Number.NaN]]) expect(linearScale(values).ticks.length).toBeGreaterThan(1)
  })
})

describe('logarithmic scale', () => {
  it('has whole decades around the values above zero', () => {
    const { at, ticks, format } = logScale([3e-6, 0.02, 0])
    expect(ticks.map((tick) => tick.toPrecision(3))).toEqual([
      '0.00000100',
      '0.0000100',
      '0.000100',
      '0.00100',
      '0.0100',
      '0.100',
    ])
    expect(ticks.map(format)).toEqual(['10⁻⁶', '10⁻⁵', '10⁻⁴', '10⁻³', '10⁻²', '10⁻¹'])
    expect(at(1e-3)).toBeCloseTo(0.6, 9)
    expect(at(0)).toBe(0)
    expect(logScale([]).ticks).toHaveLength(2)
  })
})

describe('octave scale', () => {
  it('sets doubled values equally far apart', () => {
    const { at } = octaveScale([2, 4, 8])
    expect([2, 4, 8].map(at)).toEqual([0, 0.5, 1])
    expect(octaveScale([8]).at(8)).toBe(0.5)
  })
})

describe('scale between two ends', () => {
  it('places what lies between, and writes every tick with the same decimals', () => {
    const { at, ticks, format } = rangeScale(0.88, 1, 8)
    expect(at(0.94)).toBeCloseTo(0.5, 9)
    expect([at(0.5), at(2)]).toEqual([0, 1])
    expect(ticks.map(format)).toEqual(['0.88', '0.90', '0.92', '0.94', '0.96', '0.98', '1.00'])
    const ends = fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 1e-4, max: 300, noNaN: true }))
    fc.assert(
      fc.property(ends, fc.integer({ min: 2, max: 20 }), ([low, length], most) => {
        const scale = rangeScale(low, low + length, most)
        expect(new Set(scale.ticks.map(scale.format)).size).toBe(scale.ticks.length)
      }),
    )
  })
})

describe('scale of positions', () => {
  it('has each position in the middle of its part, and ticks in pixels of the frame', () => {
    const { at, ticks, format } = positionScale(4, 25, 5)
    expect([0, 25, 50, 75].map(at)).toEqual([0.125, 0.375, 0.625, 0.875])
    expect(ticks.map(format)).toEqual(['0', '20', '40', '60'])
    expect(positionScale(1, 12, 5).ticks).toEqual([0])
  })
})
