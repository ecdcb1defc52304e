import { describe, expect, it } from 'vitest'
import { meanInterval, tQuantile } from '../src/support/statistics.js'

/** Quantiles of Student's t distribution, from SciPy 1.10: `scipy.stats.t.ppf(p, df)`. */
const QUANTILES: readonly (readonly [p: number, df: number, t: number])[] = [
  [0.975, 1, 12.70620473643],
  [0.975, 2, 4.302652729696],
  [0.975, 3, 3.182446305284],
  [0.975, 4, 2.776445105198],
  [0.975, 5, 2.570581835636],
  [0.975, 9, 2.262157162854],
  [0.975, 15, 2.131449545559],
  [0.975, 58, 2.001717484145],
  [0.975, 59, 2.000995378088],
  [0.975, 100, 1.98397151845],
  [0.975, 3199, 1.960705826924],
  [0.9, 1, 3.077683537208],
  [0.9, 4, 1.533206274059],
  [0.5, 4, 0],
  [0.01, 1, -31.82051595376],
  [0.01, 2, -6.964556734283],
  [0.01, 15, -2.602480294995],
  [0.01, 100, -2.364217366238],
]

describe('the quantile of Student’s t', () => {
  it.each(QUANTILES)('at %d with %d degrees of freedom is SciPy’s %d', (p, df, t) => {
    expect(Math.abs(tQuantile(p, df) - t)).toBeLessThan(1e-9 * Math.max(1, Math.abs(t)))
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
