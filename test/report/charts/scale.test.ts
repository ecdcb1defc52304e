import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linearScale, logScale, octaveScale } from '../../../src/report/charts/scale.js'

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
