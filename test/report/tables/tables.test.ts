import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../../src/engine/scene/positions.js'
import type { TableCell } from '../../../src/plot/tables.js'
import { paperRows } from '../../../src/report/sections/paper.js'
import {
  NO_PAPER,
  type PaperComparison,
  type ResultTable,
  resultTables,
  tableFile,
  tablesHtml,
} from '../../../src/report/tables/tables.js'
import type { MeanRow } from '../../../src/results/measures/rows.js'
import type { Variant } from '../../../src/results/measures/variant.js'

// What whole tables look like, their files and what they leave out, test/report/documents.test.ts shows.

function row(metric: string, variant: Variant, mean: number, changes: Partial<MeanRow> = {}): MeanRow {
  return { model: 'alexnet', layer: 'fc6', size: 125, metric, variant, mean, std: 0.02, count: 10, ...changes }
}

function similarity(mean: number, changes: Partial<MeanRow> = {}): readonly MeanRow[] {
  return ANCHOR_NAMES.map((anchor) => row('similarity-mean', { anchor }, mean, changes))
}

const paperWith = (rows: readonly MeanRow[]): PaperComparison => ({ rows, isPapers: () => true })

/** Lines of the cells below a table's head. */
const cellsOf = ({ rows }: ResultTable) => rows.map((cells) => cells.slice(2))

describe('tables', () => {
  it('have a size each, the largest first, and a number in the paper only at its sizes', () => {
    const rows = [75, 125, 100].flatMap((size) => similarity(0.9, { size }))
    const tables = resultTables(rows, NO_PAPER)
    expect(tables.map(({ name }) => name)).toEqual([
      'table-1-similarity-125',
      'similarity-100',
      'table-2-similarity-75',
    ])
    expect(tables[1]?.title).toBe('Mean cosine similarity to each anchor, objects of 100×100 px')
    expect(tablesHtml(tables)).toContain('name="size-of-similarity">100×100 px<')
  })

  it('compare objects of one share in unlike frames, and say how many pixels each has', () => {
    const inFrame = (model: string, size: number, frame?: number) =>
      similarity(0.9, { model, size, ...(frame !== undefined && { frame }) })
    const rows = [...inFrame('a', 75), ...inFrame('a', 125), ...inFrame('b', 54, 160), ...inFrame('b', 89, 160)]
    const [large, small] = resultTables(rows, NO_PAPER)
    expect(large?.title).toBe('Table 1: Mean cosine similarity to each anchor, objects of 89, 125 px (56 %)')
    expect(small).toMatchObject({ name: 'table-2-similarity-75', sizes: '54, 75 px (33–34 %)' })
    expect(small?.head.slice(0, 3)).toEqual(['network', 'layer', 'size'])
    expect(small?.rows.map(([model, , size]) => [model, size])).toEqual([
      ['a', '75 px (33 %)'],
      ['b', '54 px (34 %)'],
    ])
    expect(small?.data.rows.map(([model, , size]) => `${model} ${size}`)).toContain('b 54')
  })

  it('compare equal numbers of pixels if the user states them', () => {
    const rows = [...similarity(0.9, { size: 60 }), ...similarity(0.9, { model: 'b', size: 60, frame: 160 })]
    expect(resultTables(rows, NO_PAPER).map(({ name, sizes }) => [name, sizes])).toEqual([
      ['similarity-60', '60×60 px (27–38 %)'],
    ])
  })

  it('have no rows of networks and sizes that only the paper measured', () => {
    const own = [...similarity(0.9), ...similarity(0.9, { model: 'tiny' })]
    const paper = [...similarity(0.8, { model: 'resnet50', size: 75 }), ...similarity(0.8)]
    const tables = resultTables(own, paperWith(paper))
    expect(tables.map(({ size, rows }) => [size, ...rows.map(([one]) => one)])).toEqual([[125, 'alexnet', 'tiny']])
  })

  it('keep networks and layers apart whose names together are alike', () => {
    const rows = [...similarity(0.1, { model: 'a', layer: 'b\nc' }), ...similarity(0.2, { model: 'a\nb', layer: 'c' })]
    const cells = resultTables(rows, NO_PAPER)[0]?.rows.flatMap(([model, , first]) => [model, first])
    expect(cells).toEqual(['a', '0.100 ± 0.020', 'a\nb', '0.200 ± 0.020'])
  })
})

