import { describe, expect, it } from 'vitest'
import { coverage, jaggedness } from '../../src/experiments/mapMeasures.js'

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
  it('is the share of positions that reach the threshold', () => {
    expect(coverage([0.8, 0.9, 0.95, 1], 0.9)).toBe(0.75)
    expect(coverage([0.8], 0.9)).toBe(0)
  })
})
