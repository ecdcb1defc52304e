export function mean(values: ArrayLike<number>): number {
  return sum(values) / values.length
}

/** Mean and population standard deviation. */
export function meanAndStd(values: readonly number[]): { mean: number; std: number } {
  return { mean: mean(values), std: Math.sqrt(squares(values) / values.length) }
}

export interface MeanInterval {
  readonly mean: number
  /** From the sample standard deviation; null for fewer than two values. */
  readonly standardError: number | null
  /** Half the width of the 95 % confidence interval of the mean; null for fewer than two values. */
  readonly halfWidth: number | null
}

export function meanInterval(values: readonly number[]): MeanInterval {
  const count = values.length
  const standardError = count < 2 ? null : Math.sqrt(squares(values) / (count - 1) / count)
  return { mean: mean(values), standardError, halfWidth: halfWidthOf(standardError, count) }
}

/** Half the width of the two-sided 95 % confidence interval of the mean of `count` values. */
export function halfWidthOf(standardError: number | null, count: number): number | null {
  return standardError === null ? null : tQuantile(0.975, count - 1) * standardError
}

/** Quantiles that were computed before, by probability and degrees of freedom. Measures of one study need the same ones. */
const quantiles = new Map<string, number>()

/** The value below which a variable of Student's t distribution is with probability `p`. */
export function tQuantile(p: number, degreesOfFreedom: number): number {
  const key = `${p} ${degreesOfFreedom}`
  const found = quantiles.get(key) ?? computedQuantile(p, degreesOfFreedom)
  quantiles.set(key, found)
  return found
}

function computedQuantile(p: number, degreesOfFreedom: number): number {
  const within = Math.abs(2 * p - 1)
  let [low, high] = [0, Math.PI / 2]
  for (let i = 0; i < 60; i++) {
    const angle = (low + high) / 2
    if (tProbability(angle, degreesOfFreedom) < within) low = angle
    else high = angle
  }
  return Math.sign(2 * p - 1) * Math.sqrt(degreesOfFreedom) * Math.tan(low)
}

/** Probability that a variable of Student's t distribution, with whole degrees of freedom, is above `t`. */
export function tTail(t: number, degreesOfFreedom: number): number {
  if (t < 0) return 1 - tTail(-t, degreesOfFreedom)
  const angle = Math.atan(t / Math.sqrt(degreesOfFreedom))
  return t < 1 ? (1 - tProbability(angle, degreesOfFreedom)) / 2 : tRest(angle, degreesOfFreedom) / 2
}

/**
 * Probability that Student's t is between ± √df · tan(angle), by the finite series for whole degrees of freedom
 * (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4).
 */
function tProbability(angle: number, degreesOfFreedom: number): number {
  const isOdd = degreesOfFreedom % 2 === 1
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)]
  let term = isOdd ? cosine : 1
  let series = degreesOfFreedom === 1 ? 0 : term
  for (let k = isOdd ? 3 : 2; k < degreesOfFreedom; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2
    series += term
  }
  return isOdd ? (2 / Math.PI) * (angle + sine * series) : sine * series
}

/** Smaller terms would be rounded up to the smallest float64 without end. */
const SMALLEST_TERM = 1e-300

/**
 * 1 − `tProbability`, without its rounding: the terms that follow those of the finite series, because the series of all
 * terms is 1.
 */
function tRest(angle: number, degreesOfFreedom: number): number {
  const isOdd = degreesOfFreedom % 2 === 1
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)]
  let term = isOdd ? cosine : 1
  let series = degreesOfFreedom === 1 ? term : 0
  for (let k = isOdd ? 3 : 2; k < degreesOfFreedom || term > 1e-17 * series + SMALLEST_TERM; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2
    if (k >= degreesOfFreedom) series += term
  }
  return (isOdd ? 2 / Math.PI : 1) * sine * series
}

/** Skewness, adjusted for the number of values (G₁ of Joanes and Gill 1998); 0 for equal values and for fewer than three. */
export function skewness(values: readonly number[]): number {
  const count = values.length
  const center = mean(values)
  const variance = squares(values) / (count - 1)
  if (count < 3 || !(variance > 0)) return 0
  const cubes = sum(values.map((value) => ((value - center) / Math.sqrt(variance)) ** 3))
  return (cubes * count) / (count - 1) / (count - 2)
}

/** Sum of the squared differences from the mean. */
function squares(values: readonly number[]): number {
  const center = mean(values)
  return sum(values.map((value) => (value - center) ** 2))
}

function sum(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}

/** P value of a two-sided exact binomial test in which both signs have probability ½. */
export function signTest(positive: number, negative: number): number {
  const count = positive + negative
  let tail = 0
  // Probabilities are kept as logarithms, because 2^−count is too small for float64 if there are many patches.
  let logChance = -count * Math.LN2
  for (let k = 0; k <= Math.min(positive, negative); k++) {
    tail += Math.exp(logChance)
    logChance += Math.log((count - k) / (k + 1))
  }
  return Math.min(1, 2 * tail)
}

/**
 * P values, each adjusted for the number of all (Holm 1979), in the given order. If all hypotheses are true, one of them
 * or more is below .05 with a probability of at most .05.
 */
export function holm(ps: readonly number[]): readonly number[] {
  const adjusted = ps.map(() => 1)
  let largest = 0
  for (const [rank, at] of ps
    .map((_, at) => at)
    .toSorted((a, b) => ps[a]! - ps[b]!)
    .entries()) {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * ps[at]!))
    adjusted[at] = largest
  }
  return adjusted
}

/**
 * Probability of at most `most` successes in `count` independent trials that succeed with probability `p`.
 * @param p above 0 and below 1
 */
export function probabilityAtMost(most: number, count: number, p: number): number {
  let tail = 0
  // As in `signTest`, probabilities are kept as logarithms.
  let logChance = count * Math.log1p(-p)
  for (let k = 0; k <= most; k++) {
    tail += Math.exp(logChance)
    logChance += Math.log((count - k) / (k + 1)) + Math.log(p) - Math.log1p(-p)
  }
  return Math.min(1, tail)
}
