import { describe, expect, it } from 'vitest'
import {
  FEWEST_PAIRS,
  isEquivalentWithin,
  isWorseByLessThan,
  judged,
  lossP,
  neededPairs,
  pairedDifference,
} from '../../src/results/paired.js'
import { madeDifferences, statisticsGolden } from '../support/statisticsGolden.js'

/** Differences of one size: so many above 0 and below 0, the rest 0. */
function signs([positive, negative, count]: readonly [number, number, number], size = 1): readonly number[] {
  return Array.from({ length: count }, (_, i) => (i < positive ? size : i < positive + negative ? -size : 0))
}

function expectClose(found: readonly number[] | null, ends: readonly number[]) {
  expect(found).not.toBeNull()
  for (const [i, end] of ends.entries()) expect(found?.[i]).toBeCloseTo(end, 9)
}

/** Differences around `mean` that vary by 1. */
const varied = (count: number, mean: number) => Array.from({ length: count }, (_, i) => mean + ((i % 5) - 2) / 2)
const verdicts = (...family: readonly (readonly number[])[]) =>
  judged(family.map((differences) => pairedDifference(differences))).map(({ verdict }) => verdict)

describe('a paired difference', () => {
  it.each(statisticsGolden.byT)('of values made by $made has the numbers of statsmodels', ({ made, ...golden }) => {
    const found = pairedDifference(madeDifferences(made))
    expect(found.test).toBe('t')
    expect(found.count).toBe(made[0])
    expect(found.mean).toBeCloseTo(golden.mean, 11)
    expect(found.standardError).toBeCloseTo(golden.standardError, 11)
    expectClose(found.interval, golden.interval)
    expectClose(found.bounds, golden.bounds)
    expect(found.p).toBeCloseTo(golden.p, 9)
    expect(found.skewness).toBeCloseTo(golden.skewness, 9)
    const opposite = pairedDifference(madeDifferences(made).map((value) => -value))
    for (const [amount, p] of golden.loss) {
      expect(lossP(found, amount, 'lower')).toBeCloseTo(p, 9)
      expect(lossP(opposite, amount, 'higher')).toBeCloseTo(p, 9)
    }
  })

  it.each(statisticsGolden.byT)('that is not skewed has one-sided tests of t ($made)', ({ made, symmetric }) => {
    const found = pairedDifference(madeDifferences(made).flatMap((value) => [value + 0.03, -value + 0.03]))
    expect(found.skewness).toBeCloseTo(0, 9)
    expectClose(found.bounds, symmetric.bounds)
    for (const [amount, p] of symmetric.loss) expect(lossP(found, amount, 'lower')).toBeCloseTo(p, 9)
    for (const [margin, p] of symmetric.equivalence) {
      const both = (['higher', 'lower'] as const).map((better) => lossP(found, -margin, better) ?? 1)
      expect(Math.max(...both)).toBeCloseTo(p, 9)
      expect(isEquivalentWithin(found, margin)).toBe(p < 0.05)
    }
  })

  it.each(statisticsGolden.bySigns)('of $signs signs has McNemar’s p value and a wider interval', (golden) => {
    const found = pairedDifference(signs(golden.signs), 1)
    expect(found.test).toBe('mcnemar')
    expectClose(found.interval, golden.interval)
    expectClose(found.bounds, golden.bounds)
    expect(found.p).toBeCloseTo(golden.p, 9)
    expect(found.halfWidth).toBeCloseTo((golden.interval[1] - golden.interval[0]) / 2, 9)
  })

  it('of one size has the interval of accuracies, times the size', () => {
    const [one, scaled] = [pairedDifference(signs([6, 1, 30])), pairedDifference(signs([6, 1, 30], 0.05))]
    expect(scaled.p).toBe(one.p)
    expectClose(scaled.interval, one.interval?.map((end) => end * 0.05) ?? [])
  })

  it('is judged by McNemar’s test also if rounding changes the size', () => {
    const sizes = [0.3 - 0.2, 0.9 - 0.8, 0.1 + 0.2 - 0.2]
    expect(new Set(sizes).size).toBeGreaterThan(1)
    expect(pairedDifference(Array.from({ length: 12 }, (_, i) => sizes[i % 3] ?? 0)).test).toBe('mcnemar')
  })

  it('has an interval without 0 wherever the test is significant', () => {
    for (const count of [10, 11, 20, 60, 300])
      for (let positive = 0; positive <= Math.min(count, 60); positive++)
        for (let negative = 0; negative < positive && negative + positive <= count; negative++) {
          const { p, interval } = pairedDifference(signs([positive, negative, count]))
          if (p !== null && p < 0.05) expect(interval?.[0], `${positive}, ${negative} of ${count}`).toBeGreaterThan(0)
        }
  })

  it('does not count pairs that lack a number', () => {
    const differences = varied(12, 0.3)
    const { count, mean } = pairedDifference([Number.NaN, ...differences, Number.POSITIVE_INFINITY])
    expect([count, mean]).toEqual([12, pairedDifference(differences).mean])
  })

  it('of one pair or none has no interval', () => {
    expect(pairedDifference([0.2])).toMatchObject({ count: 1, interval: null, bounds: null, p: null, halfWidth: null })
    expect(pairedDifference([0])).toMatchObject({ count: 1, mean: 0, interval: null, p: null })
    expect(pairedDifference([])).toMatchObject({ count: 0, interval: null, bounds: null, p: null })
    expect(pairedDifference([Number.NaN])).toMatchObject({ count: 0, p: null })
  })

  it('takes rounding for zeros', () => {
    expect(verdicts(Array.from({ length: 20 }, () => 0.1 + 0.2 - 0.3))).toEqual(['unchanged'])
  })

  it('of zeros has an interval only where the size of a difference is known', () => {
    const zeros = Array.from({ length: 60 }, () => 0)
    expect(pairedDifference(zeros)).toMatchObject({ interval: [0, 0], p: 1 })
    const [low, high] = pairedDifference(zeros, 1).interval ?? []
    expect(high).toBeGreaterThan(0.04)
    expect(low).toBeCloseTo(-(high ?? 0), 15)
  })

  it('of numbers too large for float64 decides nothing', () => {
    const huge = varied(12, 5).map((value) => value * 1e307)
    expect(verdicts(huge)).toEqual(['open'])
    expect(lossP(pairedDifference(huge), 1, 'lower')).toBe(1)
    expect(isEquivalentWithin(pairedDifference(huge), 1)).toBe(false)
  })
})

