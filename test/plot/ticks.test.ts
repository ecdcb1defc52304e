import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ticksWithin } from '../../src/plot/ticks.js'

describe('ticks within an axis', () => {
  it('are round, rising, inside it and no more than asked for', () => {
    expect(ticksWithin(0.88, 1, 8)).toEqual([0.88, 0.9, 0.92, 0.94, 0.96, 0.98, 1])
    expect(ticksWithin(0, 149, 9)).toEqual([0, 20, 40, 60, 80, 100, 120, 140])
    expect(ticksWithin(5, 5, 4)).toEqual([5])
    const ends = fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 1e-4, max: 300, noNaN: true }))
    fc.assert(
      fc.property(ends, fc.integer({ min: 2, max: 20 }), ([from, length], most) => {
        const values = ticksWithin(from, from + length, most)
        expect(values.length).toBeGreaterThan(0)
        expect(values.length).toBeLessThanOrEqual(most)
        const slack = length * 1e-6
        values.forEach((value, i) => {
          expect(value).toBeGreaterThanOrEqual(from - slack)
          expect(value).toBeLessThanOrEqual(from + length + slack)
          if (i > 0) expect(value).toBeGreaterThan(values[i - 1] as number)
        })
      }),
    )
  })

  it('may have other steps, and none below a least one', () => {
    const steps = { factors: [1, 2.5, 5], least: 10 }
    expect(ticksWithin(0, 99, 5, steps)).toEqual([0, 25, 50, 75])
    expect(ticksWithin(0, 149, 5, steps)).toEqual([0, 50, 100])
    expect(ticksWithin(0, 12, 5, steps)).toEqual([0, 10])
    expect(ticksWithin(0, 0, 5, steps)).toEqual([0])
  })
})
