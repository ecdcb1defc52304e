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

function named(stem: string, tables: readonly ResultTable[]): ResultTable {
  return tables.find(({ kind }) => kind.stem === stem) as ResultTable
}

describe('similarity tables', () => {
  it("are the paper's Table 1 at 125 pixels and 2 at 75, large first; other sizes have a name of their own", () => {
    const tables = resultTables(
      [75, 125, 100].flatMap((size) => similarity(0.9, { size })),
      NO_PAPER,
    )
    expect(tables.map(({ name, title }) => [name, title.split(':')[0]?.slice(0, 7)])).toEqual([
      ['table-1-similarity-125', 'Table 1'],
      ['similarity-100', 'Mean co'],
      ['table-2-similarity-75', 'Table 2'],
    ])
  })

  it('are tabs on the page, the largest first: a choice for each size, which shows what follows it', () => {
    const own = [75, 125, 100].flatMap((size) => similarity(0.9, { size }))
    const html = tablesHtml(resultTables(own, NO_PAPER))
    const labels = [
      ...html.matchAll(/<label><input type="radio" name="size-of-similarity"( checked)?>([^<]*)<\/label>\n<div>/g),
    ]
    expect(labels.map(([, checked, text]) => [checked !== undefined, text])).toEqual([
      [true, '125×125 px (Table 1 of the paper)'],
      [false, '100×100 px'],
      [false, '75×75 px (Table 2 of the paper)'],
    ])
    expect(html.match(/<h3>/g)).toHaveLength(1)
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

  it('keep models and layers apart whose names together are alike', () => {
    const rows = [...similarity(0.1, { model: 'a', layer: 'b\nc' }), ...similarity(0.2, { model: 'a\nb', layer: 'c' })]
    expect(resultTables(rows, NO_PAPER)[0]?.rows.map(([model, , first]) => [model, first])).toEqual([
      ['a', '0.100 ± 0.020'],
      ['a\nb', '0.200 ± 0.020'],
    ])
  })

  it('as files have a row each cell with every digit in CSV, and title and note in Markdown', () => {
    const own = [...similarity(1 / 3, { model: 'a,b' }), ...similarity(0.5)]
    const [table] = resultTables(own, paperWith(similarity(0.25, { std: 0.125 }))) as [ResultTable]
    const lines = tableFile(table, 'csv').split('\n')
    expect(lines[0]).toBe('model,layer,size,anchor,mean,std,patches,paper_mean,paper_std,difference,difference_sigmas')
    expect(lines[1]).toBe(`"a,b",fc6,125,top-left,${1 / 3},0.02,10,,,,`)
    expect(lines[6]).toBe('alexnet,fc6,125,top-left,0.5,0.02,10,0.25,0.125,0.25,2')
    expect(lines).toHaveLength(1 + 10 + 1)
    const paperAlone = resultTables([], paperWith(similarity(0.25, { std: 0.125 }), false, true))
    expect(renderTable(paperAlone[0] as ResultTable, 'csv').split('\n')[1]).toBe(
      'alexnet,fc6,125,top-left,,,,0.25,0.125,,',
    )
    expect(tableFile(table, 'md')).toMatch(
      /^# Table 1: Mean cosine similarity to each anchor, objects of 125×125 px\n\n\| network [\s\S]*\|\n\nMean similarity over positions and objects\. .*\.\n$/,
    )
  })
})

describe('a cell', () => {
  const paper = [row('similarity-mean', 'center', 0.931, { std: 0.029 })]
  const exact = [row('similarity-mean', 'center', 0.9, { std: 0 })]

  it.each<[string, number | null, readonly PaperRow[], boolean, TableCell]>([
    ['has mean and deviation', 0.934, [], true, '0.934 ± 0.020'],
    [
      'has the paper’s below, and the difference',
      0.934,
      paper,
      true,
      { text: '0.934 ± 0.020', below: 'paper 0.931 ± 0.029, +0.003 (+0.1 σ)' },
    ],
    ['has a minus', 0.9, paper, true, { text: '0.900 ± 0.020', below: 'paper 0.931 ± 0.029, −0.031 (−1.1 σ)' }],
    [
      'has no minus before a zero',
      0.93099,
      paper,
      true,
      { text: '0.931 ± 0.020', below: 'paper 0.931 ± 0.029, +0.000 (+0.0 σ)' },
    ],
    [
      'has no σ where the paper measured otherwise',
      0.934,
      paper,
      false,
      { text: '0.934 ± 0.020', below: 'paper 0.931 ± 0.029, +0.003' },
    ],
    ['has no σ of a zero', 0.91, exact, true, { text: '0.910 ± 0.020', below: 'paper 0.900 ± 0.000, +0.010' }],
    ['has the paper’s alone', null, paper, true, { text: '–', below: 'paper 0.931 ± 0.029' }],
  ])('%s', (_, mean, rows, isPapers, expected) => {
    const own = mean === null ? [] : [row('similarity-mean', 'center', mean)]
    expect(cellsOf(resultTables(own, paperWith(rows, isPapers, true))[0] as ResultTable)).toEqual([[expected]])
  })

  it.each([
    ['similarity-mean', 'center', 5, 4],
    // Of five patches there are ten pairs.
    ['null-baseline', 'different class', 10, 9],
    ['answer-kept', 'center confident', 5, 4],
  ])('of %s %s has ± from %i values on', (metric, variant, enough, few) => {
    const texts = [enough, few].map(
      (count) => resultTables([row(metric, variant, 0.9, { count })], NO_PAPER)[0]?.rows[0]?.[2],
    )
    expect(texts).toEqual(['0.900 ± 0.020', '0.900'])
  })

  it('says in the note what stands beside it', () => {
    const noteOf = (isPapers: boolean) => resultTables(similarity(0.9), paperWith(paper, isPapers))[0]?.note
    expect(noteOf(false)).toMatch(/the paper’s value and the difference from it\.$/)
    expect(noteOf(true)).toMatch(/difference from it\. σ is .*results tell\.$/)
    expect(resultTables(similarity(0.9), NO_PAPER)[0]?.note).not.toContain('paper’s')
  })
})

describe('separability tables', () => {
  const accuracy = (variant: string, mean: number, changes: Partial<SummaryRow> = {}) => [
    row('separability-accuracy', variant, mean, { std: 0.5, ...changes }),
    row('separability-std', variant, 0.1, changes),
  ]

  it('have the fold schemes side by side, the deviation over folds, and the paper beside the ordered one', () => {
    const schemes = ['ordered', 'transposed']
    const rows = schemes.flatMap((cv) => [...accuracy(`left-right ${cv}`, 0.9), ...accuracy(`top-bottom ${cv}`, 0.8)])
    const [table] = resultTables(rows, paperWith(paperRows())) as [ResultTable]
    expect(table.name).toBe('table-3-separability-125')
    expect(table.head.slice(2)).toEqual(schemes.flatMap((cv) => [`left-right, ${cv}`, `top-bottom, ${cv}`]))
    expect(cellsOf(table)).toEqual([
      [
        { text: '0.900 ± 0.100', below: 'paper 0.999 ± 0.002, −0.099 (−49.5 σ)' },
        { text: '0.800 ± 0.100', below: expect.stringMatching(/^paper 0\.898 /) },
        '0.900 ± 0.100',
        '0.800 ± 0.100',
      ],
    ])
    expect(renderTable(table, 'csv').split('\n').slice(0, 2)).toEqual([
      'model,layer,size,task,cv,accuracy,std,patches,paper_accuracy,paper_std,difference,difference_sigmas',
      `alexnet,fc6,125,left-right,ordered,0.9,0.1,10,0.999,0.002,${0.9 - 0.999},${(0.9 - 0.999) / 0.002}`,
    ])
  })

  it('have what the folds alone do without ±, and bands fold by fold', () => {
    const alone = { model: 'position only', layer: '25×25', count: 0 }
    const folds = (accuracies: readonly number[], changes: Partial<SummaryRow> = {}) =>
      accuracies.map((one, i) => row('fold-accuracy', `top-bottom ordered ${i + 1}`, one, changes))
    const tables = resultTables(
      [
        ...accuracy('top-bottom ordered', 0.88),
        ...accuracy('top-bottom shuffled', 1),
        ...folds([0.8, 0.9, 1]),
        row('fold-accuracy', 'top-bottom shuffled 1', 1),
        ...accuracy('top-bottom ordered', 0.9, alone),
        ...folds([0.75, 1, 0.75], alone),
      ],
      NO_PAPER,
    )
    expect(cellsOf(named('separability', tables))).toEqual([
      ['0.880 ± 0.100', '1.000 ± 0.100'],
      ['0.900', '–'],
    ])
    // They are of no patches.
    expect(tableFile(named('separability', tables), 'csv')).toContain(
      '\nposition only,25×25,125,top-bottom,ordered,0.9,,,,,,\n',
    )
    const byFold = named('folds', tables)
    expect(byFold.head.slice(2)).toEqual([1, 2, 3].map((fold) => `ordered, top-bottom, fold ${fold}`))
    expect(cellsOf(byFold)).toEqual([
      ['0.800', '0.900', '1.000'],
      ['0.750', '1.000', '0.750'],
    ])
  })

  it('say what they leave out of their size', () => {
    const unsolved = { mean: 1, count: 2 }
    const rows = [
      ...accuracy('left-right ordered', 0.9),
      row('not-converged', 'top-bottom ordered', 1, unsolved),
      row('not-converged', 'top-bottom ordered', 1, { ...unsolved, size: 75 }),
    ]
    expect(resultTables(rows, NO_PAPER).map(({ note }) => note)).toEqual([
      expect.stringMatching(/did not converge: alexnet fc6 top-bottom, ordered \(2 objects\)\.$/),
    ])
  })
})

it('the table of answers tells confident answers from others', () => {
  const rows = [
    row('coverage', 'center>=0.5', 0.5),
    row('answer-probability', 'center', 0.8),
    row('answer-kept', 'center', 0.6),
    row('answer-kept', 'center unsure', 0.4, { count: 4 }),
    row('answer-kept', 'center confident', 0.7),
  ]
  const [table, ...others] = resultTables(rows, NO_PAPER) as [ResultTable]
  expect(others).toEqual([])
  expect(table.head.slice(2)).toEqual([
    'share of positions that keep a confident answer',
    'share of positions that keep an unsure answer',
    'probability of the answer at the center',
  ])
  // The names in files stay.
  expect(tableFile(table, 'csv')).toContain(',"positions that keep the answer, confident objects",')
  expect(cellsOf(table)).toEqual([['0.700 ± 0.020', '0.400', '0.800 ± 0.020']])
})

it('tables of arithmetic set origins, references and kinds side by side, with the standard error', () => {
  const exact = (variant: string, mean: number) =>
    row('arithmetic-exact', variant, mean, { std: Math.sqrt(mean * (1 - mean)), count: 10, size: 75 })
  const tables = resultTables(
    [
      exact('zero decoded 3-2', 0.4),
      exact('blank decoded 3-2', 1),
      exact('control pixels all', 0.4),
      row('arithmetic-recall', 'zero features all', 0.9, { size: 75 }),
    ],
    NO_PAPER,
  )
  expect(tables.map(({ name, head }) => [name, ...head.slice(2)])).toEqual([
    ['arithmetic-exact-75', 'from zero, decoded scenes, 3-2', 'from blank, decoded scenes, 3-2'],
    ['arithmetic-accuracy-75', 'no arithmetic, pixels, exact', 'from zero, features, recall'],
  ])
  // √(0.4 · 0.6 / 10)
  expect(cellsOf(tables[0] as ResultTable)).toEqual([['0.400 ± 0.155', '1.000 ± 0.000']])
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