describe('a verdict', () => {
  it('needs ten pairs', () => {
    expect(FEWEST_PAIRS).toBe(10)
    expect(verdicts(varied(9, 9), varied(10, 9), varied(10, -9))).toEqual(['few', 'higher', 'lower'])
    const nine = pairedDifference(varied(9, -9))
    expect(judged([nine])).toEqual([{ verdict: 'few', p: null }])
    expect(lossP(nine, 0, 'higher')).toBeNull()
    expect(isEquivalentWithin(nine, 100)).toBe(false)
  })

  it('of equal differences is that of their signs, not of a standard error of 0', () => {
    const found = pairedDifference(varied(10, 0).map(() => 0.01))
    expect(found.standardError).toBeLessThan(1e-15)
    expect(found.p).toBeCloseTo(2 ** -9, 12)
    expect(found.interval?.[0]).toBeLessThan(0.008)
    expect(judged([found])).toMatchObject([{ verdict: 'higher' }])
  })

  it('gets harder with the size of its family', () => {
    const weak = [...varied(30, 0.3)]
    expect(verdicts(weak)).toEqual(['higher'])
    expect(verdicts(weak, varied(30, 0), varied(30, 0.01))).toEqual(['open', 'open', 'open'])
  })

  it('of too few pairs does not count in its family', () => {
    const weak = [...varied(30, 0.3)]
    expect(verdicts(varied(9, 0), weak, varied(3, 0))).toEqual(['few', 'higher', 'few'])
  })

  it('of an empty family is none', () => {
    expect(judged([])).toEqual([])
  })
})

