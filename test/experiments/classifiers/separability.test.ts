import { describe, expect, it } from 'vitest'
import { InputError, InterruptedError, UsageError } from '../../../src/errors.js'
import {
  assignFolds,
  FOLDS,
  type FoldScheme,
  TASKS,
  type Task,
  taskClasses,
  trainingLabels,
} from '../../../src/experiments/classifiers/folds.js'
import {
  type ClassifierOptions,
  type Separability,
  separabilityByScheme,
} from '../../../src/experiments/classifiers/separability.js'
import type { LayerGrid } from '../../../src/experiments/maps/grid.js'
import { NonFiniteFeatureError, trainSvm } from '../../../src/native.js'
import golden from '../../golden/svm.json' with { type: 'json' }
import { type FeatureShape, formulaFeatures, positionFeatures } from '../../support/features.js'
import { messageOf } from '../../support/messageOf.js'

/** Under one fold scheme. */
async function separability(grid: LayerGrid, options: ClassifierOptions = {}, cv: FoldScheme = 'ordered') {
  const [result] = await separabilityByScheme(grid, [cv], options)
  return result as Separability
}

function gridOf(shape: FeatureShape): LayerGrid {
  return { ...shape, layer: 'fc', matrix: formulaFeatures(shape), stride: 1 }
}

function positionGrid(rows: number, cols: number): LayerGrid {
  return { layer: 'position', matrix: positionFeatures(rows, cols), dims: 2, rows, cols, stride: 1 }
}

/** Objectives of the training problems of one task with ordered folds. */
async function objectives(grid: LayerGrid, task: Task, C: number): Promise<number[]> {
  const classes = taskClasses(task, grid)
  const labels = trainingLabels([{ classes, folds: assignFolds('ordered', classes, grid, 0) }])
  const { matrix: features, dims } = grid
  const { solutions } = await trainSvm({ features, rows: classes.length, dims, labels, problems: FOLDS, C })
  return solutions.map(({ primal }) => primal)
}

const shape = { rows: 10, cols: 12, dims: 9, signal: 8, scale: 1, repeat: 1 }

it('draws its random folds by the seed', async () => {
  const accuracies = async (seed: number) =>
    (await separability(gridOf({ ...shape, signal: 1 }), { seed }, 'shuffled'))['top-bottom'].folds
  expect(await accuracies(1)).toEqual(await accuracies(1))
  expect(await accuracies(1)).not.toEqual(await accuracies(2))
})

describe(`against scikit-learn ${golden.sklearn}`, () => {
  const cases = golden.cases.map((one) => ({ title: `${JSON.stringify(one.shape)}, C = ${one.C}`, ...one }))
  it.each(cases)('accuracies and objectives of $title', async ({ shape, C, tasks }) => {
    const grid = typeof shape === 'string' ? positionGrid(100, 100) : gridOf(shape)
    const result = await separability(grid, { C })
    for (const task of TASKS) {
      const { accuracies, objectives: expected } = tasks[task]
      expect(result[task].notConverged).toEqual([])
      for (const [fold, accuracy] of result[task].folds.entries()) {
        const error = Math.abs((accuracy as number) - (accuracies[fold] as number))
        expect(error, `${task} ${fold}`).toBeLessThanOrEqual(0.002)
      }
      for (const [fold, objective] of (await objectives(grid, task, C)).entries()) {
        const ratio = objective / (expected[fold] as number)
        expect(ratio, `${task} ${fold}`).toBeLessThanOrEqual(1 + 1e-3)
        // Where objectives are tiny, libsvm's float32 kernel and tolerance leave its own far above the optimum.
        if (typeof shape === 'string' || shape.scale <= 1)
          expect(ratio, `${task} ${fold}`).toBeGreaterThanOrEqual(1 - 1e-3)
      }
    }
  })

  it.each(golden.rectangles)('zeros but for a rectangle of equal features: $sides', async ({ sides, tasks }) => {
    const [top = 0, bottom = 0, left = 0, right = 0] = sides
    const [rows, cols, dims] = [36, 35, 16]
    const matrix = Float32Array.from({ length: rows * cols * dims }, (_, i) => {
      const [row, col] = [Math.floor(i / dims / cols), Math.floor(i / dims) % cols]
      const inside = row >= top && row < bottom && col >= left && col < right
      return inside ? 0.1 + (0.9 * (i % dims)) / 15 : 0
    })
    const result = await separability({ layer: 'fc', matrix, dims, rows, cols, stride: 1 })
    for (const task of TASKS) {
      expect(result[task].notConverged).toEqual([])
      for (const [fold, [least = 1, most = 0]] of tasks[task].entries()) {
        expect(result[task].folds[fold]).toBeGreaterThanOrEqual(least - 0.002)
        expect(result[task].folds[fold]).toBeLessThanOrEqual(most + 0.002)
      }
    }
  })
})

