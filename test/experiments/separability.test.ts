import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError, InterruptedError, UsageError } from '../../src/errors.js'
import { assignFolds, FOLDS, type FoldScheme, TASKS, type Task, taskClasses } from '../../src/experiments/folds.js'
import type { LayerGrid } from '../../src/experiments/grid.js'
import { type ClassifierOptions, type Separability, separabilityByScheme } from '../../src/experiments/separability.js'
import { trainSvm } from '../../src/native.js'
import { type FeatureShape, formulaFeatures, positionFeatures } from '../support/features.js'

interface GoldenCase {
  readonly shape: FeatureShape | 'positions'
  readonly C: number
  readonly tasks: Readonly<Record<Task, { readonly accuracies: number[]; readonly objectives: number[] }>>
}

const golden = JSON.parse(readFileSync(new URL('../golden/svm.json', import.meta.url), 'utf8')) as {
  readonly sklearn: string
  readonly cases: readonly GoldenCase[]
  readonly rectangles: readonly {
    readonly sides: readonly [top: number, bottom: number, left: number, right: number]
    /** Least and largest accuracy of each fold. */
    readonly tasks: Readonly<Record<Task, readonly (readonly [number, number])[]>>
  }[]
}

/** Under one fold scheme. */
async function separability(
  grid: LayerGrid,
  { cv = 'ordered', ...options }: ClassifierOptions & { readonly cv?: FoldScheme } = {},
): Promise<Separability> {
  const [result] = await separabilityByScheme(grid, [cv], options)
  return result as Separability
}

function gridOf(shape: FeatureShape | 'positions'): LayerGrid {
  if (shape === 'positions') return positionGrid(100, 100)
  return { ...shape, layer: 'fc', matrix: formulaFeatures(shape), stride: 1 }
}

function positionGrid(rows: number, cols: number): LayerGrid {
  return { layer: 'position', matrix: positionFeatures(rows, cols), dims: 2, rows, cols, stride: 1 }
}

/** Objectives of the training problems of one task with ordered folds. */
async function objectives(grid: LayerGrid, task: Task, C: number): Promise<number[]> {
  const classes = taskClasses(task, grid)
  const folds = assignFolds('ordered', classes, grid, 0)
  const labels = Int8Array.from({ length: FOLDS * folds.length }, (_, i) => {
    const sample = i % folds.length
    return folds[sample] === Math.floor(i / folds.length) ? 0 : classes[sample] === 1 ? 1 : -1
  })
  const { matrix: features, dims } = grid
  const { solutions } = await trainSvm({ features, rows: folds.length, dims, labels, problems: FOLDS, C })
  return solutions.map(({ primal }) => primal)
}

const name = ({ shape, C }: GoldenCase) => `${JSON.stringify(shape)}, C = ${C}`

describe(`against scikit-learn ${golden.sklearn}`, () => {
  it.each(golden.cases.map((golden) => ({ title: name(golden), ...golden })))(
    'accuracies and objectives of $title',
    async ({ shape, C, tasks }) => {
      const grid = gridOf(shape)
      const result = await separability(grid, { C })
      for (const task of TASKS) {
        const { accuracies, objectives: expected } = tasks[task]
        expect(result[task].notConverged).toEqual([])
        result[task].folds.forEach((accuracy, fold) => {
          expect(
            Math.abs((accuracy ?? Number.NaN) - (accuracies[fold] ?? Number.NaN)),
            `${task} ${fold}`,
          ).toBeLessThanOrEqual(0.002)
        })
        const found = await objectives(grid, task, C)
        found.forEach((objective, fold) => {
          const ratio = objective / (expected[fold] ?? Number.NaN)
          expect(ratio, `${task} ${fold}`).toBeLessThanOrEqual(1 + 1e-3)
          // Where objectives are tiny, libsvm's float32 kernel and tolerance leave its own far above the optimum.
          if (shape === 'positions' || shape.scale <= 1)
            expect(ratio, `${task} ${fold}`).toBeGreaterThanOrEqual(1 - 1e-3)
        })
      }
    },
  )
})

