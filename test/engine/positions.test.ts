import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES, anchorPositions, type PositionGrid, positionGrid } from '../../src/engine/positions.js'
import { UsageError } from '../../src/errors.js'

function placeOf({ offsets }: PositionGrid, index: number): readonly number[] {
  return [...offsets.subarray(index * 2, index * 2 + 2)]
}

const grids = fc
  .record({ frame: fc.integer({ min: 1, max: 60 }), stride: fc.integer({ min: 1, max: 70 }) })
  .chain(({ frame, stride }) =>
    fc.record({ frame: fc.constant(frame), stride: fc.constant(stride), size: fc.integer({ min: 1, max: frame }) }),
  )

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

  it('come row by row: the column runs fastest', () => {
    const grid = positionGrid(224, 125, 1)
    expect([0, 1, 99, 100, 9999].map((index) => placeOf(grid, index))).toEqual([
      [0, 0],
      [0, 1],
      [0, 99],
      [1, 0],
      [99, 99],
    ])
  })

  it('are one for a patch that fills the frame, and all anchors lie there', () => {
    const grid = positionGrid(224, 224, 1)
    expect([grid.rows, grid.cols, ...grid.offsets]).toEqual([1, 1, 0, 0])
    expect(grid.anchors.map(({ row, col, index }) => [row, col, index])).toEqual(Array(5).fill([0, 0, 0]))
    expect(positionGrid(224, 224, 7).offsets).toEqual(grid.offsets)
  })

  it('of a coarse stride have the anchors of the stride-1 grid behind the grid', () => {
    const grid = positionGrid(224, 125, 4)
    expect([grid.rows, grid.cols, grid.stride]).toEqual([25, 25, 4])
    expect(grid.anchors.map(({ row, col, index }) => [row, col, index])).toEqual([
      [0, 0, 0],
      [0, 99, 625],
      [49, 49, 626],
      [99, 0, 627],
      [99, 99, 628],
    ])
    expect(grid.offsets).toHaveLength(629 * 2)
  })

  it('need no extra anchors where the stride meets them', () => {
    const grid = positionGrid(224, 125, 49)
    expect(grid.rows).toBe(3)
    expect(grid.anchors[2]).toEqual({ name: 'center', row: 49, col: 49, index: 4 })
  })

  it('of any grid lie in the frame, each once, the grid regular and the anchors where they belong', () => {
    fc.assert(
      fc.property(grids, ({ frame, size, stride }) => {
        const grid = positionGrid(frame, size, stride)
        const count = grid.offsets.length / 2
        const places = Array.from({ length: count }, (_, index) => placeOf(grid, index))
        expect(new Set(places.map(String)).size).toBe(count)
        for (const [row = -1, col = -1] of places) {
          expect(Math.min(row, col)).toBeGreaterThanOrEqual(0)
          expect(Math.max(row, col) + size).toBeLessThanOrEqual(frame)
        }
        for (let index = 0; index < grid.rows * grid.cols; index++) {
          expect(places[index]).toEqual([Math.floor(index / grid.cols) * stride, (index % grid.cols) * stride])
        }
        expect(grid.rows * stride).toBeGreaterThan(frame - size)
        expect(grid.anchors.map(({ name, row, col }) => ({ name, row, col }))).toEqual(
          anchorPositions(frame - size + 1),
        )
        for (const { row, col, index } of grid.anchors) expect(places[index]).toEqual([row, col])
      }),
    )
  })

  it('need a stride that is a positive whole number, and a patch that fits', () => {
    for (const stride of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => positionGrid(224, 75, stride)).toThrow(UsageError)
    }
    for (const size of [0, 225, 1.5]) expect(() => positionGrid(224, size, 1)).toThrow(UsageError)
  })
})

describe('anchors', () => {
  it('are five, named in the order of every array and table', () => {
    expect(ANCHOR_NAMES).toEqual(['top-left', 'top-right', 'center', 'bottom-left', 'bottom-right'])
    expect(anchorPositions(3).map(({ name }) => name)).toEqual([...ANCHOR_NAMES])
  })

  it('have the center rounded down', () => {
    const center = (side: number) => anchorPositions(side)[2]
    expect([1, 2, 3, 4, 100, 150].map((side) => center(side)?.row)).toEqual([0, 0, 1, 1, 49, 74])
  })
})
