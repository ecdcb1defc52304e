import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../../src/engine/positions.js'
import { paperRows } from '../../../src/report/paper.js'
import { renderTable, type TableCell } from '../../../src/report/tables/render.js'
import {
  NO_PAPER,
  type PaperComparison,
  type PaperRow,
  type ResultTable,
  resultTables,
  tableFile,
  tablesHtml,
} from '../../../src/report/tables/tables.js'
import type { SummaryRow } from '../../../src/results/rows.js'

// What whole tables look like, test/report/documents.test.ts shows.

function row(metric: string, variant: string, mean: number, changes: Partial<SummaryRow> = {}): SummaryRow {
  return { model: 'alexnet', layer: 'fc6', size: 125, metric, variant, mean, std: 0.02, count: 10, ...changes }
}

function similarity(mean: number, changes: Partial<SummaryRow> = {}): readonly SummaryRow[] {
  return ANCHOR_NAMES.map((anchor) => row('similarity-mean', anchor, mean, changes))
}

const paperWith = (rows: readonly PaperRow[], isPapers = true, isWhole = false): PaperComparison => ({
  ...{ rows, isWhole, isPapers: () => isPapers },
})

/** Lines of the cells below a table's head. */
const cellsOf = ({ rows }: ResultTable) => rows.map((cells) => cells.slice(2))

describe('tables', () => {
  it('have a size each, the largest first, the paper’s numbers at its sizes, and are tabs on the page', () => {
    const tables = resultTables(
      [75, 125, 100].flatMap((size) => similarity(0.9, { size })),
      NO_PAPER,
    )
    expect(tables.map(({ name, title }) => [name, title])).toEqual([
      ['table-1-similarity-125', 'Table 1: Mean cosine similarity to each anchor, objects of 125×125 px'],
      ['similarity-100', 'Mean cosine similarity to each anchor, objects of 100×100 px'],
      ['table-2-similarity-75', 'Table 2: Mean cosine similarity to each anchor, objects of 75×75 px'],
    ])
    const tabs = tablesHtml(tables).matchAll(/<input type="radio" name="size-of-similarity"( checked)?>([^<]*)</g)
    expect([...tabs].map(([, checked, text]) => [checked, text])).toEqual([
      [' checked', '125×125 px (Table 1 of the paper)'],
      [undefined, '100×100 px'],
      [undefined, '75×75 px (Table 2 of the paper)'],
    ])
  })

  it('set the paper beside what was measured; all of the paper only if asked', () => {
    const own = [...similarity(0.9), ...similarity(0.9, { model: 'tiny' })]
    const paper = [...similarity(0.8, { model: 'resnet50', size: 75 }), ...similarity(0.8)]
    const modelsOf = (isWhole: boolean) =>
      resultTables(own, paperWith(paper, true, isWhole)).map(({ size, rows }) => [
        size,
        ...rows.map(([model]) => model),
      ])
    expect(modelsOf(false)).toEqual([[125, 'alexnet', 'tiny']])
    expect(modelsOf(true)).toEqual([
      [125, 'alexnet', 'tiny'],
      [75, 'resnet50'],
    ])
  })

  it('keep networks and layers apart whose names together are alike', () => {
    const rows = [...similarity(0.1, { model: 'a', layer: 'b\nc' }), ...similarity(0.2, { model: 'a\nb', layer: 'c' })]
    expect(resultTables(rows, NO_PAPER)[0]?.rows.map(([model, , first]) => [model, first])).toEqual([
      ['a', '0.100 ± 0.020'],
      ['a\nb', '0.200 ± 0.020'],
    ])
  })

  it('as CSV have a row each cell with every digit', () => {
    const own = [...similarity(1 / 3, { model: 'a,b' }), ...similarity(0.5)]
    const [table] = resultTables(own, paperWith(similarity(0.25, { std: 0.125 }))) as [ResultTable]
    const lines = tableFile(table, 'csv').split('\n')
    expect(lines[0]).toBe('model,layer,size,anchor,mean,std,patches,paper_mean,paper_std,difference,difference_sigmas')
    expect(lines[1]).toBe(`"a,b",fc6,125,top-left,${1 / 3},0.02,10,,,,`)
    expect(lines[6]).toBe('alexnet,fc6,125,top-left,0.5,0.02,10,0.25,0.125,0.25,2')
    expect(lines).toHaveLength(1 + 10 + 1)
    const [alone] = resultTables([], paperWith(similarity(0.25, { std: 0.125 }), false, true)) as [ResultTable]
    expect(renderTable(alone, 'csv').split('\n')[1]).toBe('alexnet,fc6,125,top-left,,,,0.25,0.125,,')
  })
})