describe(`zeros but for a rectangle of equal features, against scikit-learn ${golden.sklearn}`, () => {
  it.each(golden.rectangles)('$sides', async ({ sides: [top, bottom, left, right], tasks }) => {
    const [rows, cols, dims] = [36, 35, 16]
    const matrix = Float32Array.from({ length: rows * cols * dims }, (_, i) => {
      const [row, col] = [Math.floor(i / dims / cols), Math.floor(i / dims) % cols]
      const inside = row >= top && row < bottom && col >= left && col < right
      return inside ? 0.1 + (0.9 * (i % dims)) / 15 : 0
    })
    const result = await separability({ layer: 'fc', matrix, dims, rows, cols, stride: 1 })
    for (const task of TASKS) {
      expect(result[task].notConverged).toEqual([])
      tasks[task].forEach(([least, most], fold) => {
        expect(result[task].folds[fold]).toBeGreaterThanOrEqual(least - 0.002)
        expect(result[task].folds[fold]).toBeLessThanOrEqual(most + 0.002)
      })
    }
  })
})

describe('features that are the position', () => {
  it('give 0.75, 1, 1, 1, 0.75 for top-bottom in ordered folds and 1 for left-right', async () => {
    const result = await separability(positionGrid(100, 100))
    expect(result['top-bottom'].folds).toEqual([0.75, 1, 1, 1, 0.75])
    expect(result['top-bottom'].mean).toBeCloseTo(0.9, 12)
    expect(result['top-bottom'].std).toBeCloseTo(0.1224744871, 9)
    expect(result['left-right'].folds).toEqual([1, 1, 1, 1, 1])
    expect(result['left-right'].std).toBe(0)
  })

  it('give the two tasks the other way round in transposed folds, and 1 in shuffled ones', async () => {
    const [ordered, transposed, shuffled] = await separabilityByScheme(positionGrid(100, 100), [
      'ordered',
      'transposed',
      'shuffled',
    ])
    expect(transposed?.['left-right'].folds).toEqual(ordered?.['top-bottom'].folds)
    expect(transposed?.['top-bottom'].folds).toEqual(ordered?.['left-right'].folds)
    expect(shuffled?.['top-bottom'].mean).toBeGreaterThan(0.99)
  })
})

