import { mean } from '../../support/statistics.js'

/** Penalties to try, as multiples of the mean squared length of the centred features. */
const PENALTIES = Array.from({ length: 19 }, (_, i) => 10 ** (i / 2 - 8))

/**
 * Ridge regression with an intercept, which is not penalised. It uses only the Gram matrix, so the cost does not grow
 * with the length of the features. It tries 19 penalties and takes the one with the lowest leave-one-out mean squared
 * error. If all features are equal, every prediction is the mean target of the training samples.
 * @param gram scalar products of the samples' features, [samples, samples]
 * @param target values to predict, [samples]; only those of the training samples are read
 * @returns predictions for all samples, [samples]
 */
export function ridgePredictions(gram: Float64Array, trained: readonly number[], target: Float64Array): Float64Array {
  const samples = target.length
  const products = trained.map((i) => Float64Array.from(trained, (j) => gram[i * samples + j]!))
  const means = Float64Array.from(products, mean)
  const center = mean(means)
  const size = mean(products.map((row, i) => row[i]!))
  const scale = size - center
  const level = mean(trained.map((i) => target[i]!))
  // Features that differ only by rounding errors tell nothing, so the mean target is the best prediction.
  if (scale <= 1e-12 * size) return new Float64Array(samples).fill(level)
  const centred = products.map((row, i) => row.map((product, j) => product - means[i]! - means[j]! + center + scale))
  const form = tridiagonalForm(centred)
  const values = Float64Array.from(trained, (i) => target[i]! - level)
  const fits = PENALTIES.map((penalty) => leaveOneOut(form, values, penalty * scale, scale))
  const square = ({ errors }: (typeof fits)[number]) => dot(errors, errors)
  const { coefficients } = fits.reduce((best, fit) => (square(fit) < square(best) ? fit : best))
  // The coefficients sum to 0, so every constant term of the centring cancels out. Only `means` remains.
  const intercept = level - dot(coefficients, means)
  return Float64Array.from({ length: samples }, (_, s) =>
    trained.reduce((sum, i, j) => sum + coefficients[j]! * gram[s * samples + i]!, intercept),
  )
}

/**
 * A symmetric matrix as Q·T·Qᵀ, where T is tridiagonal. In this form, each further penalty takes only n² operations.
 * All penalties together take a third of the time that eigenvectors, or one Cholesky factor per penalty, would take.
 */
interface TridiagonalForm {
  readonly diagonal: Float64Array
  /** Values next to the diagonal of T, [n]: the k-th is in row k and column k - 1; the first is 0. */
  readonly besides: Float64Array
  /** Rows of the orthogonal matrix Q, [n][n]. */
  readonly basis: readonly Float64Array[]
}

/**
 * Ridge regression on the training samples with one penalty, and its leave-one-out error at each sample.
 *
 * Let K be the Gram matrix of the centred features, and G = (K + level·1·1ᵀ + penalty·I)⁻¹. The coefficients are G·y.
 * The error at sample i is (G·y)ᵢ / (Gᵢᵢ - h), where h = 1 / (n · (n · level + penalty)) removes the level's
 * contribution. K is 0 along the constant vector 1, which belongs to the intercept and has no penalty. A positive
 * `level` sets this vector apart from others along which K is 0. As in Eldén (BIT 24, 1984), the tridiagonal form takes
 * the place of eigenvalues.
 * @param form tridiagonal form T of K + level·1·1ᵀ
 * @param values y: the target minus its mean, [n]
 */
export function leaveOneOut(
  { diagonal, besides, basis }: TridiagonalForm,
  values: Float64Array,
  penalty: number,
  level: number,
): { readonly coefficients: Float64Array; readonly errors: Float64Array } {
  const n = values.length
  const rotated = new Float64Array(n)
  for (const [i, row] of basis.entries()) addTo(rotated, row, values[i]!)
  // T + penalty·I = L·D·Lᵀ, where D is diagonal with `pivots`, and L has ones on its diagonal and `factors` below them.
  // `solution` solves L·D·x = Qᵀ·y.
  const [pivots, factors, solution] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)]
  for (let k = 0, [pivot, rest] = [1, 0]; k < n; k++) {
    const factor = besides[k]! / pivot
    pivot = diagonal[k]! + penalty - factor * besides[k]!
    rest = rotated[k]! - factor * rest
    factors[k] = factor
    pivots[k] = pivot
    solution[k] = rest / pivot
  }
  const [coefficients, errors] = [new Float64Array(n), new Float64Array(n)]
  for (const [i, row] of basis.entries()) {
    let [coefficient, inverse, rest] = [0, 0, 0]
    for (let k = 0; k < n; k++) {
      rest = row[k]! - factors[k]! * rest
      coefficient += rest * solution[k]!
      inverse += (rest * rest) / pivots[k]!
    }
    coefficients[i] = coefficient
    errors[i] = coefficient / (inverse - 1 / (n * (n * level + penalty)))
  }
  return { coefficients, errors }
}

/**
 * Makes a matrix tridiagonal by Householder reflections I - v·vᵀ from both sides. Each reflection leaves the finished
 * rows and columns unchanged (Golub and Van Loan, Matrix Computations, section 8.3).
 * @param matrix symmetric, [n][n]; only its lower triangle is read
 */
export function tridiagonalForm(matrix: readonly Float64Array[]): TridiagonalForm {
  const n = matrix.length
  const lower = matrix.map((row) => row.slice())
  const besides = new Float64Array(n)
  const reflections: Float64Array[] = []
  for (let k = 1; k < n; k++) {
    const rows = lower.slice(k)
    const v = Float64Array.from(rows, (row) => row[k - 1]!)
    const length = Math.sqrt(dot(v, v))
    besides[k] = v[0]! > 0 ? -length : length
    v[0] = v[0]! - besides[k]!
    const scale = length > 0 ? Math.sqrt(2 / dot(v, v)) : 0
    reflections.push(v.map((value) => value * scale))
    reflectBothSides(partsOf(rows, k), reflections.at(-1)!)
  }
  const basis = lower.map((_, i) => new Float64Array(n).fill(1, i, i + 1))
  for (const v of reflections.toReversed()) {
    const from = n - v.length
    const rows = partsOf(basis.slice(from), from)
    const w = new Float64Array(v.length)
    for (const [i, row] of rows.entries()) addTo(w, row, v[i]!)
    for (const [i, row] of rows.entries()) addTo(row, w, -v[i]!)
  }
  return { diagonal: Float64Array.from(lower, (row, k) => row[k]!), besides, basis }
}

function partsOf(rows: readonly Float64Array[], from: number): readonly Float64Array[] {
  return rows.map((row) => row.subarray(from))
}

/** Changes a symmetric matrix A to A - v·wᵀ - w·vᵀ, in place. Only its lower triangle is read and written. */
function reflectBothSides(lower: readonly Float64Array[], v: Float64Array): void {
  const w = new Float64Array(v.length)
  for (const [i, row] of lower.entries()) {
    const vi = v[i]!
    let sum = row[i]! * vi
    for (let j = 0; j < i; j++) {
      const value = row[j]!
      sum += value * v[j]!
      w[j] = w[j]! + value * vi
    }
    w[i] = w[i]! + sum
  }
  addTo(w, v, -dot(v, w) / 2)
  for (const [i, row] of lower.entries()) {
    const [vi, wi] = [v[i]!, w[i]!]
    for (let j = 0; j <= i; j++) row[j] = row[j]! - vi * w[j]! - wi * v[j]!
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function addTo(target: Float64Array, values: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! + factor * values[i]!
}
