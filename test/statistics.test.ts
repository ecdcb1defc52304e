import { describe, expect, it } from 'vitest'
import { holm, meanInterval, probabilityAtMost, tQuantile, tTail } from '../src/support/statistics.js'
import { statisticsGolden } from './support/statisticsGolden.js'

const { quantiles, tails, families } = statisticsGolden

describe('Student’s t', () => {
  it.each(quantiles)('has SciPy’s quantile at %d with %d degrees of freedom', (p, df, t) => {
    expect(Math.abs(tQuantile(p, df) - t)).toBeLessThan(1e-9 * Math.max(1, Math.abs(t)))
  })

  it.each(tails)('is above %d with %d degrees of freedom with SciPy’s probability', (t, df, p) => {
    expect(Math.abs(tTail(t, df) / p - 1)).toBeLessThan(1e-9)
  })

  it('is hardly ever far above 0', () => {
    expect(tTail(Number.POSITIVE_INFINITY, 9)).toBeLessThan(1e-100)
    expect(tTail(40, 50_000)).toBeLessThan(1e-290)
  })
})

describe('the interval of a mean', () => {
  it('is that of the t distribution with n − 1 degrees of freedom', () => {
    // SciPy: stats.t.interval(.95, 4, loc=3, scale=stats.sem([1, 2, 3, 4, 5])) is 1.036756838522, 4.963243161478.
    const { mean, standardError, halfWidth } = meanInterval([1, 2, 3, 4, 5])
    expect(mean).toBe(3)
    expect(standardError).toBeCloseTo(Math.sqrt(0.5), 12)
    expect(halfWidth).toBeCloseTo(1.963243161478, 9)
  })

  it('does not exist for fewer than two values', () => {
    expect(meanInterval([5])).toEqual({ mean: 5, standardError: null, halfWidth: null })
  })
})

describe('Holm’s p values', () => {
  it.each(families)('of $ps are those of statsmodels', ({ ps, adjusted }) => {
    const found = holm(ps)
    expect(found).toHaveLength(adjusted.length)
    for (const [i, p] of adjusted.entries()) expect(found[i]).toBeCloseTo(p, 11)
  })

  it('of no hypothesis are none', () => {
    expect(holm([])).toEqual([])
  })
})

it.each([
  // Sums of exact fractions in Python.
  [-1, 10, 1 / 2, 0],
  [2, 10, 1 / 2, 0.0546875],
  [6, 100, 1 / 10, 0.117155615436],
  [3, 60, 1 / 1000, 0.999999533718],
  [1000, 5000, 1 / 5, 0.508461764837],
  [10, 10, 1 / 2, 1],
])('at most %i successes in %i trials of probability %d have the probability %d', (most, count, p, expected) => {
  expect(probabilityAtMost(most, count, p)).toBeCloseTo(expected, 9)
})
