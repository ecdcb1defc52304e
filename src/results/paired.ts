import { holm, type MeanInterval, meanInterval, signTest, skewness, tQuantile, tTail } from '../support/statistics.js'
import type { Better } from './measures/measures.js'

/** Fewest pairs that give a verdict. */
export const FEWEST_PAIRS = 10

/** A verdict is given if its p value, adjusted for its family, is below this. */
const LEVEL = 0.05

/** (z₀.₉₇₅ + z₀.₈)²: a two-sided test at .05 has the power .8 if n = this · s² / δ² (normal distribution). */
const POWER_FACTOR = 7.85

/** Pairs that the t test needs beyond those: z₀.₉₇₅² / 2 (Guenther 1981). */
const PAIRS_FOR_T = 1.92

/** Differences up to this are rounding, as that of .1 + .2 and .3, and count as 0. */
const MOST_ROUNDING = 1e-12

/**
 * Mean of the differences of pairs, such as one network's values minus another's on the same photographs. The interval is
 * that of Student's t. Differences of one size, such as those of accuracies, get the interval of `oneSizeInterval`, whose
 * middle is not the mean.
 */
export interface PairedDifference extends MeanInterval {
  /** Number of pairs whose difference is finite. The others count as missing. */
  readonly count: number
  /** Ends of the 95 % interval of the mean; null for fewer than two pairs. */
  readonly interval: readonly [low: number, high: number] | null
  /** One-sided bounds at 95 %, which together are a 90 % interval; null for fewer than two pairs. See `lossP`. */
  readonly bounds: readonly [low: number, high: number] | null
  /** Of the differences; 0 for differences of one size, whose bounds do not need it. */
  readonly skewness: number
  /** The size of all differences but zeros, if they have only one; null otherwise. */
  readonly size: number | null
  /** Two-sided p value that the mean is 0; null for fewer than `FEWEST_PAIRS` pairs. */
  readonly p: number | null
  /** The test of `p`: McNemar's exact one if all differences but zeros have one size. */
  readonly test: 't' | 'mcnemar'
}

/**
 * What the differences of pairs say of their mean: nothing clear (`open`), too few pairs for a verdict (`few`), or every
 * difference is 0 (`unchanged`).
 */
export type PairedVerdict = 'higher' | 'lower' | 'unchanged' | 'open' | 'few'

export interface Judged {
  readonly verdict: PairedVerdict
  /** P value, adjusted for all of the family that have one; null for too few pairs. */
  readonly p: number | null
}

/**
 * @param size the size of each difference that is not 0, if the measure allows only one, such as 1 for accuracies of 0
 *   and 1. Without it, it is found in the differences; differences that are all 0 then have an interval of width 0.
 */
export function pairedDifference(differences: readonly number[], size?: number): PairedDifference {
  const finite = differences.filter(Number.isFinite).map((value) => (Math.abs(value) <= MOST_ROUNDING ? 0 : value))
  const onlySize = onlySizeOf(finite, size)
  return onlySize === undefined ? differenceByT(finite) : differenceBySigns(finite, onlySize)
}

/** Adjusts the p values of a family by Holm's method, and gives each of its differences a verdict. */
export function judged(family: readonly PairedDifference[]): readonly Judged[] {
  const adjusted = holm(family.flatMap(({ p }) => p ?? []))
  let next = 0
  return family.map(({ p, mean, standardError }) => {
    if (p === null) return { verdict: 'few', p }
    const after = adjusted[next++]!
    const isUnchanged = mean === 0 && standardError === 0
    const verdict = isUnchanged ? 'unchanged' : after >= LEVEL ? 'open' : mean > 0 ? 'higher' : 'lower'
    return { verdict, p: after }
  })
}

/**
 * P value of the one-sided test that a measure got worse by more than `amount`; null for too few pairs. It is below .05 if
 * the bound of the loss is above `amount`. If sides are equal, differences are symmetric; with a loss they may be skewed.
 * Then Student's t is too sure on one side, so the more careful one of it and `unskewed` decides.
 */
export function lossP(difference: PairedDifference, amount: number, better: Exclude<Better, 'neither'>): number | null {
  const loss = lossBounds(difference, better)
  const { count, mean, standardError, skewness, test } = difference
  if (loss === null || standardError === null) return null
  const sign = better === 'higher' ? -1 : 1
  const degrees = count - 1
  const [center, error] =
    test === 't'
      ? [sign * mean, standardError]
      : [(loss[0] + loss[1]) / 2, (loss[1] - loss[0]) / 2 / tQuantile(0.95, degrees)]
  // Differences whose squares are too large for float64 tell nothing.
  if (!Number.isFinite(error)) return 1
  // Equal differences have no error but that of rounding, which must not decide.
  if (error <= MOST_ROUNDING) return center - amount > MOST_ROUNDING ? 0 : 1
  const t = (center - amount) / error
  return tTail(Math.min(t, unskewed(t, sign * skewness, count)), degrees)
}

/** Whether the pairs show that a measure did not get worse by more than `amount` (one-sided test at 95 %). */
export function isWorseByLessThan(
  difference: PairedDifference,
  amount: number,
  better: Exclude<Better, 'neither'>,
): boolean {
  const loss = lossBounds(difference, better)
  return loss !== null && loss[1] < amount
}