describe('a cell', () => {
  const paper = [row('similarity-mean', 'center', 0.931, { std: 0.029 })]
  const exact = [row('similarity-mean', 'center', 0.9, { std: 0 })]
  const beside = (text: string, below: string) => ({ text, below: `paper ${below}` })

  it.each<[string, number | null, readonly PaperRow[], boolean, TableCell]>([
    ['mean and deviation', 0.934, [], true, '0.934 ± 0.020'],
    ['the paper’s below', 0.934, paper, true, beside('0.934 ± 0.020', '0.931 ± 0.029, +0.003 (+0.1 σ)')],
    ['a minus', 0.9, paper, true, beside('0.900 ± 0.020', '0.931 ± 0.029, −0.031 (−1.1 σ)')],
    ['no minus before a zero', 0.93099, paper, true, beside('0.931 ± 0.020', '0.931 ± 0.029, +0.000 (+0.0 σ)')],
    ['no σ of other protocols', 0.934, paper, false, beside('0.934 ± 0.020', '0.931 ± 0.029, +0.003')],
    ['no σ of a zero', 0.91, exact, true, beside('0.910 ± 0.020', '0.900 ± 0.000, +0.010')],
    ['the paper’s alone', null, paper, true, beside('–', '0.931 ± 0.029')],
  ])('has %s', (_, mean, rows, isPapers, expected) => {
    const own = mean === null ? [] : [row('similarity-mean', 'center', mean)]
    const [table] = resultTables(own, paperWith(rows, isPapers, true)) as [ResultTable]
    expect(cellsOf(table)).toEqual([[expected]])
    expect([table.note.includes('the paper’s value'), table.note.includes('σ is')]).toEqual([
      rows.length > 0,
      JSON.stringify(expected).includes('σ)'),
    ])
  })

  it.each([
    ['similarity-mean', 'center', 5, 4],
    // Of five objects there are ten pairs.
    ['null-baseline', 'different class', 10, 9],
    ['answer-kept', 'center confident', 5, 4],
    ['separability-accuracy', 'left-right ordered', 5, 4],
  ])('of %s %s has ± from %i values on', (metric, variant, enough, few) => {
    const texts = [enough, few].map((count) => {
      const rows = [row(metric, variant, 0.9, { count }), row('separability-std', variant, 0.02, { count, std: 0.5 })]
      return resultTables(rows, NO_PAPER)[0]?.rows[0]?.[2]
    })
    expect(texts).toEqual(['0.900 ± 0.020', '0.900'])
  })
})

it('what the folds alone do has no ±, and bands are shown fold by fold', () => {
  const alone = { model: 'position only', layer: '25×25', count: 0 }
  const folds = (accuracies: readonly number[], changes: Partial<SummaryRow> = {}) =>
    accuracies.map((one, i) => row('fold-accuracy', `top-bottom ordered ${i + 1}`, one, changes))
  const [accuracy, byFold] = resultTables(
    [
      row('separability-accuracy', 'top-bottom ordered', 0.88),
      row('separability-accuracy', 'top-bottom shuffled', 1),
      ...folds([0.8, 0.9, 1]),
      row('fold-accuracy', 'top-bottom shuffled 1', 1),
      row('fold-accuracy', 'top-bottom transposed 1', 0.6),
      row('separability-accuracy', 'top-bottom ordered', 0.9, alone),
      ...folds([0.75, 1, 0.75], alone),
    ],
    NO_PAPER,
  ) as [ResultTable, ResultTable]
  expect(cellsOf(accuracy)).toEqual([
    ['0.880', '1.000'],
    ['0.900', '–'],
  ])
  // They are of no objects.
  expect(tableFile(accuracy, 'csv')).toContain('\nposition only,25×25,125,top-bottom,ordered,0.9,,,,,,\n')
  expect(byFold.head.slice(2)).toEqual([
    ...[1, 2, 3].map((fold) => `ordered, top-bottom, fold ${fold}`),
    'transposed, top-bottom, fold 1',
  ])
  expect(cellsOf(byFold)).toEqual([
    ['0.800', '0.900', '1.000', '0.600'],
    ['0.750', '1.000', '0.750', '–'],
  ])
})

