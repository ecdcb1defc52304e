import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { positionReadout, READ_AXES } from '../../../src/experiments/readout/readout.js'
import { leaveOneOut, tridiagonalForm } from '../../../src/experiments/readout/ridge.js'
import { median } from '../../../src/support/stopwatch.js'
import { type FeatureShape, formulaFeatures } from '../../support/features.js'
import { randomOf } from '../../support/random.js'

interface GoldenReadout {
  readonly shape: FeatureShape
  readonly stride: number
  readonly results: readonly {
    readonly axis: string
    readonly test: string
    readonly error: number
    readonly distance: number
    readonly predictions: readonly (readonly [number, number])[]
  }[]
}

const golden: { readonly sklearn: string; readonly cases: readonly GoldenReadout[] } = JSON.parse(
  readFileSync(new URL('../../golden/readout.json', import.meta.url), 'utf8'),
)

/** Features of each position of a grid by its row and column in pixels. */
function gridOf(
  [rows, cols]: readonly [number, number],
  stride: number,
  featureOf: (row: number, col: number) => number[],
) {
  const features = Array.from({ length: rows * cols }, (_, i) =>
    featureOf(Math.floor(i / cols) * stride, (i % cols) * stride),
  )
  return { layer: 'fc', rows, cols, stride, dims: features[0]?.length ?? 0, matrix: Float32Array.from(features.flat()) }
}

/** The number at 0 to below `period`, one-hot. */
function oneHot(value: number, period: number): number[] {
  return Array.from({ length: period }, (_, i) => Number(i === value % period))
}

/** Errors by axis and test. */
async function errorsOf(...given: Parameters<typeof positionReadout>) {
  const results = await positionReadout(...given)
  return Object.fromEntries(results.map(({ axis, test, error }) => [`${axis} ${test}`, error]))
}

it.each(golden.cases)(
  `reads positions as scikit-learn ${golden.sklearn} does: $shape`,
  async ({ shape, stride, results }) => {
    const grid = { ...shape, stride, layer: 'fc', matrix: formulaFeatures(shape) }
    const found = await positionReadout(grid)
    expect(found.filter(({ test }) => test !== 'shuffled')).toEqual(
      results.map(({ axis, test, error, distance, predictions }) => ({
        ...{ axis, test, distance, error: expect.closeTo(error, 4) },
        predictions: predictions.map(([at, predicted]) => ({ at, predicted: expect.closeTo(predicted, 4) })),
      })),
    )
  },
)

