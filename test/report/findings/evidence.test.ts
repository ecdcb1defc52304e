import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leanOf, meanOf, paired, signsOf, signTest } from '../../../src/report/findings/evidence.js'

const valuesOf = (numbers: readonly number[]) => new Map(numbers.map((value, i) => [`patch ${i}`, value]))

describe('sign test', () => {
  it('has the two-sided chances of the binomial distribution', () => {
    expect(signTest(10, 0)).toBeCloseTo(2 / 1024, 12)
    expect(signTest(9, 1)).toBeCloseTo((2 * 11) / 1024, 12)
    expect(signTest(3, 7)).toBeCloseTo((2 * (1 + 10 + 45 + 120)) / 1024, 12)
    expect(signTest(5, 5)).toBe(1)
    expect(signTest(1200, 1200)).toBe(1)
    expect(signTest(1150, 1250)).toBeCloseTo(0.0432, 3)
    expect(signTest(0, 0)).toBe(1)
  })

  it('is the same for both signs and never above one', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (a, b) => {
        expect(signTest(a, b)).toBe(signTest(b, a))
        expect(signTest(a, b)).toBeLessThanOrEqual(1)
        expect(signTest(a, b)).toBeGreaterThan(0)
      }),
    )
  })
})

describe('mean', () => {
  it('has the mean and its standard error, of the sample’s deviation', () => {
    const { mean, standardError, patches } = meanOf(valuesOf([1, 2, 3, 6]))
    expect([mean, patches]).toEqual([3, 4])
    expect(signsOf(valuesOf([1, -2, 3, 0])).positive).toBe(2)
    expect(standardError).toBeCloseTo(Math.sqrt((4 + 1 + 0 + 9) / 3 / 4), 12)
  })

  it('of a single patch has no standard error', () => {
    expect(meanOf(valuesOf([5]))).toMatchObject({ mean: 5, standardError: null })
  })
})

describe('lean', () => {
  it('is open within two standard errors of the border, and says on which side it is beyond them', () => {
    // Mean 1, deviation 1 over five patches: standard error 0.5.
    const values = valuesOf([1 - Math.sqrt(2), 1 + Math.sqrt(2), 1, 1, 1])
    expect(meanOf(values).standardError).toBeCloseTo(Math.sqrt(4 / 4 / 5), 12)
    const error = Math.sqrt(1 / 5)
    expect(leanOf(values, { at: 1 - 1.99 * error, speaksFor: 'above' })).toBe('open')
    expect(leanOf(values, { at: 1 - 2.01 * error, speaksFor: 'above' })).toBe('for')
    expect(leanOf(values, { at: 1 - 2.01 * error, speaksFor: 'below' })).toBe('against')
    expect(leanOf(values, { at: 1 + 2.01 * error, speaksFor: 'above' })).toBe('against')
    expect(leanOf(values, { at: 1 + 2.01 * error, speaksFor: 'below' })).toBe('for')
  })
})

describe('pairs', () => {
  it('are of patches that both have', () => {
    const a = new Map([
      ['dog', 3],
      ['car', 1],
    ])
    const b = new Map([
      ['car', 5],
      ['bird', 2],
    ])
    expect([...paired(a, b, (x, y) => x - y)]).toEqual([['car', -4]])
  })
})