it('the null baseline has a column for objects of one class and one for those of two', () => {
  const [table] = resultTables(
    ['same class', 'different class'].map((variant) => row('null-baseline', variant, 0.5)),
    NO_PAPER,
  )
  expect(table?.head.slice(2)).toEqual(['objects of the same class', 'objects of different classes'])
})

it('a table says what it leaves out of its size', () => {
  const unsolved = { mean: 1, count: 2 }
  const rows = [
    row('separability-accuracy', 'left-right ordered', 0.9),
    row('not-converged', 'top-bottom ordered', 1, unsolved),
    row('not-converged', 'left-right ordered', 1, { ...unsolved, count: 1 }),
    row('not-converged', 'top-bottom ordered', 1, { ...unsolved, size: 75 }),
  ]
  const names = 'alexnet fc6 top-bottom, ordered (2 objects); alexnet fc6 left-right, ordered (1 object)'
  expect(resultTables(rows, NO_PAPER).map(({ note }) => note)).toEqual([
    expect.stringMatching(/\. Left out because a classifier did not converge: .*/),
  ])
  expect(resultTables(rows, NO_PAPER)[0]?.note.split('converge: ')[1]).toBe(`${names}.`)
})

it('tables of arithmetic set origins, references and kinds side by side, with the standard error', () => {
  const exact = (variant: string, mean: number) =>
    row('arithmetic-exact', variant, mean, { std: Math.sqrt(mean * (1 - mean)), count: 10, size: 75 })
  const [byKind, together] = resultTables(
    [
      exact('zero decoded 3-2', 0.4),
      exact('blank decoded 3-2', 1),
      exact('zero pixels 3-2', 1),
      exact('control decoded 3-2', 1),
      exact('control pixels all', 0.4),
      row('arithmetic-recall', 'zero features all', 0.9, { size: 75 }),
      row('arithmetic-false-objects', 'zero features all', 0.1, { size: 75 }),
    ],
    NO_PAPER,
  ) as [ResultTable, ResultTable]
  expect(byKind.head.slice(2)).toEqual(['from zero, decoded scenes, 3-2', 'from blank, decoded scenes, 3-2'])
  expect(together.head.slice(2)).toEqual([
    ...['no arithmetic, pixels, exact', 'from zero, features, recall', 'from zero, features, false objects'],
  ])
  // √(0.4 · 0.6 / 10)
  expect(cellsOf(byKind)).toEqual([['0.400 ± 0.155', '1.000 ± 0.000']])
})

it("the paper's tables have ten layers at two sizes, five anchors and two tasks, and the values that the paper prints", () => {
  const tables = resultTables([], paperWith(paperRows(), false, true))
  expect(tables.map(({ name, rows, head }) => [name, rows.length, head.length - 2])).toEqual([
    ['table-1-similarity-125', 10, 5],
    ['table-2-similarity-75', 10, 5],
    ['table-3-separability-125', 10, 2],
    ['table-4-separability-75', 10, 2],
  ])
  for (const { mean, std } of paperRows()) expect(mean > 0.5 && mean <= 1 && std >= 0 && std < 0.2).toBe(true)
  expect(tables[0]?.rows[0]?.slice(0, 2)).toEqual(['alexnet', 'fc6'])
  expect(tables[0]?.rows[0]?.[2 + ANCHOR_NAMES.indexOf('center')]).toEqual({ text: '–', below: 'paper 0.928 ± 0.012' })
})