describe('a limit', () => {
  const loss = pairedDifference(varied(60, -0.5))

  it('is exceeded only if the whole one-sided interval is worse', () => {
    expect(lossP(loss, 0.3, 'higher')).toBeLessThan(0.05)
    expect(lossP(loss, 0.45, 'higher')).toBeGreaterThan(0.05)
    expect(isWorseByLessThan(loss, 0.45, 'higher')).toBe(false)
    expect(isWorseByLessThan(loss, 0.7, 'higher')).toBe(true)
    expect(lossP(loss, 0, 'lower')).toBeGreaterThan(0.99)
    expect(isWorseByLessThan(loss, 0, 'lower')).toBe(true)
  })

  it('is exceeded if its p value is below .05, which is where the one-sided interval ends', () => {
    const skewed = pairedDifference(Array.from({ length: 30 }, (_, i) => -Math.log(i + 1)))
    expect(skewed.skewness).toBeGreaterThan(1)
    for (const found of [loss, pairedDifference(signs([1, 9, 30])), skewed]) {
      const end = -(found.bounds?.[1] ?? 0)
      expect(end).toBeGreaterThan(0)
      expect(lossP(found, end, 'higher')).toBeCloseTo(0.05, 9)
    }
  })

  it('is not exceeded by the rounding of equal values', () => {
    const zeros = pairedDifference(Array.from({ length: 20 }, () => 0))
    expect(lossP(zeros, 0, 'higher')).toBe(1)
    expect(lossP(zeros, -0.1, 'higher')).toBe(0)
  })

  it('of equivalence is on both sides', () => {
    expect(isEquivalentWithin(loss, 0.7)).toBe(true)
    expect(isEquivalentWithin(loss, 0.6)).toBe(false)
    expect(isEquivalentWithin(pairedDifference(varied(60, 0.5)), 0.6)).toBe(false)
  })

  it('of 0, less than 0 or no number makes nothing equivalent', () => {
    for (const margin of [0, -1, Number.NaN])
      expect(isEquivalentWithin(pairedDifference(varied(60, 0).map(() => 0)), margin)).toBe(false)
  })
})

describe('the needed number of pairs', () => {
  it('grows with the variance and falls with the square of the amount', () => {
    const differences = pairedDifference(varied(100, 0.1))
    const variance = 100 * (differences.standardError ?? 0) ** 2
    expect(neededPairs(differences, 0.1)).toBe(Math.ceil((7.85 * variance) / 0.01 + 1.92))
    expect(neededPairs(differences, 0.05)).toBe(Math.ceil((7.85 * variance) / 0.0025 + 1.92))
  })

  it('is never below the fewest pairs of a verdict', () => {
    expect(neededPairs(pairedDifference(varied(60, 0)), 100)).toBe(FEWEST_PAIRS)
  })

  it('does not take accuracies that did not change for ones that cannot', () => {
    const zeros = Array.from({ length: 60 }, () => 0)
    expect(neededPairs(pairedDifference(zeros, 1), 0.02)).toBeGreaterThan(300)
  })

  it('of answers that are right or wrong is larger by 1 / the amount, as McNemar’s test is discrete', () => {
    const differences = pairedDifference([1, 1, 1, -1, ...Array.from({ length: 96 }, () => 0)], 1)
    // 1.984217 is the quantile of Student's t with 99 degrees of freedom.
    const variance = 100 * ((differences.halfWidth ?? 0) / 1.984217) ** 2
    expect(neededPairs(differences, 0.04)).toBe(Math.ceil((7.85 * variance) / 0.0016 + 25))
  })

  it('is unknown without a variance and for amounts that are not above 0', () => {
    expect(neededPairs(pairedDifference([0.5]), 0.1)).toBeNull()
    for (const amount of [0, -0.1, Number.NaN]) expect(neededPairs(pairedDifference(varied(60, 0)), amount)).toBeNull()
  })
})