/** Whether the pairs show that the mean is within ± `margin`, by two one-sided tests at 95 % (Schuirmann 1987). */
export function isEquivalentWithin(difference: PairedDifference, margin: number): boolean {
  return isWorseByLessThan(difference, margin, 'higher') && isWorseByLessThan(difference, margin, 'lower')
}

/**
 * Number of pairs with which a true mean difference of `amount` is found in four of five cases (power .8), if it varies
 * as these differences do; null for fewer than two pairs and for amounts that are not above 0.
 */
export function neededPairs({ count, halfWidth, size }: PairedDifference, amount: number): number | null {
  if (halfWidth === null || !(amount > 0)) return null
  const variance = count * (halfWidth / tQuantile(0.975, count - 1)) ** 2
  // McNemar's exact test loses the weight of one pair, because it is discrete.
  const more = size === null ? PAIRS_FOR_T : size / amount
  return Math.max(FEWEST_PAIRS, Math.ceil((POWER_FACTOR * variance) / amount ** 2 + more))
}

/** Ends of the 90 % interval of the loss, which is above 0 if the measure got worse; null for too few pairs. */
function lossBounds({ count, bounds }: PairedDifference, better: Better): PairedDifference['bounds'] {
  if (bounds === null || count < FEWEST_PAIRS) return null
  return better === 'higher' ? [-bounds[1], -bounds[0]] : bounds
}

function differenceByT(values: readonly number[]): PairedDifference {
  const count = values.length
  const { mean, standardError, halfWidth } = meanInterval(values)
  const skew = skewness(values)
  // Without any difference, the standard error is 0.
  const t = mean === 0 ? 0 : Math.abs(mean) / (standardError ?? 0)
  return {
    mean,
    standardError,
    halfWidth,
    count,
    interval: halfWidth === null ? null : [mean - halfWidth, mean + halfWidth],
    bounds: standardError === null ? null : boundsByT(mean, standardError, skew, count),
    skewness: skew,
    size: null,
    // Differences whose squares are too large for float64 tell nothing.
    p: count < FEWEST_PAIRS ? null : Number.isFinite(t) ? 2 * tTail(t, count - 1) : 1,
    test: 't',
  }
}

function boundsByT(mean: number, error: number, skew: number, count: number): readonly [low: number, high: number] {
  const t = tQuantile(0.95, count - 1)
  const [below, above] = [skew, -skew].map((own) => Math.max(t, skewed(t, own, count))) as [number, number]
  return [mean - below * error, mean + above * error]
}

/** Transforms the t value of a mean of skewed values to one that is hardly skewed (Hall 1992). It increases with `t`. */
function unskewed(t: number, skew: number, count: number): number {
  const root = Math.sqrt(count)
  const share = t / root
  return root * (share + (skew * share ** 2) / 3 + (skew ** 2 * share ** 3) / 27 + skew / (6 * count))
}

/** The inverse of `unskewed`. */
function skewed(t: number, skew: number, count: number): number {
  const root = Math.sqrt(count)
  return skew === 0 ? t : (3 * root * (Math.cbrt(1 + skew * (t / root - skew / (6 * count))) - 1)) / skew
}

function differenceBySigns(values: readonly number[], size: number): PairedDifference {
  const count = values.length
  const positive = values.filter((value) => value > 0).length
  const negative = values.filter((value) => value < 0).length
  const endsAt = (p: number) => (count < 2 ? null : oneSizeInterval([positive, negative, count], p, size))
  const interval = endsAt(0.975)
  return {
    ...meanInterval(values),
    halfWidth: interval && (interval[1] - interval[0]) / 2,
    count,
    interval,
    bounds: endsAt(0.95),
    skewness: 0,
    size,
    p: count < FEWEST_PAIRS ? null : signTest(positive, negative),
    test: 'mcnemar',
  }
}

/**
 * Interval of the mean of differences that are 0 or have one size, between the quantiles 1 − `p` and `p`: that of Bonett
 * and Price (2012), which adds one difference of each sign, with t for the normal quantile. The t interval would be too
 * narrow, because few differences of one size vary too little, and none do not vary at all.
 */
function oneSizeInterval(
  [positive, negative, count]: readonly [positive: number, negative: number, count: number],
  p: number,
  size: number,
): readonly [low: number, high: number] {
  const mean = (positive - negative) / (count + 2)
  const variance = ((positive + negative + 2) / (count + 2) - mean ** 2) / (count + 2)
  const half = tQuantile(p, count - 1) * Math.sqrt(variance)
  return [size * Math.max(-1, mean - half), size * Math.min(1, mean + half)]
}

/** The size of all differences but zeros; undefined if they have several, or if all are 0 and none was expected. */
function onlySizeOf(differences: readonly number[], expected?: number): number | undefined {
  const size = expected ?? Math.abs(differences.find((value) => value !== 0) ?? 0)
  const isOf = (value: number) => value === 0 || Math.abs(Math.abs(value) - size) <= MOST_ROUNDING * Math.max(1, size)
  return size > 0 && differences.every(isOf) ? size : undefined
}
