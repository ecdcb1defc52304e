import { randomNumbers } from '../experiments/randomNumbers.js'

/** Settings of the bootstrap. They are fixed, so that equal results give equal intervals. */
const DRAWS = 10_000
const SEED = 0

export type Interval = readonly [low: number, high: number]

/**
 * Bootstrap interval of a mean, 95 %, by percentiles (Efron and Tibshirani 1993, section 13.3).
 * @param values at least one
 */
export function bootstrapInterval(values: Float64Array): Interval {
  const random = randomNumbers(SEED)
  const { length } = values
  const means = Float64Array.from({ length: DRAWS }, () => {
    let sum = 0
    for (let i = 0; i < length; i++) sum += values[Math.floor(random() * length)] as number
    return sum / length
  }).sort()
  return [quantile(means, 0.025), quantile(means, 0.975)]
}

/** Interpolates linearly between the two nearest of the sorted values. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number]
  return below + (at - Math.floor(at)) * (above - below)
}