describe('separability', () => {
  const shapes = fc.record({
    rows: fc.integer({ min: 4, max: 14 }),
    cols: fc.integer({ min: 4, max: 14 }),
    dims: fc.integer({ min: 1, max: 30 }),
    signal: fc.constantFrom(0.5, 4, 16),
    scale: fc.constantFrom(0.125, 1),
    repeat: fc.constantFrom(1, 2),
  })

  it('closes the duality gap, and does not depend on the number of threads or the memory', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (shape) => {
        const grid = gridOf(shape)
        const shared = new Float32Array(new SharedArrayBuffer(grid.matrix.byteLength))
        shared.set(grid.matrix)
        const one = await separability(grid, { threads: 1 })
        const three = await separability({ ...grid, matrix: shared }, { threads: 3 })
        expect(three).toEqual(one)
        for (const task of TASKS) {
          expect(one[task].notConverged).toEqual([])
          for (const gap of one[task].gaps) {
            expect(gap).toBeGreaterThan(-1e-9)
            expect(gap).toBeLessThanOrEqual(1e-6)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  it('takes a decision of zero for the first class, as scikit-learn does', async () => {
    // Classifiers of -1 and 1 decide by the sign; where the one feature of 0 is tested, they cannot.
    const matrix = Float32Array.from({ length: 100 }, (_, i) => (i === 9 ? 0 : i % 10 < 5 ? -1 : 1))
    const result = await separability({ layer: 'fc', matrix, dims: 1, rows: 10, cols: 10, stride: 1 })
    expect(result['left-right'].folds).toEqual([0.95, 1, 1, 1, 1])
  })

  it('leaves out rows of the matrix beyond the grid', async () => {
    const grid = gridOf({ rows: 10, cols: 12, dims: 9, signal: 8, scale: 1, repeat: 1 })
    const longer = new Float32Array(grid.matrix.length + 5 * grid.dims).fill(Number.NaN)
    longer.set(grid.matrix)
    expect(await separability({ ...grid, matrix: longer })).toEqual(await separability(grid))
  })

  it('gives the same for several schemes at once as for one', async () => {
    const grid = gridOf({ rows: 15, cols: 11, dims: 30, signal: 8, scale: 1, repeat: 1 })
    const [ordered, blocks] = await separabilityByScheme(grid, ['ordered', 'blocks'], { seed: 5 })
    const alone = await separability(grid, { cv: 'blocks', seed: 5 })
    for (const task of TASKS) {
      expect(blocks?.[task].folds).toEqual(alone[task].folds)
      expect(ordered?.[task].folds).toHaveLength(FOLDS)
    }
  })

  it('names the position of a feature that is not finite', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const grid = { ...gridOf({ rows: 10, cols: 10, dims: 3, signal: 8, scale: 1, repeat: 1 }), stride: 4 }
      grid.matrix[3 * (2 * 10 + 7) + 1] = bad
      const failure = separability(grid)
      await expect(failure).rejects.toThrow(InputError)
      await expect(failure).rejects.toThrow('fc: the feature at position (8, 28) holds NaN or infinity')
    }
  })

  it('refuses features that are the same everywhere, small grids and a bad C', async () => {
    const constant = { ...positionGrid(10, 10), matrix: new Float32Array(200).fill(3) }
    await expect(separability(constant)).rejects.toThrow(/every position has the same feature/)
    await expect(separability(positionGrid(2, 2))).rejects.toThrow(/fewer than the 5 folds/)
    for (const C of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e31, 1e-31]) {
      await expect(separability(positionGrid(10, 10), { C })).rejects.toThrow(UsageError)
    }
  })

  it.each([1e-30, 1, 1e30])('has finite gaps at C = %f, however large the features', async (C) => {
    const { matrix, ...grid } = gridOf({ rows: 4, cols: 4, dims: 3, signal: 1, scale: 1, repeat: 1 })
    const largest = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    for (const scale of [1e-37, 1, 3e38 / largest]) {
      const result = await separability({ ...grid, matrix: matrix.map((value) => value * scale) }, { C })
      for (const task of TASKS) expect(result[task].gaps.every(Number.isFinite)).toBe(true)
    }
  })

  it.each<[object, string]>([
    [{ cv: 'random' }, 'fold scheme random is not known; use ordered, shuffled, transposed, blocks'],
    [{ threads: 0 }, '`threads` 0 is not a positive whole number'],
  ])('refuses what only a script can give: %j', async (options, message) => {
    const failure = separability(positionGrid(10, 10), options)
    await expect(failure).rejects.toThrow(UsageError)
    await expect(failure).rejects.toThrow(message)
  })

  it('has no accuracy of a classifier that did not converge, and no mean of its task', async () => {
    const grid = gridOf({ rows: 20, cols: 20, dims: 2, signal: 0.5, scale: 1, repeat: 1 })
    const result = await separability(grid, { tolerance: 1e-300 })
    const { notConverged, folds, mean, std } = result['left-right']
    expect(notConverged.length).toBeGreaterThan(0)
    for (const [fold, accuracy] of folds.entries()) expect(accuracy === null).toBe(notConverged.includes(fold))
    expect([mean, std]).toEqual([null, null])
  })

  it('reports what has not converged, with its gap', async () => {
    const {
      matrix: features,
      dims,
      rows,
      cols,
    } = gridOf({ rows: 40, cols: 40, dims: 30, signal: 1, scale: 1, repeat: 1 })
    const labels = Int8Array.from(taskClasses('left-right', { rows, cols }), (k) => 2 * k - 1)
    const { solutions } = await trainSvm({
      ...{ features, dims, labels, rows: rows * cols, problems: 1, C: 1, passLimit: 1 },
    })
    expect(solutions[0]?.converged).toBe(false)
    expect(solutions[0]?.primal).toBeGreaterThan(solutions[0]?.dual ?? Number.NaN)
  })
})

describe('a training that is stopped', () => {
  it('ends with an interruption and without a result, once it has begun or before', async () => {
    let state = 1
    const matrix = Float32Array.from({ length: 3600 * 300 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 32 - 0.5
    })
    const noise: LayerGrid = { layer: 'noise', matrix, dims: 300, rows: 60, cols: 60, stride: 1 }
    const stopping = new AbortController()
    const begun = separability(noise, { signal: stopping.signal })
    setImmediate(() => stopping.abort(new InterruptedError()))
    await expect(begun).rejects.toThrow(InterruptedError)
    await expect(separability(noise, { signal: stopping.signal })).rejects.toThrow(InterruptedError)
  })
})
