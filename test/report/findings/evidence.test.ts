import { expect, it } from 'vitest'
import { evidenceOf, leanOf, paired, signsOf, signTest } from '../../../src/report/findings/evidence.js'

const valuesOf = (numbers: readonly number[]) => new Map(numbers.map((value, i) => [`patch ${i}`, value]))

it('a sign test leaves out zeros', () => {
  expect(signsOf(valuesOf([1, -2, 3, 0]))).toEqual({ positive: 2, p: signTest(2, 1) })
})

it('a mean has its standard error, of the sample’s deviation; a single object has none', () => {
  const meanOf = (...numbers: readonly number[]) =>
    evidenceOf({ layer: 'fc', size: 75, quantity: '', values: valuesOf(numbers) }, { at: 0, speaksFor: 'above' })
  const standardError = expect.closeTo(Math.sqrt((4 + 1 + 0 + 9) / 3 / 4), 12)
  expect(meanOf(1, 2, 3, 6)).toMatchObject({ mean: 3, standardError, patches: 4 })
  expect(meanOf(1, 3).standardError).toBeCloseTo(1, 12)
  expect(meanOf(5)).toMatchObject({ mean: 5, standardError: null, patches: 1 })
})

it.each([
  // Mean 1, standard error √(1 / 5).
  [-1.99, 'above', 'open'],
  [-2.01, 'above', 'for'],
  [-2.01, 'below', 'against'],
  [2.01, 'above', 'against'],
  [2.01, 'below', 'for'],
] as const)('a border %d standard errors from the mean, for %s, leaves it %s', (errors, speaksFor, lean) => {
  const numbers = [1 - Math.sqrt(2), 1 + Math.sqrt(2), 1, 1, 1]
  const at = 1 + errors * Math.sqrt(1 / 5)
  expect(leanOf(valuesOf(numbers), { at, speaksFor })).toBe(lean)
  expect(leanOf(valuesOf([1, 1, 1, 1]), { at, speaksFor })).toBe('open')
})

it('pairs are of objects that both have', () => {
  const a = new Map(Object.entries({ dog: 3, car: 1 }))
  const b = new Map(Object.entries({ car: 5, bird: 2 }))
  expect([...paired(a, b, (x, y) => x - y)]).toEqual([['car', -4]])
})
