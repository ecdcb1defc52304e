import { describe, expect, it } from 'vitest'
import {
  baselineRows,
  combined,
  groupRows,
  metricsCsv,
  ofPatches,
  perPatch,
  type Row,
  summaryJson,
  summaryRows,
} from '../../../src/results/measures/rows.js'
import { type LayerNumbers, variantText } from '../../../src/results/measures/variant.js'
import { madeUnit } from '../../support/unit.js'

const place = { model: 'alexnet', layer: 'fc', size: 125 }

const CENTER = { anchor: 'center' } as const
const CORNER = { anchor: 'top-left' } as const

/** Rows of units of one layer, which have these measures, by the objects' names. */
function rowsOf(units: Readonly<Record<string, LayerNumbers>>): readonly Row[] {
  const numbers = Object.entries(units).map(([patch, ofLayer]) => ({ patch, numbers: [ofLayer] }))
  return groupRows({ model: 'alexnet', size: 125, layers: ['fc'] }, numbers, [])
}

/** A row of these values of the patches a, b and c. */
function row(test: string, ...numbers: readonly number[]): Row {
  const values = new Map(numbers.map((value, i) => ['abc'[i] as string, value]))
  return { ...place, metric: 'bias', variant: { test }, mean: 0, std: 0, count: numbers.length, values }
}

describe('rows of a group', () => {
  it('have mean and population standard deviation over the objects that have the number, in the order of measures', () => {
    const rows = rowsOf({
      a: { bias: [[CENTER, 0.2]], power: [[{ period: 8 }, 1]] },
      b: { bias: [[CENTER, 0.4]] },
      c: {
        early: [[{ period: 4 }, 7]],
        bias: [
          [CENTER, 0.9],
          [CORNER, 5],
        ],
      },
    })
    const std = expect.closeTo(Math.sqrt((0.3 ** 2 + 0.1 ** 2 + 0.4 ** 2) / 3), 12)
    expect(summaryRows(rows)).toEqual([
      { ...place, metric: 'early', variant: '4px', mean: 7, std: 0, count: 1 },
      { ...place, metric: 'bias', variant: 'center', mean: expect.closeTo(0.5, 12), std, count: 3 },
      { ...place, metric: 'bias', variant: 'top-left', mean: 5, std: 0, count: 1 },
      { ...place, metric: 'power', variant: '8px', mean: 1, std: 0, count: 1 },
    ])
    expect(Object.fromEntries(rows[1]?.values ?? [])).toEqual({ a: 0.2, b: 0.4, c: 0.9 })
  })

  it('have the pairs of objects of the null baseline, each of which has a cosine at every anchor', () => {
    const group = { model: 'alexnet', size: 125, layers: ['fc', 'fc8'] }
    const different = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    const pairs = [
      { same: [], different },
      { same: [1, 1, 1, 1, 1], different: [] },
    ]
    const rows = groupRows(group, [], pairs)
    expect(summaryRows(rows)).toEqual([
      { ...place, metric: 'null-baseline', variant: 'different class', mean: 0.5, std: 0.5, count: 2 },
      { ...place, layer: 'fc8', metric: 'null-baseline', variant: 'same class', mean: 1, std: 0, count: 1 },
    ])
  })
})

