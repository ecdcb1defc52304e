import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ANCHOR_NAMES,
  anchorPositions,
  coarseToFine,
  offsetsAt,
  orderedPositions,
  positionGrid,
} from '../../src/engine/positions.js'
import { UsageError } from '../../src/errors.js'
import { randomCases } from '../support/randomCases.js'

describe('positions', () => {
  it.each([
    [75, 150, 74],
    [125, 100, 49],
  ])("are the paper's at %i pixels: %i along each axis, center (%i, …)", (size, side, middle) => {
    const grid = positionGrid(224, size, 1)
    const last = side - 1
    expect([grid.rows, grid.cols, grid.offsets.length]).toEqual([side, side, side * side * 2])
    expect(grid.anchors).toEqual([
      { name: 'top-left', row: 0, col: 0, index: 0 },
      { name: 'top-right', row: 0, col: last, index: last },
      { name: 'center', row: middle, col: middle, index: middle * side + middle },
      { name: 'bottom-left', row: last, col: 0, index: last * side },
      { name: 'bottom-right', row: last, col: last, index: side * side - 1 },
    ])
  })

  it('come row by row, and behind them the anchors that a coarse stride leaves out', () => {
    expect([...positionGrid(5, 2, 2).offsets]).toEqual([0, 0, 0, 2, 2, 0, 2, 2, 0, 3, 1, 1, 3, 0, 3, 3])
    const grid = positionGrid(224, 125, 4)
    expect([grid.rows, grid.cols, grid.stride, grid.offsets.length]).toEqual([25, 25, 4, 629 * 2])
    expect(grid.anchors.map(({ row, col, index }) => [row, col, index])).toEqual([
      [0, 0, 0],
      [0, 99, 625],
      [49, 49, 626],
      [99, 0, 627],
      [99, 99, 628],
    ])
    // Where the stride meets an anchor, it stays in the grid.
    expect(positionGrid(224, 125, 49).anchors[2]).toEqual({ name: 'center', row: 49, col: 49, index: 4 })
  })

  it('are one for a patch that fills the frame, and all anchors lie there', () => {
    const grid = positionGrid(224, 224, 7)
    expect([grid.rows, grid.cols, ...grid.offsets]).toEqual([1, 1, 0, 0])
    expect(grid.anchors.map(({ row, col, index }) => [row, col, index])).toEqual(Array(5).fill([0, 0, 0]))
  })

  it('of any grid lie in the frame, each once, the grid regular and the anchors where they belong', () => {
    const sizes = fc.record({ extent: fc.integer({ min: 1, max: 20 }), stride: fc.integer({ min: 1, max: 22 }) })
    fc.assert(
      fc.property(sizes, ({ extent, stride }) => {
        const { rows, cols, offsets, anchors } = positionGrid(extent + 2, 3, stride)
        const count = offsets.length / 2
        const places = Array.from({ length: count }, (_, index) => [...offsets.subarray(2 * index, 2 * index + 2)])
        expect(new Set(places.map(String)).size).toBe(count)
        expect([Math.min(...offsets), Math.max(...offsets) < extent]).toEqual([0, true])
        const regular = places.map((_, at) => [Math.floor(at / cols) * stride, (at % cols) * stride])
        expect(places.slice(0, rows * cols)).toEqual(regular.slice(0, rows * cols))
        expect(rows * stride).toBeGreaterThanOrEqual(extent)
        expect(anchors).toMatchObject(anchorPositions(extent))
        expect(anchors.map(({ index }) => places[index])).toEqual(anchors.map(({ row, col }) => [row, col]))
      }),
      { numRuns: randomCases(30) },
    )
  })

  it('need a stride that is a positive whole number, and a patch that fits', () => {
    for (const stride of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => positionGrid(224, 75, stride)).toThrow(UsageError)
    for (const size of [0, 225, 1.5]) expect(() => positionGrid(224, size, 1)).toThrow(UsageError)
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
    const levels = [32, 4, 4, 4, 2, 2, 2, 2, 2, ...Array(16).fill(1)]
    expect(coarseToFine(grid).map(({ level }) => level)).toEqual(levels)
  })

  it('has each position once, in steps of a grid of any sides', () => {
    const steps = coarseToFine({ rows: 70, cols: 33 })
    const all = steps.flatMap(({ indices }) => [...indices])
    expect([...all].sort((a, b) => a - b)).toEqual(Array.from({ length: 70 * 33 }, (_, index) => index))
    expect(steps.slice(0, 2)).toEqual([
      { level: 32, indices: Int32Array.of(0, 32, 32 * 33, 32 * 33 + 32, 64 * 33, 64 * 33 + 32) },
      { level: 16, indices: Int32Array.of(16, 32 * 33 + 16, 64 * 33 + 16) },
    ])
  })
})

describe('anchors', () => {
  it('are five, in the order of every array and table, with the center rounded down', () => {
    expect(ANCHOR_NAMES).toEqual(['top-left', 'top-right', 'center', 'bottom-left', 'bottom-right'])
    expect(anchorPositions(3).map(({ name }) => name)).toEqual([...ANCHOR_NAMES])
    const center = (side: number) => anchorPositions(side)[2]
    expect([1, 2, 3, 4, 100, 150].map((side) => center(side)?.row)).toEqual([0, 0, 1, 1, 49, 74])
  })
})
