import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cosineText,
  differenceText,
  percentText,
  ticks,
  tickTexts,
} from '../../../src/report/viewer/browser/numbers.js'

describe('numbers of the viewer', () => {
  it('have the maps’ five decimals, and a minus that is one', () => {
    expect(cosineText(0.9321549)).toBe('0.93215')
    expect(cosineText(-0.25)).toBe('−0.25000')
    expect(cosineText(-0.000001)).toBe('0.00000')
    expect(differenceText(0.00185)).toBe('+0.00185')
    expect(differenceText(-0.00185)).toBe('−0.00185')
    expect(differenceText(-0.000001)).toBe('+0.00000')
  })

  it('put round numbers on an axis, inside it and no more than asked for', () => {
    expect(ticks(0.88, 1, 8)).toEqual([0.88, 0.9, 0.92, 0.94, 0.96, 0.98, 1])
    expect(ticks(0, 149, 9)).toEqual([0, 20, 40, 60, 80, 100, 120, 140])
    expect(ticks(5, 5, 4)).toEqual([5])
    const ends = fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 1e-4, max: 300, noNaN: true }))
    fc.assert(
      fc.property(ends, fc.integer({ min: 2, max: 20 }), ([from, length], most) => {
        const values = ticks(from, from + length, most)
        expect(values.length).toBeGreaterThan(0)
        expect(values.length).toBeLessThanOrEqual(most)
        const slack = length * 1e-6
        values.forEach((value, i) => {
          expect(value).toBeGreaterThanOrEqual(from - slack)
          expect(value).toBeLessThanOrEqual(from + length + slack)
          if (i > 0) expect(value).toBeGreaterThan(values[i - 1] as number)
        })
        expect(new Set(tickTexts(values)).size).toBe(values.length)
      }),
    )
  })

  it('never call some none or all', () => {
    expect(percentText(0, 1000)).toBe('0 %')
    expect(percentText(1, 100000)).toBe('< 0.1 %')
    expect(percentText(31, 1000)).toBe('3.1 %')
    expect(percentText(500, 1000)).toBe('50 %')
    expect(percentText(99999, 100000)).toBe('> 99.9 %')
    expect(percentText(7, 7)).toBe('100 %')
  })
})
