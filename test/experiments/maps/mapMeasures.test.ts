import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES, positionGrid } from '../../../src/engine/scene/positions.js'
import {
  coverage,
  directionBias,
  jaggedness,
  lowestPercentile,
  mapConsistency,
} from '../../../src/experiments/maps/mapMeasures.js'

describe('jaggedness', () => {
  it('is the mean step between neighbours along each axis', () => {
    expect(jaggedness([0, 1, 3, 10, 10, 10], { rows: 2, cols: 3 })).toEqual({
      vertical: (10 + 9 + 7) / 3,
      horizontal: (1 + 2 + 0 + 0) / 4,
    })
    expect(jaggedness([0, 1, 3, 10, 10, 10], { rows: 3, cols: 2 })).toEqual({
      vertical: (3 + 9 + 7 + 0) / 4,
      horizontal: (1 + 7 + 0) / 3,
    })
  })

  it('is zero where there are no neighbours', () => {
    expect(jaggedness([0.5], { rows: 1, cols: 1 })).toEqual({ vertical: 0, horizontal: 0 })
    expect(jaggedness([0.5, 1], { rows: 1, cols: 2 })).toEqual({ vertical: 0, horizontal: 0.5 })
  })
})

it.each([
  [[0.8, 0.9, 0.95, 1], [0.9], [0.75]],
  [[0.8], [0.9, 0.95], [0, 0]],
  [
    [-1, 0.8, 0.9, 0.9, 1],
    [0, 0.85, 0.9, 1],
    [0.8, 0.6, 0.6, 0.2],
  ],
  [[1], [], []],
])('coverage of %j is the share of positions that reach %j', (map, thresholds, shares) => {
  expect(coverage(map, thresholds)).toEqual(shares)
})

it('the lowest percentile is the value of the nearest rank of the sorted map', () => {
  const map = Float32Array.from({ length: 100 }, (_, i) => (37 * i) % 100)
  expect([0, 5, 5.1, 100].map((percent) => lowestPercentile(map, percent))).toEqual([0, 4, 5, 99])
})

describe('consistency', () => {
  it('is the share of neighbours along each axis with the same largest feature', () => {
    const winners = Int32Array.of(0, 0, 1, 0, 2, 1)
    expect(mapConsistency(winners, { rows: 2, cols: 3 })).toEqual({ horizontal: 1 / 4, vertical: 2 / 3 })
    // The last of a row and the first of the next are no neighbours.
    expect(mapConsistency(winners, { rows: 3, cols: 2 })).toEqual({ horizontal: 1 / 3, vertical: 1 / 4 })
  })

  it('is null along an axis of one position', () => {
    expect(mapConsistency(Int32Array.of(0, 0), { rows: 1, cols: 2 })).toEqual({ horizontal: 1, vertical: null })
    expect(mapConsistency(Int32Array.of(0, 1), { rows: 2, cols: 1 })).toEqual({ horizontal: null, vertical: 0 })
  })
})

/** The bias of a map whose similarity falls by so much per pixel along each axis, away from the anchor. */
function biasOf(size: number, stride: number, name: string, perCol: number, perRow: number) {
  const { rows, cols, anchors } = positionGrid(224, size, stride)
  const anchor = anchors.find((one) => one.name === name)
  if (anchor === undefined) throw new Error('no such anchor')
  const map = Float64Array.from({ length: rows * cols }, (_, i) => {
    const across = Math.abs((i % cols) * stride - anchor.col)
    const down = Math.abs(Math.floor(i / cols) * stride - anchor.row)
    return 1 - perCol * across - perRow * down
  })
  return directionBias(map, { rows, cols }, stride, anchor)
}

describe('direction bias', () => {
  it('is the mean over distances of horizontal minus vertical similarity', () => {
    const map = [1, 3, 5, 4, 9, 8, 7, 1, 2]
    const at = (row: number, col: number, stride = 1) => directionBias(map, { rows: 3, cols: 3 }, stride, { row, col })
    // At the middle: beside 4 and 8 (mean 6), above and below 3 and 1 (mean 2).
    expect([at(1, 1), at(20, 20, 20)]).toEqual([4, 4])
    // At the corner: distance 1: 3 - 4, distance 2: 5 - 7.
    expect(at(0, 0)).toBe(-1.5)
    expect(at(2, 2)).toBe((1 - 8 + 7 - 5) / 2)
    // At half a stride beside and above the middle, distance 10 is the middle itself.
    expect(at(10, 10, 20)).toBe(8 - 1)
    expect(at(10, 11, 20)).toBeUndefined()
  })

  it('between the positions of a coarse stride is measured where both lines miss the anchor by the same', () => {
    // 150 positions at stride 3: 0, 3, … 147; the center's 74 and the last 149 are left out.
    const measured = ANCHOR_NAMES.filter((name) => biasOf(75, 3, name, 0.001, 0.003) !== undefined)
    expect(measured).toEqual(['top-left', 'center', 'bottom-right'])
    for (const name of measured) expect(biasOf(75, 3, name, 0.001, 0.003)).toBeGreaterThan(0.04)
  })

  it('does not exist in a single row or column', () => {
    expect(directionBias([1, 2, 3], { rows: 1, cols: 3 }, 1, { row: 0, col: 0 })).toBeUndefined()
    expect(directionBias([1], { rows: 1, cols: 1 }, 1, { row: 0, col: 0 })).toBeUndefined()
  })
})
