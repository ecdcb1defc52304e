import { expect, it } from 'vitest'
import { arithmeticRows } from '../../src/results/arithmeticRows.js'
import { countsOf, studyOf } from '../support/arithmeticStudy.js'

const other = countsOf({ kind: '1+1', expected: 20, found: 10, subtracted: 0, left: 0, exact: 1 })

it.each([
  // Of ten expressions four are exact: a share of 0.4, whose deviation is √(0.4 · 0.6).
  ['arithmetic-exact', '3-2', 0.4, 10],
  ['arithmetic-recall', '3-2', 0.9, 10],
  ['arithmetic-false-objects', '3-2', 6 / 30, 30],
  ['arithmetic-left-over', '3-2', 5 / 20, 20],
  ['arithmetic-phantoms', '3-2', 1 / 10, 10],
  ['arithmetic-exact', 'all', 5 / 20, 20],
  ['arithmetic-recall', 'all', 19 / 30, 30],
])('%s of expressions %s is a share of its cases', (metric, kind, mean, count) => {
  const rows = arithmeticRows([studyOf('net', [countsOf(), other])])
  const place = { model: 'net', layer: 'fc6', size: 75 }
  expect(rows.filter((row) => row.metric === metric && row.variant === `zero decoded ${kind}`)).toEqual([
    {
      ...place,
      metric,
      variant: `zero decoded ${kind}`,
      ...{ mean, count },
      std: expect.any(Number),
      values: new Map(),
    },
  ])
})

it('has the deviation of one case, and no share of no cases', () => {
  const rows = arithmeticRows([studyOf('net', [other]), { ...studyOf('other', []), accuracy: null }])
  expect(rows.find(({ metric }) => metric === 'arithmetic-exact')?.std).toBeCloseTo(0.3, 12)
  expect(new Set(rows.map(({ model, metric }) => `${model} ${metric}`))).toEqual(
    new Set(['exact', 'recall', 'false-objects', 'phantoms'].map((name) => `net arithmetic-${name}`)),
  )
})
