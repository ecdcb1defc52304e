import { randomNumbers } from '../../support/randomNumbers.js'
import { median } from '../../support/stopwatch.js'
import { afterSignals } from '../arithmetic/featureArithmetic.js'
import { shuffle } from '../classifiers/folds.js'
import { type LayerGrid, positionAt } from '../maps/grid.js'
import { ridgePredictions } from './ridge.js'

export const READ_AXES = ['row', 'col'] as const

/** Number of positions per grid that a study samples, to test how well features predict the position. */
export const READ_SAMPLES = 800

/** Widths, in pixels, of the bands that are left out of training; see `positionReadout`. */
const BANDS = [8, 16, 32, 64] as const

/** Distances, in pixels, between rows (columns) in training. All rows in between are tested; see `positionReadout`. */
const STEPS = [4, 8, 14] as const

/**
 * Smallest number of rows (columns) in training. With fewer, a test says more about these rows than about the features.
 */
const FEWEST_LINES = 4

/** Result of one test of how well the features predict the object's row (column). */
export interface AxisReadout {
  readonly axis: (typeof READ_AXES)[number]
  /** Name of the test, such as `shuffled`, `8px bands` or `every 14px`; see `positionReadout`. */
  readonly test: string
  /** Median absolute error of the tested samples, in pixels. */
  readonly error: number
  /**
   * Median distance, in pixels, from the row (column) of a tested sample to the nearest row (column) of a training
   * sample.
   */
  readonly distance: number
  /** Median prediction for each tested row or column `at`, in ascending order of `at`. Both numbers are in pixels. */
  readonly predictions: readonly { readonly at: number; readonly predicted: number }[]
}

/**
 * Predicts the object's row and column from a layer's features by ridge regression, and tests the predictions at
 * positions that were left out of training. Features are centred but not standardised, for three reasons: one Gram
 * matrix serves all tests, dims that hardly vary have little influence, and a rotation of the feature space does not
 * change the results.
 * - `shuffled`: a random half of the samples is left out.
 * - `8px bands` (16, 32, 64): every other band of 8 (16, 32, 64) pixels is left out. One of the left-out bands is in
 *   the middle, so that it has training rows on both sides even if bands are wide.
 * - `every 4px` (8, 14): only rows at multiples of 4 (8, 14) pixels are in training, and the rows in between are
 *   tested.
 *
 * Columns are tested in the same way. A test is skipped if fewer than four rows are left for training. A test with
 * bands is also skipped if a band has fewer than two rows. A test such as `every 4px` needs a grid with a smaller
 * stride that divides 4.
 * @param options `samples`: how many positions are used (all if there are fewer); `seed`: for their random choice
 * @returns tests in the order above: first for the row of the object's top-left corner (in pixels), then for the column
 */
export async function positionReadout(
  grid: LayerGrid,
  { seed = 0, samples: most = READ_SAMPLES }: { readonly seed?: number; readonly samples?: number } = {},
): Promise<readonly AxisReadout[]> {
  const positions = Array.from({ length: grid.rows * grid.cols }, (_, i) => i)
  const chosen = shuffle(positions, randomNumbers(seed)).slice(0, most)
  const gram = await gramMatrix(grid, chosen)
  const results: AxisReadout[] = []
  for (const axis of READ_AXES) {
    const target = Float64Array.from(chosen, (index) => positionAt(index, grid)[axis])
    for (const [test, isTrained] of testsOf(axis === 'row' ? grid.rows : grid.cols, grid.stride)) {
      const samples = [...target.keys()]
      const isKnown = samples.map((s) => isTrained(target[s]!, s / target.length))
      const trained = samples.filter((s) => isKnown[s])
      const lines = [...new Set(trained.map((s) => target[s]!))]
      if (lines.length < FEWEST_LINES || trained.length === samples.length) continue
      // Lets the process handle signals such as Ctrl-C. Each fit blocks this thread for about a tenth of a second.
      await afterSignals()
      const predictions = ridgePredictions(gram, trained, target)
      const tested = samples.filter((s) => !isKnown[s])
      const pairs = tested.map((s) => [target[s]!, predictions[s]!] as const)
      results.push({ axis, test, ...judged(pairs, lines) })
    }
  }
  return results
}

/**
 * Lists the tests that are possible with this stride. Each has a function that is true for samples in training. `pixel`
 * is the sample's row (column). `share` is the sample's place in random order, from 0 to 1.
 * @param lines number of rows (columns) of the grid
 */
function testsOf(
  lines: number,
  stride: number,
): readonly (readonly [string, (pixel: number, share: number) => boolean])[] {
  const middle = ((lines - 1) * stride) / 2
  const bands = BANDS.filter((width) => width >= 2 * stride)
  const steps = STEPS.filter((step) => step % stride === 0)
  return [
    ['shuffled', (_, share) => share < 0.5],
    ...bands.map(
      (width) => [`${width}px bands`, (pixel: number) => Math.round((pixel - middle) / width) % 2 !== 0] as const,
    ),
    ...steps.map((step) => [`every ${step}px`, (pixel: number) => pixel % step === 0] as const),
  ]
}

/**
 * @param tested true and predicted row (column) of each tested sample, in pixels
 * @param lines rows (columns) in training, in pixels
 */
function judged(
  tested: readonly (readonly [at: number, predicted: number])[],
  lines: readonly number[],
): Pick<AxisReadout, 'error' | 'distance' | 'predictions'> {
  const ascending = [...new Set(tested.map(([at]) => at))].sort((a, b) => a - b)
  return {
    error: median(tested.map(([at, predicted]) => Math.abs(predicted - at))),
    distance: median(tested.map(([at]) => Math.min(...lines.map((line) => Math.abs(line - at))))),
    predictions: ascending.map((line) => ({
      at: line,
      predicted: median(tested.flatMap(([at, predicted]) => (at === line ? [predicted] : []))),
    })),
  }
}

/** Scalar products of the features at the chosen positions, summed in float64, [samples, samples]. */
async function gramMatrix({ matrix, dims }: LayerGrid, chosen: readonly number[]): Promise<Float64Array> {
  const n = chosen.length
  const features = chosen.map((index) => matrix.subarray(index * dims, (index + 1) * dims))
  const gram = new Float64Array(n * n)
  for (const [i, feature] of features.entries()) {
    await afterSignals()
    for (let j = 0; j <= i; j += 4) {
      // Four products at a time read `feature` once instead of four times. Memory bandwidth limits the speed.
      productsOf(feature, features.slice(j, j + 4)).forEach((product, k) => {
        gram[i * n + j + k] = product
        gram[(j + k) * n + i] = product
      })
    }
  }
  return gram
}

function productsOf(feature: Float32Array, others: readonly Float32Array[]): readonly number[] {
  const [a = feature, b = feature, c = feature, d = feature] = others
  let [first, second, third, fourth] = [0, 0, 0, 0]
  for (let k = 0; k < feature.length; k++) {
    const value = feature[k]!
    first += value * a[k]!
    second += value * b[k]!
    third += value * c[k]!
    fourth += value * d[k]!
  }
  return [first, second, third, fourth].slice(0, others.length)
}
