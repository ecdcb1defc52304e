import { setImmediate } from 'node:timers/promises'
import { throwIfStopped } from '../errors.js'
import { randomNumbers } from '../experiments/randomNumbers.js'

/** The usual settings of the bootstrap. They are fixed, so that equal results give equal intervals. */
const DRAWS = 10_000
const SEED = 0
/** Quantiles of an interval that contains 95 % of the draws. */
const ENDS = [0.025, 0.975] as const

/** Number of rows that are drawn together, so that their means need little memory. */
const ROWS_AT_ONCE = 256
/** Number of additions after which other work of the process gets a turn. */
const PAUSE_AFTER = 50_000_000

export type Interval = readonly [low: number, high: number]

/**
 * Bootstrap intervals of means, 95 %, by percentiles (Efron and Tibshirani 1993, section 13.3). All rows of one length
 * are resampled by the same draws.
 * @param rows at least one value each
 * @throws the signal's reason after an abort
 */
export async function bootstrapIntervals(
  rows: readonly Float64Array[],
  signal?: AbortSignal,
): Promise<readonly Interval[]> {
  const intervals = new Map<Float64Array, Interval>()
  for (const length of new Set(rows.map((row) => row.length))) {
    const alike = rows.filter((row) => row.length === length)
    for (let i = 0; i < alike.length; i += ROWS_AT_ONCE) {
      const some = alike.slice(i, i + ROWS_AT_ONCE)
      const means = await drawnMeans(some, length, signal)
      some.forEach((row, k) => {
        intervals.set(row, intervalOf(means[k] as Float64Array))
      })
    }
  }
  return rows.map((row) => intervals.get(row) as Interval)
}

async function drawnMeans(
  rows: readonly Float64Array[],
  length: number,
  signal: AbortSignal | undefined,
): Promise<readonly Float64Array[]> {
  const random = randomNumbers(SEED)
  const chosen = new Uint32Array(length)
  const means = rows.map(() => new Float64Array(DRAWS))
  const drawsAtOnce = Math.ceil(PAUSE_AFTER / (length * rows.length))
  for (let draw = 0; draw < DRAWS; draw++) {
    if (draw % drawsAtOnce === 0) {
      await setImmediate()
      throwIfStopped(signal)
    }
    for (let i = 0; i < length; i++) chosen[i] = Math.floor(random() * length)
    for (let k = 0; k < rows.length; k++) (means[k] as Float64Array)[draw] = meanAt(rows[k] as Float64Array, chosen)
  }
  return means
}

function meanAt(values: Float64Array, indices: Uint32Array): number {
  let sum = 0
  for (let i = 0; i < indices.length; i++) sum += values[indices[i] as number] as number
  return sum / indices.length
}

function intervalOf(means: Float64Array): Interval {
  means.sort()
  const [low, high] = ENDS.map((share) => quantile(means, share))
  return [low as number, high as number]
}

/** Interpolates linearly between the two nearest of the sorted values. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number]
  return below + (at - Math.floor(at)) * (above - below)
}

/**
 * Exact two-sided p-value of the sign test: the chance that `up + down` fair coins fall at least as unevenly. It adds
 * terms of the binomial distribution relative to the largest, so large numbers neither overflow nor vanish.
 */
export function signTest(up: number, down: number): number {
  const count = up + down
  const least = Math.min(up, down)
  let logarithm = -count * Math.LN2
  for (let k = 1; k <= least; k++) logarithm += Math.log((count - k + 1) / k)
  let sum = 0
  let term = 1
  for (let k = least; k >= 0; k--) {
    sum += term
    term *= k / (count - k + 1)
  }
  return Math.min(1, 2 * Math.exp(logarithm + Math.log(sum)))
}
