import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consistency } from '../../src/experiments/consistency.js'

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
