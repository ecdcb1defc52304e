import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coverage, jaggedness, lowestPercentile } from '../../src/experiments/mapMeasures.js'

describe('jaggedness', () => {
  it('is the mean step between neighbours along each axis', () => {
    expect(jaggedness([0, 1, 3, 10, 10, 10], { rows: 2, cols: 3 })).toEqual({
      vertical: (10 + 9 + 7) / 3,
      horizontal: (1 + 2 + 0 + 0) / 4,
    })
  })

  it('is zero where there are no neighbours', () => {
    expect(jaggedness([0.5], { rows: 1, cols: 1 })).toEqual({ vertical: 0, horizontal: 0 })
  })

  it('swaps its axes when the map is transposed', () => {
    const map = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i * i))
    const transposed = Float32Array.from({ length: 12 }, (_, i) => map[(i % 3) * 4 + Math.floor(i / 3)] as number)
    const { vertical, horizontal } = jaggedness(map, { rows: 3, cols: 4 })
    const other = jaggedness(transposed, { rows: 4, cols: 3 })
    expect(other.vertical).toBeCloseTo(horizontal, 12)
    expect(other.horizontal).toBeCloseTo(vertical, 12)
  })
})

describe('coverage', () => {
  it('is the share of positions that reach each threshold', () => {
    expect(coverage([0.8, 0.9, 0.95, 1], [0.9])).toEqual([0.75])
    expect(coverage([0.8], [0.9, 0.95])).toEqual([0, 0])
    expect(coverage([-1, 0.8, 0.9, 0.9, 1], [0, 0.85, 0.9, 1])).toEqual([0.8, 0.6, 0.6, 0.2])
  })

  it('agrees with a count for each threshold', () => {
    const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(values, values, (map, unsorted) => {
        const thresholds = [...unsorted].sort((a, b) => a - b)
        expect(coverage(map, thresholds)).toEqual(
          thresholds.map((threshold) => map.filter((value) => value >= threshold).length / map.length),
        )
      }),
    )
  })
})

describe('lowest percentile', () => {
  it('is the value of the nearest rank of the sorted map, whatever its order and ties', () => {
    const values = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 100 }), (map, percent) => {
        const sorted = Float32Array.from(map).sort()
        const rank = Math.max(1, Math.ceil((percent / 100) * map.length))
        expect(lowestPercentile(map, percent)).toBe(sorted[rank - 1])
      }),
    )
    expect(
      lowestPercentile(
        Float32Array.from({ length: 100 }, (_, i) => (37 * i) % 100),
        5,
      ),
    ).toBe(4)
  })
})
