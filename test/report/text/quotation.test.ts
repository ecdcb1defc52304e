import { expect, it } from 'vitest'
import { type Quoted, quotation } from '../../../src/report/text/quotation.js'
import { judged, pairedDifference } from '../../../src/results/paired.js'

/** Sixty differences around a mean, which vary by 0.2 if nothing else is said. */
function quotedOf(mean: number, { spread = 0.1, count = 60, isShare = true } = {}): Quoted {
  const difference = pairedDifference(Array.from({ length: count }, (_, i) => mean + ((i % 5) - 2) * spread))
  const networks = ['A', 'B'] as const
  const what = { measure: 'crop agreement', isShare, source: 'Zhang, 2019', noun: 'photograph' } as const
  return { ...what, networks, difference, judged: judged([difference])[0]! }
}

it('says by how much the first network is higher or lower', () => {
  expect(quotation(quotedOf(0.041))).toBe(
    'Crop agreement (Zhang, 2019) of A is 4.1 points higher than that of B (95 % interval 0.4 to 7.8, 60 photographs).',
  )
  expect(quotation(quotedOf(-0.041))).toBe(
    'Crop agreement (Zhang, 2019) of A is 4.1 points lower than that of B (95 % interval 0.4 to 7.8, 60 photographs).',
  )
  const { source: _, ...unpublished } = quotedOf(0.41, { isShare: false })
  expect(quotation(unpublished)).toBe(
    'Crop agreement of A is 0.410 higher than that of B (95 % interval 0.373 to 0.447, 60 photographs).',
  )
})

it('says that the data do not tell, also if only the family is too large', () => {
  expect(quotation(quotedOf(0.01))).toBe(
    'Crop agreement (Zhang, 2019) of A is 1.0 points higher than that of B, which may be chance (95 % interval −2.7 to 4.7, 60 photographs).',
  )
  expect(quotation(quotedOf(-0.01))).toContain(
    '1.0 points lower than that of B, which may be chance (95 % interval −2.7 to',
  )
  const weak = { ...quotedOf(0.041), judged: { verdict: 'open', p: 0.06 } } as const
  expect(quotation(weak)).toContain('(95 % interval 0.4 to 7.8, p = 0.060 after Holm’s correction, 60 photographs).')
})

it('says that nothing changed, and nothing about few pairs', () => {
  expect(quotation(quotedOf(0, { spread: 0 }))).toBe(
    'A and B have the same crop agreement (Zhang, 2019) on each of 60 photographs.',
  )
  expect(quotation(quotedOf(0.5, { count: 9 }))).toBeUndefined()
})
