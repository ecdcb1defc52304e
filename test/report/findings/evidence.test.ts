import { describe, expect, it } from 'vitest'
import { evidenceOf, leanOf, type Measured, paired } from '../../../src/report/findings/evidence.js'

const BORDER = { at: 0, speaksFor: 'above' } as const
const valuesOf = (numbers: readonly number[]) => new Map(numbers.map((value, i) => [`patch ${i}`, value]))

describe('a value that is not finite', () => {
  const measured = { layer: 'fc', size: 75, quantity: '' }
  const border = { at: 0, speaksFor: 'above' } as const
  const lost = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]

  it('counts as missing', () => {
    const [all, finite] = [
      [...lost, 1, 2, 3, 4, 6],
      [1, 2, 3, 4, 6],
    ].map((numbers) => evidenceOf([{ ...measured, values: valuesOf(numbers) }], border, 'network'))
    expect(all).toEqual(finite)
    expect(all).toMatchObject([{ mean: 3.2, patches: 5, lean: 'for' }])
  })

  it('decides nothing', () => {
    expect(leanOf(valuesOf([...lost, 1, 2, 3, 4]), border)).toBe('open')
    expect(leanOf(valuesOf(Array(5).fill(Number.NaN)), border)).toBe('open')
    for (const about of ['network', 'pair'] as const)
      expect(evidenceOf([{ ...measured, values: valuesOf(lost) }], border, about)).toEqual([])
  })
})

it('a mean has its standard error, of the sample’s deviation; a single object has none', () => {
  const meanOf = (...numbers: readonly number[]) =>
    evidenceOf([{ layer: 'fc', size: 75, quantity: '', values: valuesOf(numbers) }], BORDER, 'network')[0]
  const standardError = expect.closeTo(Math.sqrt((4 + 1 + 0 + 9) / 3 / 4), 12)
  expect(meanOf(1, 2, 3, 6)).toMatchObject({ mean: 3, standardError, patches: 4 })
  expect(meanOf(1, 3)?.standardError).toBeCloseTo(1, 12)
  expect(meanOf(5)).toMatchObject({ mean: 5, standardError: null, patches: 1 })
})

it.each([
  // Mean 1, standard error √(1 / 5). The quantile of Student's t with four degrees of freedom is 2.776.
  [-2.77, 'above', 'open'],
  [-2.78, 'above', 'for'],
  [-2.78, 'below', 'against'],
  [2.77, 'below', 'open'],
  [2.78, 'above', 'against'],
  [2.78, 'below', 'for'],
] as const)('a border %d standard errors from the mean, for %s, leaves it %s', (errors, speaksFor, lean) => {
  const numbers = [1 - Math.sqrt(2), 1 + Math.sqrt(2), 1, 1, 1]
  const at = 1 + errors * Math.sqrt(1 / 5)
  expect(leanOf(valuesOf(numbers), { at, speaksFor })).toBe(lean)
  expect(leanOf(valuesOf([1, 1, 1, 1]), { at, speaksFor })).toBe('open')
})

describe('numbers that compare two networks', () => {
  const measured = (layer: string, numbers: readonly number[]): Measured => ({
    ...{ layer, size: 75, quantity: '', values: valuesOf(numbers) },
  })
  /** Values around a mean, whose standard error is the same for all means. */
  const around = (mean: number, count = 10) => Array.from({ length: count }, (_, i) => mean + ((i % 5) - 2) / 2)
  const leansOf = (...all: readonly Measured[]) =>
    evidenceOf(all, { at: 1, speaksFor: 'below' }, 'pair').map(({ lean }) => lean)

  it('need ten objects', () => {
    expect(leansOf(measured('fc', around(0, 9)))).toEqual(['open'])
    expect(leansOf(measured('fc', around(0)))).toEqual(['for'])
    expect(leansOf(measured('fc', around(2)))).toEqual(['against'])
    expect(leansOf(measured('fc', [...around(0, 9), Number.NaN]))).toEqual(['open'])
  })

  it('are judged together, for all layers and sizes', () => {
    const weak = measured('fc6', around(0.4))
    expect(leansOf(weak)).toEqual(['for'])
    expect(leansOf(weak, measured('fc7', around(1)), measured('fc8', around(1)))).toEqual(['open', 'open', 'open'])
    expect(leansOf(weak, measured('fc7', around(-9)))).toEqual(['for', 'for'])
  })

  it('do not count in the family if they decide nothing', () => {
    const shown: Measured = { ...measured('fc7', around(1)), lean: null }
    const unclear: Measured = { ...measured('fc8', around(1)), lean: 'open' }
    expect(leansOf(shown, measured('fc6', around(0.4)), unclear)).toEqual([null, 'for', 'open'])
  })

  it('are open if all are at the threshold', () => {
    expect(leansOf(measured('fc', Array(12).fill(1)))).toEqual(['open'])
  })
})

it('pairs are of objects that both have', () => {
  const a = new Map(Object.entries({ dog: 3, car: 1 }))
  const b = new Map(Object.entries({ car: 5, bird: 2 }))
  expect([...paired(a, b, (x, y) => x - y)]).toEqual([['car', -4]])
})
