import type { GridShape } from './folds.js'
import { AXES, type Axis } from './mapMeasures.js'

/** Periods of the grid spectrum in pixels (SPEC section 5): the strides that networks reach layer by layer. */
export const GRID_PERIODS = [2, 4, 8, 16, 32] as const

/** Power of a map at one period along one axis. */
export interface PeriodPower {
  /** `horizontal`: along rows, the object moves left or right. */
  readonly axis: Axis
  /** In pixels. */
  readonly period: number
  /** Mean square of the part of the map with this period, mean over lines: a sine of amplitude A has A²/2. */
  readonly power: number
}

/** Fewer than this many periods in a line cannot be told from the map's smooth part. */
const FEWEST_PERIODS = 3

/**
 * Grid spectrum of a map (SPEC section 5): how strongly the similarity rises and falls with a period of so many pixels as
 * the object moves along an axis. Each row (column) loses its best-fitting parabola, is weighted by a Hann window and
 * transformed at the frequency 1 / period; the powers of all rows (columns) are averaged.
 * A period is left out where the map cannot show it: shorter than two strides (it would pass for a longer one), or with
 * fewer than three periods in a line.
 * @param map [rows, cols], row-major
 * @param stride distance of neighbouring positions in pixels
 */
export function gridSpectrum(map: ArrayLike<number>, shape: GridShape, stride: number): readonly PeriodPower[] {
  return AXES.flatMap((axis) => {
    const length = axis === 'horizontal' ? shape.cols : shape.rows
    const kernels = kernelsFor(length, stride)
    const powers = axis === 'horizontal' ? rowPowers(map, shape, kernels) : columnPowers(map, shape, kernels)
    return kernels.map(({ period }, i) => ({ axis, period, power: powers[i] as number }))
  })
}

/**
 * What turns a line into its complex amplitude at a period: to remove the parabola, to weight and to transform are linear,
 * so that together they are one scalar product.
 */
interface PeriodKernel {
  readonly period: number
  /** Real and imaginary part, [length], scaled so that the squared product is the power. */
  readonly real: Float64Array
  readonly imaginary: Float64Array
}

const knownKernels = new Map<string, readonly PeriodKernel[]>()

/** The kernels of all periods that lines of this length and stride can show. */
function kernelsFor(length: number, stride: number): readonly PeriodKernel[] {
  const key = `${length} ${stride}`
  const known = knownKernels.get(key)
  if (known !== undefined) return known
  const kernels = GRID_PERIODS.filter(
    (period) => period >= 2 * stride && length * stride >= FEWEST_PERIODS * period,
  ).map((period) => periodKernel(length, period, stride / period))
  knownKernels.set(key, kernels)
  return kernels
}

/** @param frequency in periods per position, at most a half */
function periodKernel(length: number, period: number, frequency: number): PeriodKernel {
  const window = Float64Array.from({ length }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / length) ** 2)
  // A sine's power lies half at the frequency and half at its mirror image, which fall together at a half.
  const scale = Math.sqrt(frequency < 0.5 ? 2 : 1) / window.reduce((sum, value) => sum + value, 0)
  const wave = (part: (angle: number) => number) =>
    withoutParabola(window.map((value, i) => scale * value * part(2 * Math.PI * frequency * i)))
  return { period, real: wave(Math.cos), imaginary: wave(Math.sin) }
}

/** The line less its least-squares parabola. */
function withoutParabola(line: Float64Array): Float64Array {
  const rest = line.slice()
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0)
  const basis: Float64Array[] = []
  for (const degree of [0, 1, 2]) {
    const polynomial = line.map((_, i) => ((2 * i + 1) / line.length - 1) ** degree)
    for (const other of basis) subtract(polynomial, other, dot(polynomial, other))
    const norm = Math.sqrt(dot(polynomial, polynomial))
    basis.push(polynomial.map((value) => value / norm))
  }
  for (const polynomial of basis) subtract(rest, polynomial, dot(rest, polynomial))
  return rest
}

function subtract(target: Float64Array, other: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) - factor * (other[i] as number)
}

function rowPowers(map: ArrayLike<number>, { rows, cols }: GridShape, kernels: readonly PeriodKernel[]): number[] {
  return kernels.map(({ real, imaginary }) => {
    let power = 0
    for (let start = 0; start < rows * cols; start += cols) {
      let re = 0
      let im = 0
      for (let col = 0; col < cols; col++) {
        const value = map[start + col] as number
        re += value * (real[col] as number)
        im += value * (imaginary[col] as number)
      }
      power += re * re + im * im
    }
    return power / rows
  })
}

function columnPowers(map: ArrayLike<number>, { rows, cols }: GridShape, kernels: readonly PeriodKernel[]): number[] {
  const re = new Float64Array(cols)
  const im = new Float64Array(cols)
  return kernels.map(({ real, imaginary }) => {
    re.fill(0)
    im.fill(0)
    // Row by row, since that is how the map lies in memory.
    for (let row = 0; row < rows; row++) {
      const cosine = real[row] as number
      const sine = imaginary[row] as number
      for (let col = 0; col < cols; col++) {
        const value = map[row * cols + col] as number
        re[col] = (re[col] as number) + value * cosine
        im[col] = (im[col] as number) + value * sine
      }
    }
    let power = 0
    for (let col = 0; col < cols; col++) power += (re[col] as number) ** 2 + (im[col] as number) ** 2
    return power / cols
  })
}
