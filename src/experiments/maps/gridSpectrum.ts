import type { GridShape } from './grid.js'
import { DIRECTIONS, type Direction } from './mapMeasures.js'

/** Periods to look for, in pixels: the usual total strides of networks' layers. */
export const GRID_PERIODS = [2, 4, 8, 16, 32] as const

interface PeriodPower {
  readonly direction: Direction
  readonly period: number
  /**
   * Mean square of the component with this period, averaged over all rows (columns). A sine of amplitude A has power
   * A²/2.
   */
  readonly power: number
}

/**
 * A period must fit at least this often into a row (column). Longer periods cannot be told from the map's smooth part.
 */
const FEWEST_PERIODS = 3

/**
 * Grid spectrum of a map: how strongly the similarity rises and falls with each period in pixels as the object moves
 * along an axis. From each row (column), the function subtracts the best-fitting parabola, applies a Hann window and
 * computes the Fourier component at the frequency 1 / period. Then it averages the powers of all rows (columns). It
 * leaves out periods that the map cannot show. These are periods shorter than two strides, which would appear as longer
 * ones, and periods that fit fewer than three times into a row (column).
 * @param map [rows, cols], row-major
 */
export function gridSpectrum(map: ArrayLike<number>, shape: GridShape, stride: number): readonly PeriodPower[] {
  return DIRECTIONS.flatMap((direction) => {
    const isAlongRows = direction === 'horizontal'
    const length = isAlongRows ? shape.cols : shape.rows
    const kernels = kernelsFor(length, stride)
    const powers = linePowers(isAlongRows ? map : transposed(map, shape), length, kernels)
    return kernels.map(({ period }, i) => ({ direction, period, power: powers[i]! }))
  })
}

function transposed(map: ArrayLike<number>, { rows, cols }: GridShape): Float64Array {
  const turned = new Float64Array(rows * cols)
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) turned[col * rows + row] = map[row * cols + col]!
  }
  return turned
}

/** @param map rows (columns) of a map one after the other, [lines, length] */
function linePowers(map: ArrayLike<number>, length: number, kernels: readonly PeriodKernel[]): Float64Array {
  const powers = new Float64Array(kernels.length)
  const sums = new Float64Array(Math.ceil(length / 2))
  const differences = new Float64Array(sums.length)
  for (let start = 0; start < map.length; start += length) {
    for (let i = 0; i < sums.length; i++) {
      const left = map[start + i]!
      const right = map[start + length - 1 - i]!
      sums[i] = left + right
      differences[i] = left - right
    }
    for (let k = 0; k < kernels.length; k++) {
      const { real, imaginary } = kernels[k]!
      let re = 0
      let im = 0
      for (let i = 0; i < sums.length; i++) {
        re += sums[i]! * real[i]!
        im += differences[i]! * imaginary[i]!
      }
      powers[k] = powers[k]! + re * re + im * im
    }
  }
  return powers.map((power) => (power * length) / map.length)
}

/**
 * Complex vector whose scalar product with a line (a row or column of a map) is the line's amplitude at a period.
 * Removing the parabola, windowing and transforming are all linear, so this one product does all three. Mirroring the
 * vector leaves its real part as it is and negates its imaginary part. So only one half of each part is stored.
 * The real part is multiplied by sums of mirrored values in the line, and the imaginary part by their differences.
 */
interface PeriodKernel {
  readonly period: number
  /** First half of each part, [⌈length / 2⌉], scaled so that the product's squared magnitude is the power. */
  readonly real: Float64Array
  readonly imaginary: Float64Array
}

function kernelsFor(length: number, stride: number): readonly PeriodKernel[] {
  return GRID_PERIODS.filter((period) => period >= 2 * stride && length * stride >= FEWEST_PERIODS * period).map(
    (period) => periodKernel(length, period, stride / period),
  )
}

/** @param frequency periods per position, at most 0.5 */
function periodKernel(length: number, period: number, frequency: number): PeriodKernel {
  const window = Float64Array.from({ length }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / length) ** 2)
  // Half of a sine's power is at its frequency, half at the negative frequency. At 0.5, both frequencies are equal.
  const scale = Math.sqrt(frequency < 0.5 ? 2 : 1) / window.reduce((sum, value) => sum + value, 0)
  const wave = (part: (angle: number) => number) =>
    withoutParabola(
      window.map((value, i) => scale * value * part(2 * Math.PI * frequency * (i - (length - 1) / 2))),
    ).subarray(0, Math.ceil(length / 2))
  const real = wave(Math.cos)
  // If the length is odd, the middle value of a line is its own mirror image, so the sum counts this value twice.
  if (length % 2 === 1) real[real.length - 1] = real[real.length - 1]! / 2
  return { period, real, imaginary: wave(Math.sin) }
}

function withoutParabola(line: Float64Array): Float64Array {
  const rest = line.slice()
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
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
  for (let i = 0; i < target.length; i++) target[i] = target[i]! - factor * other[i]!
}
