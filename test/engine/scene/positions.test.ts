import { describe, expect, it } from 'vitest'
import {
  ANCHOR_NAMES,
  anchorPositions,
  coarseToFine,
  offsetsAt,
  orderedPositions,
  positionGrid,
} from '../../../src/engine/scene/positions.js'
import { UsageError } from '../../../src/errors.js'

describe('positions', () => {
  it('come row by row, and behind them the anchors that a coarse stride leaves out', () => {
    const { offsets, anchors } = positionGrid(5, 2, 2)
    expect([...offsets]).toEqual([0, 0, 0, 2, 2, 0, 2, 2, 0, 3, 1, 1, 3, 0, 3, 3])
    expect(anchors.map(({ index }) => index)).toEqual([0, 4, 5, 6, 7])
    expect(positionGrid(7, 3, 2).anchors.map(({ index }) => index)).toEqual([0, 2, 4, 6, 8])
    expect([...positionGrid(3, 3, 2).offsets]).toEqual([0, 0])
  })

  it('are not positive if the patch is larger than the frame', () => {
    const { offsets, anchors, first, rows, cols } = positionGrid(224, 256, 16)
    expect([first, rows, cols]).toEqual([-32, 3, 3])
    expect([...offsets]).toEqual([-32, -32, -32, -16, -32, 0, -16, -32, -16, -16, -16, 0, 0, -32, 0, -16, 0, 0])
    expect(anchors.map(({ index }) => index)).toEqual([0, 2, 4, 6, 8])
    expect(anchors[2]).toMatchObject({ name: 'center', row: -16, col: -16 })
    expect(positionGrid(5, 8, 2).anchors.map(({ row, col }) => [row, col])).toEqual([
      [-3, -3],
      [-3, 0],
      [-2, -2],
      [0, -3],
      [0, 0],
    ])
  })

  it('need a stride and a size that are positive whole numbers', () => {
    for (const stride of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => positionGrid(224, 75, stride)).toThrow(UsageError)
    for (const size of [0, -1, 1.5]) expect(() => positionGrid(224, size, 1)).toThrow(UsageError)
  })

  it('are taken by their indices', () => {
    expect([...offsetsAt(Int32Array.of(0, 1, 2, 3, 4, 5), [2, 0])]).toEqual([4, 5, 0, 1])
  })
})

describe('the order of positions', () => {
  it('is row by row, or coarse to fine: the coarsest first, those with the same remainders together', () => {
    const grid = positionGrid(5, 1, 1)
    expect([...orderedPositions(grid, 'row-major')]).toEqual(Array.from({ length: 25 }, (_, index) => index))
    const first = [0, 4, 20, 24, 2, 22, 10, 14, 12, 1, 21, 3, 23, 11, 13]
    expect([...orderedPositions(grid, 'coarse-to-fine').subarray(0, 15)]).toEqual(first)
  })

  it('has each position once, in steps of a grid of any sides', () => {
    const steps = coarseToFine({ rows: 70, cols: 33 })
    const all = steps.flatMap((step) => [...step]).sort((a, b) => a - b)
    expect(all).toEqual(Array.from({ length: 70 * 33 }, (_, index) => index))
    expect(steps.slice(0, 2)).toEqual([
      Int32Array.of(0, 32, 32 * 33, 32 * 33 + 32, 64 * 33, 64 * 33 + 32),
      Int32Array.of(16, 32 * 33 + 16, 64 * 33 + 16),
    ])
  })
})

describe('anchors', () => {
  it('are five, in the order of every array and table, with the center rounded down', () => {
    expect(ANCHOR_NAMES).toEqual(['top-left', 'top-right', 'center', 'bottom-left', 'bottom-right'])
    expect(anchorPositions({ first: 0, count: 3 }).map(({ name }) => name)).toEqual([...ANCHOR_NAMES])
    const center = (count: number) => anchorPositions({ first: 0, count })[2]
    expect([1, 2, 3, 4, 100, 150].map((side) => center(side)?.row)).toEqual([0, 0, 1, 1, 49, 74])
  })
})