describe('a cell', () => {
  const paper = [row('similarity-mean', { anchor: 'center' }, 0.931, { std: 0.029 })]
  const large = [row('similarity-mean', { anchor: 'center' }, 0.93, { std: 0.125 })]
  const exact = [row('similarity-mean', { anchor: 'center' }, 0.9, { std: 0 })]
  const beside = (text: string, ...below: string[]) => ({ text, below })

  it.each<[string, number, readonly MeanRow[], TableCell]>([
    ['mean and deviation', 0.934, [], '0.934 ± 0.020'],
    [
      'as many decimals as two digits of a large ± need',
      0.934,
      large,
      beside('0.934 ± 0.020', 'paper 0.93 ± 0.13', '+0.004 (+0.0 σ)'),
    ],
    ['no minus before a zero', 0.93099, paper, beside('0.931 ± 0.020', 'paper 0.931 ± 0.029', '+0.000 (+0.0 σ)')],
    ['no σ of a zero', 0.91, exact, beside('0.910 ± 0.020', 'paper 0.900 ± 0.000', '+0.010')],
  ])('has %s', (_, mean, rows, expected) => {
    const own = [row('similarity-mean', { anchor: 'center' }, mean)]
    const [table] = resultTables(own, paperWith(rows)) as [ResultTable]
    expect(cellsOf(table)).toEqual([[expected]])
    expect([table.note.includes('the paper’s value'), table.note.includes('σ is')]).toEqual([
      rows.length > 0,
      JSON.stringify(expected).includes('σ)'),
    ])
  })

  it('has the paper’s number alone where nothing was measured', () => {
    const own = [
      row('similarity-mean', { anchor: 'top-left' }, 0.9),
      row('similarity-mean', { anchor: 'center' }, 0.9, { model: 'tiny' }),
    ]
    const [table] = resultTables(own, paperWith(paper)) as [ResultTable]
    expect(cellsOf(table)[0]).toEqual(['0.900 ± 0.020', beside('–', 'paper 0.931 ± 0.029')])
    expect(tableFile(table, 'csv', String).split('\n')[2]).toBe('alexnet,fc6,125,center,,,,0.931,0.029,,')
  })

  it.each<[string, Variant, number, number]>([
    ['similarity-mean', { anchor: 'center' }, 5, 4],
    // Of five objects there are ten pairs.
    ['null-baseline', { classes: 'different' }, 10, 9],
    ['answer-agreement', { confidence: 'confident' }, 5, 4],
    ['separability-accuracy', { task: 'left-right', scheme: 'ordered' }, 5, 4],
  ])('of %s %s has ± from %i values on', (metric, variant, enough, few) => {
    const texts = [enough, few].map((count) => {
      const rows = [row(metric, variant, 0.9, { count }), row('separability-std', variant, 0.02, { count, std: 0.5 })]
      return resultTables(rows, NO_PAPER)[0]?.rows[0]?.[2]
    })
    expect(texts).toEqual(['0.900 ± 0.020', '0.900'])
  })
})

it('bands are shown fold by fold, in rows and in columns', () => {
  const task = 'top-bottom'
  const folds: readonly [Variant, ...Variant[]] = [
    { task, scheme: 'ordered', fold: 1 },
    { task, scheme: 'ordered', fold: 2 },
    { task, scheme: 'shuffled', fold: 1 },
    { task, scheme: 'transposed', fold: 1 },
  ]
  const own = folds.map((variant) => row('fold-accuracy', variant, 0.6))
  const alone = row('fold-accuracy', folds[0], 0.75, { model: 'position only', count: 0 })
  const [table] = resultTables([...own, alone], NO_PAPER) as [ResultTable]
  const columns = ['ordered, top-bottom, fold 1', 'ordered, top-bottom, fold 2', 'transposed, top-bottom, fold 1']
  expect(table.head.slice(2)).toEqual(columns)
  expect(cellsOf(table).flat()).toEqual(['0.600', '0.600', '0.600', '0.750', '–', '–'])
})

