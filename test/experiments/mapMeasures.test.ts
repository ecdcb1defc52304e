import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anchorPositions, positionGrid } from '../../src/engine/positions.js'
import {
  consistency,
  coverage,
  directionBias,
  jaggedness,
  lowestPercentile,
} from '../../src/experiments/mapMeasures.js'

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

describe('consistency', () => {
  it('is the share of neighbours along each axis with the same largest feature', () => {
    expect(consistency(Int32Array.of(0, 0, 1, 0, 2, 1), { rows: 2, cols: 3 })).toEqual({
      horizontal: 1 / 4,
      vertical: 2 / 3,
    })
  })

  it('is null along an axis of one position', () => {
    expect(consistency(Int32Array.of(0, 0), { rows: 1, cols: 2 })).toEqual({ horizontal: 1, vertical: null })
    expect(consistency(Int32Array.of(0, 1), { rows: 2, cols: 1 })).toEqual({ horizontal: null, vertical: 0 })
  })

  it('agrees with a count by pairs', () => {
    const sides = fc.integer({ min: 2, max: 6 })
    const grids = fc.tuple(sides, sides).chain(([rows, cols]) => {
      const winners = fc.array(fc.nat(2), { minLength: rows * cols, maxLength: rows * cols })
      return winners.map((values) => ({ rows, cols, winners: values }))
    })
    fc.assert(
      fc.property(grids, ({ rows, cols, winners }) => {
        const share = (step: number, isPair: (row: number, col: number) => boolean) => {
          const pairs = winners
            .map((winner, i) => [winner, winners[i + step]])
            .filter((_, i) => isPair(Math.floor(i / cols), i % cols))
          return pairs.filter(([one, other]) => one === other).length / pairs.length
        }
        const found = consistency(Int32Array.from(winners), { rows, cols })
        expect(found.horizontal).toBeCloseTo(
          share(1, (_, col) => col + 1 < cols),
          12,
        )
        expect(found.vertical).toBeCloseTo(
          share(cols, (row) => row + 1 < rows),
          12,
        )
      }),
    )
  })
})

/** A map whose similarity falls by so much per pixel along each axis, with the object away from the anchor. */
function cone(frame: number, size: number, stride: number, name: string, perCol: number, perRow: number) {
  const { rows, cols, anchors } = positionGrid(frame, size, stride)
  const anchor = anchors.find((one) => one.name === name)
  if (anchor === undefined) throw new Error('no such anchor')
  const map = Float64Array.from({ length: rows * cols }, (_, i) => {
    const across = Math.abs((i % cols) * stride - anchor.col)
    const down = Math.abs(Math.floor(i / cols) * stride - anchor.row)
    return 1 - perCol * across - perRow * down
  })
  return { bias: directionBias(map, { rows, cols }, stride, anchor), rows, anchor }
}

const ANCHORS = anchorPositions(1).map(({ name }) => name)

describe('direction bias', () => {
  it('is the mean over distances of horizontal less vertical similarity', () => {
    // 1 3 5   anchor at the middle: beside 4 and 8 (mean 6), above and below 3 and 1 (mean 2).
    expect(directionBias([1, 3, 5, 4, 9, 8, 7, 1, 2], { rows: 3, cols: 3 }, 1, { row: 1, col: 1 })).toBe(4)
    // At the corner: distance 1: 3 - 4, distance 2: 5 - 7.
    expect(directionBias([1, 3, 5, 4, 9, 8, 7, 1, 2], { rows: 3, cols: 3 }, 1, { row: 0, col: 0 })).toBe(-1.5)
  })

  it('at every anchor is the difference of slopes times the mean distance', () => {
    for (const name of ANCHORS) {
      const { bias, rows } = cone(224, 125, 1, name, 0.001, 0.003)
      // Distances 1 to 99 from a corner, 1 to 50 from the center.
      const mean = name === 'center' ? 25.5 : 50
      expect(bias).toBeCloseTo(0.002 * mean, 9)
      expect(rows).toBe(100)
    }
  })

  it('of a map that treats both axes alike is zero, whatever the stride; unequal distances are never compared', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 100 }), fc.integer({ min: 1, max: 20 }), (extent, stride) => {
        for (const name of ANCHORS) {
          const { bias } = cone(224, 224 - extent + 1, stride, name, 0.001, 0.001)
          if (bias !== undefined) expect(bias).toBeCloseTo(0, 12)
        }
      }),
    )
  })

  it('between the positions of a coarse stride is measured where both lines miss the anchor by the same', () => {
    // 150 places at stride 3: 0, 3, … 147; the center's 74 and the last 149 are left out.
    const measured = ANCHORS.filter((name) => cone(224, 75, 3, name, 0.001, 0.003).bias !== undefined)
    expect(measured).toEqual(['top-left', 'center', 'bottom-right'])
    for (const name of measured) expect(cone(224, 75, 3, name, 0.001, 0.003).bias).toBeGreaterThan(0.04)
  })

  it('changes its sign when the map is transposed', () => {
    const map = Float32Array.from({ length: 81 }, (_, i) => Math.sin(i * i))
    const turned = map.map((_, i) => map[(i % 9) * 9 + Math.floor(i / 9)] as number)
    for (const { row, col } of anchorPositions(9)) {
      const there = directionBias(map, { rows: 9, cols: 9 }, 1, { row, col }) as number
      expect(directionBias(turned, { rows: 9, cols: 9 }, 1, { row: col, col: row })).toBeCloseTo(-there, 12)
    }
  })

  it('does not exist in a single row or column', () => {
    expect(directionBias([1, 2, 3], { rows: 1, cols: 3 }, 1, { row: 0, col: 0 })).toBeUndefined()
    expect(directionBias([1], { rows: 1, cols: 1 }, 1, { row: 0, col: 0 })).toBeUndefined()
  })
})