it('rows of position only come once for each grid, those of phase only for each period, with all schemes, where every fold converged', () => {
  const folds = { 'left-right': [1, 1, 1, 1, 1], 'top-bottom': [0.75, 1, 1, 1, 0.75] }
  const unsolved = { 'left-right': [null, 1, 1, 1, 1], 'top-bottom': [0.5, 0.5, 0.5, 0.5, 0.5] }
  const unitOf = (cv: 'ordered' | 'blocks', period: number, patch: string) => {
    const separability = { loss: 'hinge' as const, C: 1, seed: 0, cv: [cv] }
    const baselines = { period, position: { [cv]: folds, shuffled: folds }, phase: { [cv]: unsolved } }
    return { ...madeUnit({ patch, separability }, 0.9, { baselines }).unit, arrays: {} }
  }
  const plain = { ...madeUnit({ patch: 'plain' }).unit, arrays: {} }
  const rows = baselineRows([
    { size: 125, units: [unitOf('ordered', 32, 'car'), unitOf('blocks', 32, 'dog'), plain] },
    { size: 125, units: [unitOf('ordered', 16, 'car')] },
    { size: 75, units: [unitOf('blocks', 16, 'car')] },
  ])
  const accuracies = rows.filter(({ metric }) => metric === 'separability-accuracy')
  expect(
    accuracies.map((one) => [one.size, one.model, one.layer, variantText(one.variant), one.mean, one.std, one.count]),
  ).toEqual([
    [125, 'position only', '2×2', 'left-right ordered', 1, 0, 0],
    [125, 'position only', '2×2', 'top-bottom ordered', 0.9, expect.closeTo(Math.sqrt(0.015), 12), 0],
    [125, 'position only', '2×2', 'left-right blocks', 1, 0, 0],
    [125, 'position only', '2×2', 'top-bottom blocks', 0.9, expect.closeTo(Math.sqrt(0.015), 12), 0],
    [125, 'phase only', '32 px, 2×2', 'top-bottom ordered', 0.5, 0, 0],
    [125, 'phase only', '32 px, 2×2', 'top-bottom blocks', 0.5, 0, 0],
    [125, 'phase only', '16 px, 2×2', 'top-bottom ordered', 0.5, 0, 0],
    [75, 'position only', '2×2', 'left-right blocks', 1, 0, 0],
    [75, 'position only', '2×2', 'top-bottom blocks', 0.9, expect.closeTo(Math.sqrt(0.015), 12), 0],
    [75, 'phase only', '16 px, 2×2', 'top-bottom blocks', 0.5, 0, 0],
  ])
  expect(rows).toHaveLength(10 * 6)
  const byFold = rows.filter(({ metric }) => metric === 'fold-accuracy')
  expect(byFold).toHaveLength(10 * 5)
  expect(byFold.slice(5, 10).map(({ variant, mean, std, count }) => [variantText(variant), mean, std, count])).toEqual(
    [0.75, 1, 1, 1, 0.75].map((accuracy, i) => [`top-bottom ordered ${i + 1}`, accuracy, 0, 0]),
  )
})

describe('several rows together', () => {
  const rows = [row('x', 1, 2, 3), row('y', 3, 4)]

  it('give one number for each object, their mean by default', () => {
    const of = (combine?: (values: readonly number[]) => number) => [...perPatch(rows, combine).values()]
    expect(of()).toEqual([2, 3, 3])
    expect(of((values) => Math.max(...values))).toEqual([3, 4, 3])
    expect(perPatch([]).size).toBe(0)
  })

  it('are a row of these numbers; one alone stays as it is', () => {
    expect(combined(rows)).toMatchObject({ mean: 8 / 3, std: expect.closeTo(Math.sqrt(2) / 3, 12), count: 3 })
    expect(combined(rows.slice(1))).toBe(rows[1])
    expect(combined([])).toBeUndefined()
  })

  it('have no mean over objects if they have no values of objects', () => {
    const ofPairs = { ...row('pairs'), mean: 0.5, count: 3 }
    expect(combined([ofPairs])).toBe(ofPairs)
    expect(combined([ofPairs, ofPairs])).toBeUndefined()
  })

  it('of some objects are taken again over these; what is of no single objects stays', () => {
    const ofPairs = { ...row('pairs'), mean: 0.5, count: 3 }
    expect(ofPatches([...rows, ofPairs], new Set(['b', 'c']))).toMatchObject([
      { mean: 2.5, std: 0.5, count: 2 },
      { mean: 4, std: 0, count: 1 },
      { mean: 0.5, count: 3 },
    ])
  })
})

it('summary.json has one row a line, without the values of objects', () => {
  expect(summaryJson(summaryRows([row('x', 1), { ...row('y'), mean: 1 / 3, std: 1e-7 }]))).toBe(`[
{"model":"alexnet","layer":"fc","size":125,"metric":"bias","variant":"x","mean":0,"std":0,"count":1},
{"model":"alexnet","layer":"fc","size":125,"metric":"bias","variant":"y","mean":${1 / 3},"std":1e-7,"count":0}
]
`)
})

it('metrics.csv has one value a line with every digit, row by row, any name in its cell, and only what is of objects', () => {
  const named = { ...row('a,b'), model: '=1', values: new Map([['"x"\n', 1e-7]]) }
  const pieces = [...metricsCsv([row('center', 1 / 3, 2), row('pairs'), named])].map((piece) => piece.toString())
  expect(pieces).toEqual([
    'model,layer,size,patch,metric,variant,value\n',
    `alexnet,fc,125,a,bias,center,${1 / 3}\nalexnet,fc,125,b,bias,center,2\n`,
    `'=1,fc,125,"""x""?",bias,"a,b",1e-7\n`,
  ])
})
