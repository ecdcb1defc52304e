import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/errors.js'
import { coarseGrid, foldBaselines, meanAccuracy } from '../../../src/experiments/classifiers/foldBaselines.js'
import { FOLD_SCHEMES, TASKS } from '../../../src/experiments/classifiers/folds.js'
import { foldPrediction, strideFolds, subGrid } from '../../../src/experiments/classifiers/strideFolds.js'
import { separability } from '../../../src/features/separability.js'
import { positionFeatures } from '../../support/features.js'

/** Ordered, top-bottom. */
async function folds(feature: 'position' | 'phase', side: number, stride: number, period = 32) {
  const grid = { rows: side, cols: side, stride }
  const { [feature]: results } = await foldBaselines(grid, { schemes: ['ordered'], period })
  return results.ordered?.['top-bottom'].map((accuracy) => Number(accuracy?.toFixed(2)))
}

describe('accuracies by made-up features', () => {
  const grid = { rows: 10, cols: 10, stride: 10 }

  // Of 10, 12, 13 and 14 rows, one row of the first and of the last fold lies on the border, and counts as half right.
  // At stride 32 all positions have one phase, which takes no time.
  it.each([
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
    const { position, phase } = await foldBaselines(grid, { schemes: ['ordered', 'transposed'] })
    expect(Object.keys(position)).toEqual(['ordered', 'transposed'])
    for (const { ordered, transposed } of [position, phase])
      expect(ordered?.['top-bottom']).toEqual(transposed?.['left-right'])
  })

  it.each([10, 12, 13, 14])('are those of `separability` for the same features, of %i rows', async (side) => {
    const data = positionFeatures(side, side).map((index) => 3 * index)
    const { schemes } = await separability({ data, shape: [side, side, 2] }, { cv: FOLD_SCHEMES })
    const { position } = await foldBaselines({ rows: side, cols: side, stride: 8 }, { schemes: FOLD_SCHEMES })
    for (const cv of FOLD_SCHEMES)
      for (const task of TASKS) expect([cv, task, schemes[cv]?.[task].folds]).toEqual([cv, task, position[cv]?.[task]])
  })

  it('are computed once for a grid, those by the phase once for a period', async () => {
    const of = (period: number) => foldBaselines(grid, { schemes: ['ordered'], period })
    const [first, again, other] = [await of(32), await of(32), await of(5)]
    expect(again.phase.ordered).toBe(first.phase.ordered)
    expect(other.position.ordered).toBe(first.position.ordered)
    expect(other.phase.ordered?.['top-bottom']).toEqual([0.5, 0.5, 0.5, 0.5, 0.5])
  })

  it('come whole to a caller beside and after another one that is stopped', async () => {
    const stop = new AbortController()
    const of = (signal: AbortSignal) =>
      foldBaselines({ rows: 40, cols: 41, stride: 3 }, { schemes: ['ordered'], signal })
    const stopped = of(stop.signal)
    const beside = of(new AbortController().signal)
    stop.abort(new Error('stopped'))
    await expect(stopped).rejects.toThrow()
    const after = await of(new AbortController().signal)
    expect(await beside).toEqual(after)
  })

  it('refuse a period that is none', () =>
    expect(foldBaselines(grid, { schemes: ['ordered'], period: 0.5 })).rejects.toThrow(UsageError))
})

describe('a grid too coarse to judge separability', () => {
  const text = (percent: number) =>
    `the grid is too coarse to judge separability: in shuffled folds, a classifier that sees only the position modulo 16 px is right at ${percent} % of positions`

  it('is one whose phase alone is right for two thirds', () => {
    expect(coarseGrid(2 / 3, 16)).toBe(text(67))
    expect(coarseGrid(0.994, 16)).toBe(text(99))
    expect([coarseGrid(0.666, 16), coarseGrid(Number.NaN, 16)]).toEqual([undefined, undefined])
  })

  it('has stride 10 at a period of 32, and not 8', async () => {
    const accuracyAt = async (stride: number) => {
      const grid = { rows: Math.ceil(100 / stride), cols: Math.ceil(100 / stride), stride }
      const { phase } = await foldBaselines(grid, { schemes: ['shuffled'] })
      return phase.shuffled && meanAccuracy(phase.shuffled)
    }
    expect(await accuracyAt(8)).toBeLessThan(2 / 3)
    expect(await accuracyAt(10)).toBeGreaterThan(2 / 3)
    const some = { 'left-right': [0.5, null], 'top-bottom': [1, 0.75] }
    expect(meanAccuracy(some)).toBe(0.75)
  })
})

describe('folds of sub-grids', () => {
  /** Features of a network: the position, or nothing but its phase as a point on a circle for each axis. */
  function gridOf(kind: 'position' | 'phase', rows: number, cols = rows) {
    const position = positionFeatures(rows, cols)
    const angle = (index: number) => (2 * Math.PI * 4 * index) / 32
    const circles = [...position].flatMap((index) => [Math.cos(angle(index)), Math.sin(angle(index))])
    const matrix = kind === 'position' ? position : Float32Array.from(circles)
    return { layer: kind, rows, cols, stride: 4, dims: matrix.length / rows / cols, matrix }
  }

  it('are of strides that leave 8 to 25 rows, and the made-up feature that the network has predicts them best', async () => {
    const position = await strideFolds(gridOf('position', 25, 22))
    expect(position.map(({ stride }) => stride)).toEqual([4, 8, 12])
    const byPosition = foldPrediction(position)
    expect(byPosition?.position).toBeLessThan(0.1)
    expect(byPosition?.phase).toBeGreaterThan(0.3)
    const byPhase = foldPrediction(await strideFolds(gridOf('phase', 13)))
    expect(byPhase?.phase).toBeLessThan(byPhase?.position as number)
  })

  it('leave out grids of more rows, of which all features are alike, and take accuracies that are known', async () => {
    const strides = async (rows: number, cols: number, matrix?: Float32Array) => {
      const grid = gridOf('position', rows, cols)
      const found = await strideFolds({ ...grid, ...(matrix && { matrix }) }, {}, [1, 0, null, 1, 1])
      return found.map(({ stride, network }) => [stride, network])
    }
    expect((await strides(26, 15)).map(([stride]) => stride)).toEqual([8])
    expect(await strides(8, 8)).toEqual([[4, [1, 0, null, 1, 1]]])
    // Known are those of the grid itself, not of its sub-grids.
    expect(await strides(16, 16)).toEqual([
      [4, [1, 0, null, 1, 1]],
      [8, [1, 1, 1, 1, 1]],
    ])
    expect(await strides(8, 8, new Float32Array(128))).toEqual([])
    expect(await strides(8, 7)).toEqual([])
  })

  it('take every twelfth row and column from the first on', () => {
    const { rows, cols, stride, matrix } = subGrid(gridOf('position', 25), 12)
    expect({ rows, cols, stride }).toEqual({ rows: 3, cols: 3, stride: 48 })
    expect([...matrix.subarray(0, 8)]).toEqual([0, 0, 0, 12, 0, 24, 12, 0])
  })

  it('are predicted by the mean difference of those folds that all have', () => {
    const one = { stride: 4, network: [1, null, 0.5], position: [0.5, 1, 0.5], phase: [0, 1, 0.25] }
    const expected = { position: (0.5 + 0 + 0.5 + 0.5) / 4, phase: (1 + 0.25 + 1 + 0) / 4 }
    expect(foldPrediction([one, { ...one, network: [0, 0, 0], phase: [1, null, 0] }])).toEqual(expected)
    expect(foldPrediction([])).toBeUndefined()
  })
})
