import { randomNumbers } from '../experiments/randomNumbers.js'

/** Settings of the bootstrap. They are fixed, so that equal results give equal intervals. */
const DRAWS = 10_000
const SEED = 0

/** Number of drawn indices that are kept, because most measures of a comparison have the same number of pairs. */
const MOST_KEPT = 2 ** 24

/**
 * Returns a function that computes the bootstrap interval of the mean of at least one value: 95 %, by percentiles (Efron
 * and Tibshirani 1993, section 13.3). Values of equal number are resampled by the same draws.
 */
export function bootstrap(): (values: Float64Array) => readonly [low: number, high: number] {
  let kept = new Uint32Array()
  return (values) => {
    const { length } = values
    const random = randomNumbers(SEED)
    const drawn = () => Math.floor(random() * length)
    const count = length * DRAWS
    if (count <= MOST_KEPT && kept.length !== count) kept = Uint32Array.from({ length: count }, drawn)
    const means = new Float64Array(DRAWS)
    for (let draw = 0, at = 0; draw < DRAWS; draw++) {
      let sum = 0
      for (let i = 0; i < length; i++, at++)
        sum += values[count <= MOST_KEPT ? (kept[at] as number) : drawn()] as number
      means[draw] = sum / length
    }
    means.sort()
    return [withoutRounding(quantile(means, 0.025), values), withoutRounding(quantile(means, 0.975), values)]
  }
}

/** Returns 0 for a mean of values that cancel each other, of which only rounding is left. */
export function withoutRounding(mean: number, values: Float64Array): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return Math.abs(mean) <= 1e-12 * largest ? 0 : mean
}

/** Interpolates linearly between the two nearest of the sorted values. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number]
  return below + (at - Math.floor(at)) * (above - below)
}
