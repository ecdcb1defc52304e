import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { coarseGrid, foldBaselines, foldsOf, meanAccuracy } from '../../src/experiments/foldBaselines.js'
import type { Separability } from '../../src/experiments/separability.js'

/** Ordered, top-bottom. */
async function folds(feature: 'position' | 'phase', side: number, stride: number, period = 32) {
  const { [feature]: results } = await foldBaselines(
    { rows: side, cols: side, stride },
    { schemes: ['ordered'], period },
  )
  return results.ordered?.['top-bottom'].folds.map((accuracy) => Number(accuracy?.toFixed(2)))
}

describe('accuracies by made-up features', () => {
  // Of 10, 12, 13 and 14 rows, one row of the first and of the last fold lies on the border, and counts as half right.
  // At stride 32 all positions have one phase, which takes no time.
  it.each([
    [100, [0.75, 1, 1, 1, 0.75]],
    [25, [0.8, 1, 1, 1, 0.8]],
    [20, [0.75, 1, 1, 1, 0.75]],
    [14, [0.82, 1, 1, 1, 0.82]],
    [13, [0.81, 1, 1, 1, 0.8]],
    [12, [0.79, 1, 1, 1, 0.79]],
    [10, [0.75, 1, 1, 1, 0.75]],
    [8, [1, 1, 1, 1, 1]],
  ])('by the position alone, of %i rows, top-bottom in ordered folds', async (side, expected) => {
    expect(await folds('position', side, 32)).toEqual(expected)
  })

  it.each([
    [4, [0.4, 0.4, 0, 0.4, 0.6]],
    [5, [0.25, 0.25, 0, 0.25, 0.25]],
    [8, [0.24, 0.53, 0.06, 0.56, 0.61]],
    [10, [0.75, 1, 0, 1, 0.75]],
    [11, [0.75, 0.75, 0, 0.75, 0.75]],
    [13, [1, 1, 1, 1, 1]],
    [32, [0.5, 0.5, 0.5, 0.5, 0.5]],
  ])('by the phase alone, at stride %i', async (stride, expected) => {
    expect(await folds('phase', stride === 32 ? 10 : Math.ceil(100 / stride), stride)).toEqual(expected)
  })

  it('are those of the scheme that was asked for, and change places with the axes', async () => {
    const grid = { rows: 10, cols: 10, stride: 10 }
    const { position, phase } = await foldBaselines(grid, { schemes: ['ordered', 'transposed'] })
    expect(Object.keys(position)).toEqual(['ordered', 'transposed'])
    for (const { ordered, transposed } of [position, phase])
      expect(ordered?.['top-bottom'].folds).toEqual(transposed?.['left-right'].folds)
  })

  it('tell grids that are too coarse to judge separability', async () => {
    const reasonAt = async (stride: number, period: number) => {
      const side = Math.ceil(100 / stride)
      const { phase } = await foldBaselines({ rows: side, cols: side, stride }, { schemes: ['shuffled'], period })
      return coarseGrid(meanAccuracy(foldsOf(phase.shuffled as Separability)), period)
    }
    expect(await reasonAt(5, 32)).toBe(
      'the grid is too coarse to judge separability: the position modulo 32 px alone is right for 93 % in shuffled folds',
    )
    expect(await Promise.all([4, 8].map((stride) => reasonAt(stride, 32)))).toEqual([undefined, undefined])
    expect(await reasonAt(6, 16)).toBeUndefined()
  })

  it('refuse a period that is none', async () => {
    const grid = { rows: 10, cols: 10, stride: 10 }
    await expect(foldBaselines(grid, { schemes: ['ordered'], period: 0.5 })).rejects.toThrow(UsageError)
  })
})