it('the null baseline has a column for objects of one class and one for those of two', () => {
  const rows = (['same', 'different'] as const).map((classes) => row('null-baseline', { classes }, 0.5))
  const columns = ['objects of the same class', 'objects of different classes']
  expect(resultTables(rows, NO_PAPER)[0]?.head.slice(2)).toEqual(columns)
})

it('a table says what it leaves out of its size', () => {
  const rows = [
    row('separability-accuracy', { task: 'left-right', scheme: 'ordered' }, 0.9),
    row('not-converged', { task: 'top-bottom', scheme: 'ordered' }, 1, { count: 2 }),
    row('not-converged', { task: 'left-right', scheme: 'ordered' }, 1, { count: 1 }),
    row('not-converged', { task: 'top-bottom', scheme: 'ordered' }, 1, { size: 75 }),
  ]
  const names = 'alexnet fc6 top-bottom, ordered (2 objects); alexnet fc6 left-right, ordered (1 object)'
  expect(resultTables(rows, NO_PAPER).map(({ note }) => note.split(' converge: ')[1])).toEqual([`${names}.`])
})

it('tables of arithmetic set origins, references and kinds side by side, with the standard error', () => {
  const exact = (variant: Variant, mean: number) =>
    row('arithmetic-exact', variant, mean, { std: Math.sqrt(mean * (1 - mean)), count: 10, size: 75 })
  const [byKind, together] = resultTables(
    [
      exact({ judged: 'zero', reference: 'decoded', kind: '3-2' }, 0.4),
      exact({ judged: 'blank', reference: 'decoded', kind: '3-2' }, 1),
      exact({ judged: 'zero', reference: 'pixels', kind: '3-2' }, 1),
      exact({ judged: 'control', reference: 'decoded', kind: '3-2' }, 1),
      exact({ judged: 'control', reference: 'pixels', kind: 'all' }, 0.4),
      row('arithmetic-recall', { judged: 'zero', reference: 'features', kind: 'all' }, 0.9, { size: 75 }),
      row('arithmetic-false-objects', { judged: 'zero', reference: 'features', kind: 'all' }, 0.1, { size: 75 }),
    ],
    NO_PAPER,
  ) as [ResultTable, ResultTable]
  expect(byKind.head.slice(2)).toEqual(['from zero, decoded scenes, 3-2', 'from blank, decoded scenes, 3-2'])
  const columns = ['no arithmetic, pixels, exact', 'from zero, features, recall', 'from zero, features, false objects']
  expect(together.head.slice(2)).toEqual(columns)
  // √(0.4 · 0.6 / 10)
  expect(cellsOf(byKind)).toEqual([['0.40 ± 0.15', '1.000 ± 0.000']])
})

it("the paper's tables have ten layers at two sizes, five anchors and two tasks, and the values that the paper prints", () => {
  // Everything that the paper measured is measured here.
  const tables = resultTables(paperRows(), paperWith(paperRows()))
  const shapes = tables.map(({ name, rows, head }) => `${name}: ${rows.length} × ${head.length - 2}`)
  expect(shapes).toEqual([
    ...['table-1-similarity-125: 10 × 5', 'table-2-similarity-75: 10 × 5'],
    ...['table-3-separability-125: 10 × 2', 'table-4-separability-75: 10 × 2'],
  ])
  for (const { mean, std } of paperRows()) expect(mean > 0.5 && mean <= 1 && std >= 0 && std < 0.2).toBe(true)
  expect(tables[0]?.rows[0]?.slice(0, 2)).toEqual(['alexnet', 'fc6'])
  expect(tables[0]?.rows[0]?.[2 + ANCHOR_NAMES.indexOf('center')]).toMatchObject({
    below: ['paper 0.928 ± 0.012', '+0.000 (+0.0 σ)'],
  })
})