describe('position read-out', () => {
  it('of features that are linear in the position has no error, for rows and columns of any grid', async () => {
    const linear = gridOf([50, 30], 2, (row, col) => [3 * row - col + 5, 0.1 * col - 7, 1])
    const errors = await errorsOf(linear, { samples: 300 })
    const tests = [
      'shuffled',
      '8px bands',
      '16px bands',
      '32px bands',
      '64px bands',
      'every 4px',
      'every 8px',
      'every 14px',
    ]
    // Of 30 columns, too few lie outside of a band of 64 px.
    const expected = READ_AXES.flatMap((axis) => tests.map((test) => `${axis} ${test}`)).filter(
      (one) => one !== 'col 64px bands',
    )
    expect(Object.keys(errors)).toEqual(expected)
    expect(Math.max(...Object.values(errors))).toBeLessThan(1e-3)
  })

  it.each([
    [8, ['16px bands', '32px bands', '64px bands', 'every 8px']],
    // Bands of 8 and 16 px have phases of 32 px that were not trained on.
    [32, ['8px bands', '16px bands', '64px bands']],
  ])('of a phase of %i px says no more than the mean in bands', async (period, guessed) => {
    const phase = gridOf([50, 50], 2, (row, col) => [...oneHot(row, period), ...oneHot(col, period)])
    const results = await positionReadout(phase, { samples: 300 })
    for (const { axis, test, error, predictions } of results) {
      const guess = median(predictions.map(({ at }) => Math.abs(at - 49)))
      if (guessed.includes(test)) expect(error / guess, `${axis} ${test}`).toBeGreaterThan(0.7)
    }
  })

  it('of noise, and of features that are all equal, has the error of the mean', async () => {
    const random = randomOf(1, 'noise', 0)
    const noise = gridOf([50, 50], 2, () => Array.from({ length: 20 }, () => random.below(256)))
    const { 'row shuffled': ofNoise } = await errorsOf(noise, { samples: 300 })
    expect(ofNoise).toBeGreaterThan(20)
    expect(ofNoise).toBeLessThan(30)
    const [first] = await positionReadout(gridOf([10, 10], 4, () => [0.1, 0.7, 1e-7, 3.3]))
    const means = [...new Set(first?.predictions.map(({ predicted }) => predicted))]
    expect([means.length, Math.abs((means[0] as number) - 18) < 9]).toEqual([1, true])
  })

  it('swaps rows and columns where the axes of the grid are swapped', async () => {
    const featureOf = (row: number, col: number) => [Math.sin(row / 9), Math.cos(row / 7) + col / 50, (row * col) / 900]
    const all = await positionReadout(gridOf([20, 12], 4, featureOf))
    const turned = await positionReadout(gridOf([12, 20], 4, (row, col) => featureOf(col, row)))
    const bands = (results: typeof all, axis: string) =>
      results.filter((one) => one.axis === axis && one.test !== 'shuffled').map(({ error }) => error.toFixed(6))
    expect(bands(turned, 'col')).toEqual(bands(all, 'row'))
    expect(bands(turned, 'row')).toEqual(bands(all, 'col'))
  })

  it('leaves out tests for which a grid is too coarse, and draws the same samples again', async () => {
    const testsOf = async (rows: number, stride: number, cols = rows) => {
      const results = await positionReadout(gridOf([rows, cols], stride, (row, col) => [row, col]))
      return results.filter(({ axis }) => axis === 'row').map(({ test }) => test)
    }
    expect(await testsOf(13, 8)).toEqual(['shuffled', '16px bands', '32px bands', '64px bands'])
    const bands = [8, 16, 32, 64].map((width) => `${width}px bands`)
    expect(await testsOf(30, 4, 2)).toEqual(['shuffled', ...bands, 'every 8px'])
    expect(await testsOf(3, 50)).toEqual([])
    // Half of ten rows of one position each.
    const [half] = await positionReadout(gridOf([10, 1], 50, (row) => [row]))
    expect(half?.predictions).toHaveLength(5)
    const curved = gridOf([20, 20], 2, (row, col) => [Math.sin(row / 5), Math.cos(col / 5)])
    const once = await errorsOf(curved, { samples: 90 })
    expect(await errorsOf(curved, { samples: 90, seed: 0 })).toEqual(once)
    expect(await errorsOf(curved, { samples: 90, seed: 1 })).not.toEqual(once)
  })
})

/** Ridge regression with an intercept by Gauss elimination, and its value at `x`. */
function fitted(
  features: readonly number[][],
  target: readonly number[],
  penalty: number,
  x: readonly number[],
): number {
  const columns = features.map((row) => [...row, 1])
  const n = x.length + 1
  const system = Array.from({ length: n }, (_, i) => [
    ...Array.from({ length: n }, (_, j) =>
      columns.reduce((sum, row) => sum + (row[i] as number) * (row[j] as number), i === j && i < n - 1 ? penalty : 0),
    ),
    columns.reduce((sum, row, s) => sum + (row[i] as number) * (target[s] as number), 0),
  ])
  for (const [k, pivot] of system.entries())
    for (const [i, row] of system.entries()) {
      const factor = i === k ? 0 : (row[k] as number) / (pivot[k] as number)
      for (let j = k; j <= n; j++) row[j] = (row[j] as number) - factor * (pivot[j] as number)
    }
  return [...x, 1].reduce((sum, value, i) => sum + (value * (system[i]?.[n] as number)) / (system[i]?.[i] as number), 0)
}

it.each([
  [12, 3, 0.01],
  [12, 3, 10],
  [9, 20, 0.5],
  [2, 1, 1],
  [5, 2, 1e-6],
])('errors of %i samples of %i dims left out are those of fits without them', (n, dims, penalty) => {
  const random = randomOf(2, 'leave-one-out', n)
  const value = () => random.below(1000) / 500 - 1
  const features = Array.from({ length: n }, () => Array.from({ length: dims }, value))
  const target = Array.from({ length: n }, value)
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / n
  const centred = features.map((row) => row.map((one, d) => one - mean(features.map((other) => other[d] as number))))
  const gram = centred.map((a) =>
    Float64Array.from(centred, (b) => a.reduce((sum, one, d) => sum + one * (b[d] as number), 0.5)),
  )
  const { errors } = leaveOneOut(
    tridiagonalForm(gram),
    Float64Array.from(target, (one) => one - mean(target)),
    penalty,
    0.5,
  )
  for (let i = 0; i < n; i++) {
    const [others, values] = [features.toSpliced(i, 1), target.toSpliced(i, 1)]
    expect(errors[i]).toBeCloseTo((target[i] as number) - fitted(others, values, penalty, features[i] as number[]), 6)
  }
})
