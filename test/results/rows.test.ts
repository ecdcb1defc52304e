import fc from 'fast-check'
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
} from '../../src/results/rows.js'
import type { Unit, UnitInputs } from '../../src/results/unit/schema.js'
import { withoutControls } from '../../src/support/text.js'
import { madeUnit } from '../support/unit.js'

const place = { model: 'alexnet', layer: 'fc', size: 125 }

/** A unit of one layer with these measures. */
function unitWith(patch: string, measures: Unit['layers'][number]['measures']): Unit {
  const { unit } = madeUnit({ patch, layers: ['fc'] })
  return { ...unit, arrays: {}, layers: unit.layers.map((layer) => ({ ...layer, measures })) }
}

function rowsOf(units: readonly Unit[]): readonly Row[] {
  return groupRows({ model: 'alexnet', size: 125, layers: ['fc'], units }, [])
}

/** A row of these values of the patches a, b and c. */
function row(variant: string, ...numbers: readonly number[]): Row {
  const values = new Map(numbers.map((value, i) => ['abc'[i] as string, value]))
  return { ...place, metric: 'bias', variant, mean: 0, std: 0, count: numbers.length, values }
}

describe('rows of a group', () => {
  it('have mean and population standard deviation over the patches that have the number, in the order of measures', () => {
    const rows = rowsOf([
      unitWith('a', { bias: { center: 0.2 }, power: { x: 1 } }),
      unitWith('b', { bias: { center: 0.4 } }),
      unitWith('c', { bias: { center: 0.9, corner: 5 } }),
    ])
    const std = Math.sqrt((0.3 ** 2 + 0.1 ** 2 + 0.4 ** 2) / 3)
    expect(summaryRows(rows)).toEqual([
      {
        ...place,
        metric: 'bias',
        variant: 'center',
        mean: expect.closeTo(0.5, 12),
        std: expect.closeTo(std, 12),
        count: 3,
      },
      { ...place, metric: 'bias', variant: 'corner', mean: 5, std: 0, count: 1 },
      { ...place, metric: 'power', variant: 'x', mean: 1, std: 0, count: 1 },
    ])
    expect([...(rows[0]?.values ?? [])]).toEqual([
      ['a', 0.2],
      ['b', 0.4],
      ['c', 0.9],
    ])
  })

  it('have the pairs of patches of the null baseline, of which each has a cosine at every anchor', () => {
    const group = { model: 'alexnet', size: 125, layers: ['fc', 'fc8'], units: [] }
    const different = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    const rows = groupRows(group, [
      { same: [], different },
      { same: [1, 1, 1, 1, 1], different: [] },
    ])
    expect(summaryRows(rows)).toEqual([
      { ...place, metric: 'null-baseline', variant: 'different class', mean: 0.5, std: 0.5, count: 2 },
      { ...place, layer: 'fc8', metric: 'null-baseline', variant: 'same class', mean: 1, std: 0, count: 1 },
    ])
  })
})

it('rows of the folds alone come once for each grid and period, of the study’s schemes, where every fold converged', () => {
  const folds = { 'left-right': [1, 1, 1, 1, 1], 'top-bottom': [0.75, 1, 1, 1, 0.75] }
  const unsolved = { 'left-right': [null, 1, 1, 1, 1], 'top-bottom': [0.5, 0.5, 0.5, 0.5, 0.5] }
  const baselines = { period: 32, position: { ordered: folds, shuffled: folds }, phase: { ordered: unsolved } }
  const separability: UnitInputs['separability'] = { loss: 'hinge', C: 1, seed: 0, cv: ['ordered'] }
  const units = ['car', 'dog'].map((patch) => ({
    ...madeUnit({ patch, separability }, 0.9, { baselines }).unit,
    arrays: {},
  }))
  const rows = baselineRows([{ size: 125, units }])
  expect(
    rows.flatMap(({ model, layer, variant, mean, std, count, metric }) =>
      metric === 'separability-accuracy' ? [[model, layer, variant, mean, Number(std.toFixed(3)), count]] : [],
    ),
  ).toEqual([
    ['position only', '2×2', 'left-right ordered', 1, 0, 0],
    ['position only', '2×2', 'top-bottom ordered', 0.9, 0.122, 0],
    ['phase only', '32 px, 2×2', 'top-bottom ordered', 0.5, 0, 0],
  ])
  const byFold = rows.filter(({ model, metric }) => model === 'position only' && metric === 'fold-accuracy')
  expect(byFold.slice(5).map(({ variant, mean }) => [variant, mean])).toEqual(
    [0.75, 1, 1, 1, 0.75].map((accuracy, i) => [`top-bottom ordered ${i + 1}`, accuracy]),
  )
})

describe('several rows together', () => {
  const rows = [row('x', 1, 2, 3), row('y', 3, 4)]

  it('give one mean for each patch', () => {
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

  it('of some patches are taken again over these; what is of no single patches stays', () => {
    const ofPairs = { ...row('pairs'), mean: 0.5, count: 3 }
    expect(ofPatches([...rows, ofPairs], new Set(['b', 'c']))).toMatchObject([
      { mean: 2.5, std: 0.5, count: 2 },
      { mean: 4, std: 0, count: 1 },
      { mean: 0.5, count: 3 },
    ])
  })
})

it('summary.json has one row a line, without the values of patches', () => {
  const rows = rowsOf([unitWith('a', { bias: { center: 0.2 }, power: { x: 1 } })])
  const text = summaryJson(summaryRows(rows))
  const keys = ['model', 'layer', 'size', 'metric', 'variant', 'mean', 'std', 'count']
  expect(JSON.parse(text).map(Object.keys)).toEqual([keys, keys])
  expect(text.split('\n')[1]).toBe(`${JSON.stringify(JSON.parse(text)[0])},`)
})

describe('metrics.csv', () => {
  const textOf = (rows: readonly Row[]) => Buffer.concat([...metricsCsv(rows)]).toString()

  it('has one value a line with every digit, row by row, and nothing of what is not of single patches', () => {
    expect(textOf([row('center', 1 / 3, 2), row('pairs'), row('a,b', 1e-7)])).toBe(
      `model,layer,size,patch,metric,variant,value
alexnet,fc,125,a,bias,center,${1 / 3}
alexnet,fc,125,b,bias,center,2
alexnet,fc,125,a,bias,"a,b",1e-7
`,
    )
  })

  it('keeps any name in its cell', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (patch) => {
        const [, line = ''] = textOf(rowsOf([unitWith(patch, { bias: { center: 1 } })])).split('\n')
        const cell = /^alexnet,fc,125,(?:"((?:[^"]|"")*)"|([^",]*)),bias,center,1$/.exec(line)
        const name = cell?.[1]?.replaceAll('""', '"') ?? cell?.[2]
        // An apostrophe guards what a spreadsheet would take for a formula.
        expect([withoutControls(patch), `'${withoutControls(patch)}`]).toContain(name)
      }),
    )
  })
})
