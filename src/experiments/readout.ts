import { median } from '../support/stopwatch.js'
import { afterSignals } from './featureArithmetic.js'
import { shuffle } from './folds.js'
import { type LayerGrid, positionAt } from './grid.js'
import { randomNumbers } from './randomNumbers.js'
import { ridgePredictions } from './ridge.js'

/** The coordinates that are read out of the features: row and column of the object. */
export const READ_AXES = ['row', 'col'] as const

/** Number of a grid's positions that a study samples. */
export const READ_SAMPLES = 800

/** Widths in pixels of the bands of rows (columns) that are left out of training. */
const BANDS = [8, 16, 32, 64] as const

/** Distances in pixels between the only rows (columns) that are trained on. */
const STEPS = [4, 8, 14] as const

/** The fewest trained rows (columns). With fewer, a test says more about these rows than about the features. */
const FEWEST_LINES = 4

/** How well a read-out finds rows (columns) in one test. */
export interface AxisReadout {
  readonly axis: (typeof READ_AXES)[number]
  /**
   * `shuffled`, or the choice of rows (columns) for training, such as `8px bands` or `every 14px`; see
   * `positionReadout`.
   */
  readonly test: string
  /** Median over tested samples of the absolute error, in pixels. */
  readonly error: number
  /** Median over tested samples of the distance to the nearest trained row (column), in pixels. */
  readonly distance: number
  /** Median prediction at each tested row (column), both in pixels; in ascending order. */
  readonly predictions: readonly { readonly at: number; readonly predicted: number }[]
}

/**
 * Reads row and column of the object out of a layer's features by ridge regression, and tests it at positions that were
 * left out of training. Features are centred but not standardised. So one Gram matrix is enough for all tests, values
 * that hardly change stay weak, and rotating the feature space does not change the results, just as with cosines
 * and classifiers.
 *
 * - `shuffled`: half of the samples are left out, at random.
 * - `8px bands` (16, 32, 64): every other band of so many rows is left out. One of them is in the middle, so that wide
 *   bands, too, have trained rows on both sides.
 * - `every 4px` (8, 14): only rows at multiples of it are trained on, and those between are tested.
 *
 * A test is left out if the grid is too coarse for it (fewer than two rows in a band, or no row between), or if it
 * would be trained on fewer than four rows.
 *
 * @param grid features of one layer, [positions, dims] in row-major order
 * @param options seed of the choice of samples, a whole number, and how many positions are drawn; if there are fewer,
 * all are used
 * @returns tests of rows, then of columns, in the order above; positions in pixels of the object's top-left corner
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
      const isKnown = samples.map((s) => isTrained(target[s] as number, s / target.length))
      const trained = samples.filter((s) => isKnown[s])
      const lines = [...new Set(trained.map((s) => target[s] as number))]
      if (lines.length < FEWEST_LINES || trained.length === samples.length) continue
      // Each fit holds this thread for about a tenth of a second.
      await afterSignals()
      const predictions = ridgePredictions(gram, trained, target)
      const tested = samples.filter((s) => !isKnown[s])
      const pairs = tested.map((s) => [target[s] as number, predictions[s] as number] as const)
      results.push({ axis, test, ...judged(pairs, lines) })
    }
  }
  return results
}

/**
 * Name and training samples of each test.
 * @param lines rows (columns) of the grid
 * @returns pairs of the name and a function that says whether a sample is trained on. It takes the sample's row
 *   (column) in pixels, and the share of samples that come before it in random order
 */
function testsOf(
  lines: number,
  stride: number,
): readonly (readonly [string, (pixel: number, share: number) => boolean])[] {
  const middle = ((lines - 1) * stride) / 2
  const bands = BANDS.filter((width) => width >= 2 * stride)
  const steps = STEPS.filter((step) => step > stride && step % stride === 0)
  return [
    ['shuffled', (_, share) => share < 0.5],
    ...bands.map(
      (width) => [`${width}px bands`, (pixel: number) => Math.round((pixel - middle) / width) % 2 !== 0] as const,
    ),
    ...steps.map((step) => [`every ${step}px`, (pixel: number) => pixel % step === 0] as const),
  ]
}

/**
 * @param tested true and predicted row (column) of each tested sample
 * @param lines trained rows (columns)
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

/** Scalar products of the features at some positions, summed in float64, [samples, samples]. */
async function gramMatrix({ matrix, dims }: LayerGrid, chosen: readonly number[]): Promise<Float64Array> {
  const n = chosen.length
  const features = chosen.map((index) => matrix.subarray(index * dims, (index + 1) * dims))
  const gram = new Float64Array(n * n)
  for (const [i, feature] of features.entries()) {
    await afterSignals()
    for (let j = 0; j <= i; j += 4) {
      // Four rows at a time, since memory bandwidth limits such products.
      productsOf(feature, features.slice(j, j + 4)).forEach((product, k) => {
        gram[i * n + j + k] = product
        gram[(j + k) * n + i] = product
      })
    }
  }
  return gram
}

/** Scalar products of a feature and one to four others. */
function productsOf(feature: Float32Array, others: readonly Float32Array[]): readonly number[] {
  const [a = feature, b = feature, c = feature, d = feature] = others
  let [first, second, third, fourth] = [0, 0, 0, 0]
  for (let k = 0; k < feature.length; k++) {
    const value = feature[k] as number
    first += value * (a[k] as number)
    second += value * (b[k] as number)
    third += value * (c[k] as number)
    fourth += value * (d[k] as number)
  }
  return [first, second, third, fourth].slice(0, others.length)
}