describe('separability', () => {
  it('closes the duality gap, and does not depend on threads, memory, rows beyond the grid or other schemes', async () => {
    for (const changes of [{}, { signal: 0.5, repeat: 2 }, { dims: 30, scale: 0.125, rows: 14, cols: 5 }]) {
      const grid = gridOf({ ...shape, ...changes })
      const length = grid.matrix.length
      const shared = new Float32Array(new SharedArrayBuffer(4 * (length + 5 * grid.dims))).fill(Number.NaN)
      shared.set(grid.matrix)
      const one = await separability(grid, { threads: 1, seed: 5 }, 'blocks')
      const schemes = ['ordered', 'blocks'] as const
      const [, three] = await separabilityByScheme({ ...grid, matrix: shared }, schemes, { threads: 3, seed: 5 })
      expect(three).toEqual(one)
      for (const { notConverged, gaps } of TASKS.map((task) => one[task])) {
        expect(notConverged).toEqual([])
        expect(Math.min(...gaps)).toBeGreaterThan(-1e-9)
        expect(Math.max(...gaps)).toBeLessThanOrEqual(1e-6)
      }
    }
  })

  it('counts a decision of zero as half right', async () => {
    // Classifiers of -1 and 1 decide by the sign; where the one feature of 0 is tested, they cannot.
    const matrix = Float32Array.from({ length: 100 }, (_, i) => (i === 9 ? 0 : i % 10 < 5 ? -1 : 1))
    const grid = { layer: 'fc', matrix, dims: 1, rows: 10, cols: 10, stride: 1 }
    const { folds, mean, std } = (await separability(grid))['left-right']
    expect([folds, mean, std]).toEqual([[0.975, 1, 1, 1, 1], expect.closeTo(0.995, 12), expect.closeTo(0.01, 12)])
    expect((await separability(grid, { tie: 2 }))['left-right'].folds).toEqual([0.5, 0.5, 0.5, 0.5, 0.5])
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('names the position of a feature that is %f', async (bad) => {
    const grid = { ...gridOf(shape), stride: 4 }
    grid.matrix[9 * (2 * 12 + 7) + 1] = bad
    expect(await messageOf(separability(grid), NonFiniteFeatureError as never)).toBe(
      'fc: the feature at position (8, 28) holds NaN or infinity; check the weights and the object',
    )
  })

  it('refuses features that are the same everywhere, and small grids', async () => {
    const constant = { ...positionGrid(10, 10), matrix: new Float32Array(200).fill(3) }
    const refusal = 'position: the features are equal at all positions, so a classifier cannot tell the positions apart'
    expect(await messageOf(separability(constant))).toContain(refusal)
    constant.matrix[199] = 4
    expect(await separability(constant)).toBeDefined()
    expect(await messageOf(separability(positionGrid(2, 2)))).toMatch(/^position: one half of .* too few for 5 folds/)
    await expect(separability(positionGrid(2, 2))).rejects.toThrow(InputError)
  })

  it('refuses a fold scheme that there is not', async () => {
    const refusal = 'fold scheme random is not known; use ordered, shuffled, transposed, blocks'
    expect(await messageOf(separability(positionGrid(10, 10), {}, 'random' as 'blocks'), UsageError)).toBe(refusal)
  })

  it.each<readonly [object, string]>([
    [{ threads: 0 }, '`threads` 0 is not a positive whole number'],
    ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY].map((C) => [{ C }, `C = ${C} is not a positive`] as const),
    ...[1.1e30, 0.9e-30].map((C) => [{ C }, `C = ${C} is not between 1e-30 and 1e+30; use \`C 1\``] as const),
  ])('refuses the options %j', async (options, message) => {
    expect(await messageOf(separability(positionGrid(10, 10), options), UsageError)).toContain(message)
  })

  it.each([1e-30, 1e30])('has finite gaps at C = %f, however large the features', async (C) => {
    const { matrix, ...grid } = gridOf({ ...shape, rows: 4, cols: 4 })
    const largest = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    for (const scale of [1e-37, 3e38 / largest]) {
      const result = await separability({ ...grid, matrix: matrix.map((value) => value * scale) }, { C })
      for (const task of TASKS) expect(result[task].gaps.every(Number.isFinite)).toBe(true)
    }
  })

  it('has no accuracy of a classifier that did not converge, and no mean of its task', async () => {
    const grid = gridOf({ ...shape, rows: 20, cols: 20, dims: 2, signal: 0.5 })
    const { notConverged, folds, mean, std } = (await separability(grid, { tolerance: 1e-300 }))['left-right']
    expect(notConverged.length).toBeGreaterThan(0)
    expect(folds.flatMap((accuracy, fold) => (accuracy === null ? fold : []))).toEqual(notConverged)
    expect([mean, std]).toEqual([null, null])
  })

  it('ends with an interruption and without a result, once it has begun or before', async () => {
    const matrix = Float32Array.from({ length: 2500 * 200 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) / 2 ** 32)
    const noise: LayerGrid = { layer: 'noise', matrix, dims: 200, rows: 50, cols: 50, stride: 1 }
    const stopping = new AbortController()
    const begun = separability(noise, { signal: stopping.signal })
    setImmediate(() => stopping.abort(new InterruptedError()))
    await expect(begun).rejects.toThrow(InterruptedError)
    await expect(separability(noise, { signal: stopping.signal })).rejects.toThrow(InterruptedError)
  })
})
