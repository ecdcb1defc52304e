import type { GridShape } from './grid.js'
import { DIRECTIONS, type Direction } from './mapMeasures.js'

/** Periods of the grid spectrum in pixels: the strides that networks reach layer by layer. */
export const GRID_PERIODS = [2, 4, 8, 16, 32] as const

/** Power of a map at one period along one axis. */
interface PeriodPower {
  /** `horizontal`: along rows, the object moves left or right. */
  readonly direction: Direction
  /** In pixels. */
  readonly period: number
  /** Mean square of the part of the map with this period, mean over lines: a sine of amplitude A has A²/2. */
  readonly power: number
}

/** Fewer than this many periods in a line cannot be told from the map's smooth part. */
const FEWEST_PERIODS = 3

/**
 * Grid spectrum of a map: how strongly the similarity rises and falls with a period of so many pixels as
 * the object moves along an axis. Each row (column) loses its best-fitting parabola, is weighted by a Hann window and
 * transformed at the frequency 1 / period; the powers of all rows (columns) are averaged.
 * A period is left out where the map cannot show it: shorter than two strides (it would pass for a longer one), or with
 * fewer than three periods in a line.
 * @param map [rows, cols], row-major
 * @param stride distance of neighbouring positions in pixels
 */
export function gridSpectrum(map: ArrayLike<number>, shape: GridShape, stride: number): readonly PeriodPower[] {
  return DIRECTIONS.flatMap((direction) => {
    const isAlongRows = direction === 'horizontal'
    const length = isAlongRows ? shape.cols : shape.rows
    const kernels = kernelsFor(length, stride)
    const powers = linePowers(isAlongRows ? map : transposed(map, shape), length, kernels)
    return kernels.map(({ period }, i) => ({ direction, period, power: powers[i] as number }))
  })
}

/** Columns as rows. */
function transposed(map: ArrayLike<number>, { rows, cols }: GridShape): Float64Array {
  const turned = new Float64Array(rows * cols)
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) turned[col * rows + row] = map[row * cols + col] as number
  }
  return turned
}

/** Mean over the lines of a map, [lines, length], of the power at each kernel's period. */
function linePowers(map: ArrayLike<number>, length: number, kernels: readonly PeriodKernel[]): Float64Array {
  const powers = new Float64Array(kernels.length)
  const sums = new Float64Array(Math.ceil(length / 2))
  const differences = new Float64Array(sums.length)
  for (let start = 0; start < map.length; start += length) {
    for (let i = 0; i < sums.length; i++) {
      const left = map[start + i] as number
      const right = map[start + length - 1 - i] as number
      sums[i] = left + right
      differences[i] = left - right
    }
    for (let k = 0; k < kernels.length; k++) {
      const { real, imaginary } = kernels[k] as PeriodKernel
      let re = 0
      let im = 0
      for (let i = 0; i < sums.length; i++) {
        re += (sums[i] as number) * (real[i] as number)
        im += (differences[i] as number) * (imaginary[i] as number)
      }
      powers[k] = (powers[k] as number) + re * re + im * im
    }
  }
  return powers.map((power) => (power * length) / map.length)
}

/**
 * What turns a line into its complex amplitude at a period: to remove the parabola, to weight and to transform are linear,
 * so that together they are one scalar product. Seen from the line's middle its real part is even and its imaginary part
 * odd, so that half of each is enough: for the sums and the differences of a line's left and right half.
 */
interface PeriodKernel {
  readonly period: number
  /** Real and imaginary part, [length / 2, rounded up], scaled so that the squared product is the power. */
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
    withoutParabola(
      window.map((value, i) => scale * value * part(2 * Math.PI * frequency * (i - (length - 1) / 2))),
    ).subarray(0, Math.ceil(length / 2))
  const real = wave(Math.cos)
  // The middle of an odd line is its own mirror image and counts once.
  if (length % 2 === 1) real[real.length - 1] = (real[real.length - 1] as number) / 2
  return { period, real, imaginary: wave(Math.sin) }
}

/** The line minus its least-squares parabola. */
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
