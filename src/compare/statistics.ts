import type { Better } from '../results/measures/measures.js'
import { FEWEST_PATCHES } from '../results/measures/rows.js'
import { randomNumbers } from '../support/randomNumbers.js'
import { mean, meanInterval, signTest } from '../support/statistics.js'
import type { PairedValues } from './pairing.js'
import type { ComparedMetric, ComparedOutcome } from './result.js'

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
      for (let i = 0; i < length; i++, at++) sum += values[count <= MOST_KEPT ? kept[at]! : drawn()]!
      means[draw] = sum / length
    }
    means.sort()
    return [withoutRounding(quantile(means, 0.025), values), withoutRounding(quantile(means, 0.975), values)]
  }
}

/** Returns 0 for a mean of values that cancel each other, of which only rounding is left. */
function withoutRounding(mean: number, values: Float64Array): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return Math.abs(mean) <= 1e-12 * largest ? 0 : mean
}

/** Interpolates linearly between the two nearest of the sorted values. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
  return below + (at - Math.floor(at)) * (above - below)
}

/** @param intervalOf the function that `bootstrap` returned, for all measures of a comparison */
export function comparedMetric(
  { before, after, ...row }: PairedValues,
  intervalOf: ReturnType<typeof bootstrap>,
): ComparedMetric {
  const differences = Float64Array.from(before, (value, i) => after[i]! - value)
  const interval = intervalOf(differences)
  const { mean: meanDifference, standardError } = meanInterval([...differences])
  const { length: count } = differences
  const higher = differences.filter((value) => value > 0).length
  const lower = differences.filter((value) => value < 0).length
  return {
    ...row,
    count,
    before: mean(before),
    after: mean(after),
    difference: withoutRounding(meanDifference, differences),
    standardError,
    interval,
    signTest: { higher, lower, equal: count - higher - lower, p: signTest(higher, lower) },
    outcome: outcomeOf(row.better, interval, count),
  }
}

function outcomeOf(better: Better, [low, high]: ComparedMetric['interval'], count: number): ComparedOutcome {
  if (count < FEWEST_PATCHES || (low <= 0 && high >= 0)) return 'neither'
  if (better === 'neither') return 'changed'
  return low > 0 === (better === 'higher') ? 'better' : 'worse'
}
