import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../../src/engine/positions.js'
import { type PaperSimilarity, paperTables } from '../../../src/report/paper.js'
import { tableCsv } from '../../../src/report/tables/csv.js'
import { tableLatex } from '../../../src/report/tables/latex.js'
import { tableMarkdown } from '../../../src/report/tables/markdown.js'
import {
  answerTables,
  cellParts,
  foldTables,
  type ResultTable,
  separabilityTables,
  similarityTables,
} from '../../../src/report/tables/model.js'
import type { SimilaritySummary } from '../../../src/results/summary.js'

function measured(model: string, layer: string, size: number, mean = 0.9, std = 0.02): SimilaritySummary[] {
  return ANCHOR_NAMES.map((anchor) => ({ model, layer, size, anchor, mean, std, patches: 10 }))
}

function published(model: string, layer: string, size: number, mean: number, std: number): PaperSimilarity[] {
  return ANCHOR_NAMES.map((anchor) => ({ model, layer, size, anchor, mean, std }))
}

function tableOf(own: readonly SimilaritySummary[], paper: readonly PaperSimilarity[] = []) {
  const [table] = similarityTables(own, paper, false, () => true)
  if (table === undefined) throw new Error('no table')
  return table
}

/** Cells of a GFM table's row, back to text: bars that no backslash guards divide them. */
function markdownCells(line: string): string[] {
  const plain = (cell: string) =>
    cell
      .replace(/\\([!-/:-@[-`{-~])/g, '$1')
      .replaceAll('&lt;', '<')
      .replaceAll('&amp;', '&')
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => plain(cell.trim()))
}

const names = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', minLength: 1 }),
  fc.constantFrom(
    '<script>alert(1)</script>',
    'a|b',
    'a\\|b',
    'a\nb',
    '*bold*',
    '[link](x)',
    '`code`',
    '&amp;',
    '#1',
    '50%_$^~{}',
  ),
)

describe('similarity tables', () => {
  it("are the paper's Table 1 at 125 pixels and 2 at 75, large first; other sizes have a name of their own", () => {
    const tables = similarityTables(
      [75, 125, 100].flatMap((size) => measured('alexnet', 'fc6', size)),
      [],
      false,
      () => false,
    )
    expect(tables.map(({ name, size }) => [name, size])).toEqual([
      ['table-1-similarity-125', 125],
      ['similarity-100', 100],
      ['table-2-similarity-75', 75],
    ])
    expect(tables.map(({ title }) => title.startsWith('Table'))).toEqual([true, false, true])
  })

  it('set the paper beside what was measured; all of the paper only if asked', () => {
    const own = [...measured('alexnet', 'fc6', 125), ...measured('tiny', 'fc6', 125)]
    const paper = [...published('resnet50', 'fc', 75, 0.8, 0.1), ...published('alexnet', 'fc6', 125, 0.8, 0.1)]
    const rows = (whole: boolean) =>
      similarityTables(own, paper, whole, () => false).map(({ size, rows }) => [size, rows.map(({ model }) => model)])
    expect(rows(false)).toEqual([[125, ['alexnet', 'tiny']]])
    expect(rows(true)).toEqual([
      [125, ['alexnet', 'tiny']],
      [75, ['resnet50']],
    ])
    const [alexnet, tiny] = tableOf(own, paper).rows
    expect(alexnet?.cells[2]?.paper?.mean).toBe(0.8)
    expect(tiny?.cells[2]?.paper).toBeUndefined()
  })

  it('keep models and layers apart whose names together are alike', () => {
    const table = tableOf([...measured('a', 'b\nc', 125, 0.1), ...measured('a\nb', 'c', 125, 0.2)])
    expect(table.rows.map(({ model, cells }) => [model, cells[2]?.measured?.mean])).toEqual([
      ['a', 0.1],
      ['a\nb', 0.2],
    ])
  })
})

describe('separability tables', () => {
  const cell = (task: string, cv: string, accuracy: number) => ({
    model: 'alexnet',
    layer: 'fc6',
    size: 125,
    task,
    cv,
    loss: 'hinge',
    accuracy,
    std: 0.1,
    folds: [0.8, 0.9, 1, 0.9, 0.8],
    patches: 20,
  })

  it('have the fold schemes side by side, and the paper beside the ordered one', () => {
    const cells = ['ordered', 'transposed'].flatMap((cv) => [cell('left-right', cv, 0.9), cell('top-bottom', cv, 0.8)])
    const [table] = separabilityTables(
      { separability: cells, foldBaselines: [] },
      paperTables().separability,
      false,
      () => true,
    )
    if (table === undefined) throw new Error('no table')
    expect(table.name).toBe('table-3-separability-125')
    const [head, , , first] = tableMarkdown(table).split('\n').slice(2)
    expect(head).toBe(
      '| model | layer | left-right, ordered | top-bottom, ordered | left-right, transposed | top-bottom, transposed |',
    )
    expect(first).toBe('')
    expect(table.rows[0]?.cells.map(({ measured, paper }) => [measured?.mean, paper?.mean])).toEqual([
      [0.9, 0.999],
      [0.8, 0.898],
      [0.9, undefined],
      [0.8, undefined],
    ])
    expect(tableCsv(table).split('\n').slice(0, 2)).toEqual([
      'model,layer,size,task,cv,accuracy,std,patches,paper_accuracy,paper_std,difference,difference_sigmas',
      `alexnet,fc6,125,left-right,ordered,0.9,0.1,20,0.999,0.002,${0.9 - 0.999},${(0.9 - 0.999) / 0.002}`,
    ])
  })

  it('show what the folds alone do in rows of their own, and fold by fold', () => {
    const grid = { size: 125, rows: 25, cols: 25, task: 'top-bottom', cv: 'ordered' }
    const study = {
      separability: [cell('top-bottom', 'ordered', 0.88), cell('top-bottom', 'shuffled', 1)],
      foldBaselines: [
        { ...grid, feature: 'position' as const, period: null, accuracy: 0.9, folds: [0.75, 1, 1, 1, 0.75] },
        { ...grid, feature: 'phase' as const, period: 32, accuracy: 0.4, folds: [0.4, 0.4, 0.4, 0.4, 0.4] },
      ],
    }
    const rowsOf = (table: ResultTable | undefined) => (table ? tableMarkdown(table).split('\n').slice(4, 7) : [])
    expect(rowsOf(separabilityTables(study, [], false, () => false)[0])).toEqual([
      '| alexnet | fc6 | – | 0.880 ± 0.100 | – | 1.000 ± 0.100 |',
      '| position only | 25×25 | – | 0.900 | – | – |',
      '| phase only | 32 px, 25×25 | – | 0.400 | – | – |',
    ])
    const [byFold, ...others] = foldTables(study)
    expect([byFold?.name, others]).toEqual(['folds-125', []])
    expect(rowsOf(byFold)).toEqual([
      '| alexnet | fc6 | 0.800 | 0.900 | 1.000 | 0.900 | 0.800 |',
      '| position only | 25×25 | 0.750 | 1.000 | 1.000 | 1.000 | 0.750 |',
      '| phase only | 32 px, 25×25 | 0.400 | 0.400 | 0.400 | 0.400 | 0.400 |',
    ])
  })

  it('say what they leave out', () => {
    const unsolved = { model: 'alexnet', layer: 'fc6', size: 125, task: 'top-bottom', cv: 'ordered', patches: 2 }
    const left = {
      separability: [cell('left-right', 'ordered', 0.9)],
      foldBaselines: [],
      notConverged: [unsolved, { ...unsolved, size: 75 }],
    }
    const [table] = separabilityTables(left, paperTables().separability, false, () => false)
    expect(table?.note).toMatch(/did not converge: alexnet fc6 top-bottom, ordered \(2 patches\)\.$/)
    expect(table?.rows[0]?.cells.map(({ measured }) => measured?.mean)).toEqual([0.9, undefined])
  })

  it('have the whole of the paper if asked', () => {
    const tables = separabilityTables(
      { separability: [], foldBaselines: [] },
      paperTables().separability,
      true,
      () => false,
    )
    expect(tables.map(({ name, rows }) => [name, rows.length])).toEqual([
      ['table-3-separability-125', 10],
      ['table-4-separability-75', 10],
    ])
  })
})

describe('table of answers', () => {
  const cell = (metric: string, mean: number, { variant = 'center', layer = 'fc8', patches = 10 } = {}) => ({
    ...({ metric, variant, anchor: 'center', model: 'tiny', layer, size: 75 } as const),
    ...{ mean, std: 0.1, patches },
  })

  it('tells confident objects from others, and has no ± of fewer than five', () => {
    const measures = [
      cell('coverage', 0.5, { layer: 'fc7' }),
      cell('answer-kept', 0.6),
      cell('answer-kept', 0.7, { variant: 'center confident', patches: 6 }),
      cell('answer-kept', 0.4, { variant: 'center unsure', patches: 4 }),
      cell('answer-probability', 0.8),
    ]
    const [table, ...others] = answerTables(measures)
    expect(others).toEqual([])
    expect(table && tableMarkdown(table).split('\n').slice(0, 5)).toEqual([
      '# What the network answers, patches of 75×75',
      '',
      '| model | layer | positions that keep the answer, confident objects | positions that keep the answer, other objects | probability at the center |',
      '| --- | --- | --- | --- | --- |',
      '| tiny | fc8 | 0.700 ± 0.100 | 0.400 | 0.800 ± 0.100 |',
    ])
    expect(table && tableCsv(table).split('\n')[2]).toBe(
      'tiny,fc8,75,"positions that keep the answer, other objects",0.4,,4,,,,',
    )
    expect(answerTables([cell('coverage', 0.5)])).toEqual([])
  })
})

describe("the paper's tables", () => {
  it('have ten model layers at two sizes and five anchors, and the values that the paper prints', () => {
    const { similarity } = paperTables()
    expect(similarity).toHaveLength(10 * 2 * 5)
    expect(new Set(similarity.map(({ model, layer }) => `${model} ${layer}`)).size).toBe(10)
    for (const { mean, std } of similarity) expect(mean > 0.5 && mean <= 1 && std >= 0 && std < 0.2).toBe(true)
    const cell = similarity.find(
      (c) => c.model === 'alexnet' && c.layer === 'fc6' && c.size === 125 && c.anchor === 'center',
    )
    expect(cell).toMatchObject({ mean: 0.928, std: 0.012 })
  })
})

describe('cell', () => {
  const measuredCell = (mean: number) => measured('m', 'l', 125, mean)[0] as SimilaritySummary
  const paperCell = (mean: number) => published('m', 'l', 125, mean, 0.029)[0] as PaperSimilarity

  it('shows mean and deviation, the paper’s, and the difference with its sign', () => {
    const isPapers = true
    expect(cellParts({ measured: measuredCell(0.934), paper: paperCell(0.931), isPapers })).toEqual({
      own: '0.934 ± 0.020',
      paper: 'paper 0.931 ± 0.029, +0.003 (+0.1 σ)',
    })
    expect(cellParts({ measured: measuredCell(0.9), paper: paperCell(0.931), isPapers }).paper).toBe(
      'paper 0.931 ± 0.029, −0.031 (−1.1 σ)',
    )
    expect(cellParts({ measured: measuredCell(0.93099), paper: paperCell(0.931), isPapers }).paper).toMatch(
      /, \+0\.000 \(\+0\.0 σ\)$/,
    )
    expect(cellParts({ measured: measuredCell(0.9) })).toEqual({ own: '0.900 ± 0.020' })
    expect(cellParts({ paper: paperCell(0.931) })).toEqual({ own: '–', paper: 'paper 0.931 ± 0.029' })
    expect(cellParts({})).toEqual({ own: '–' })
    const exact = published('m', 'l', 125, 0.9, 0)[0] as PaperSimilarity
    expect(cellParts({ measured: measuredCell(0.91), paper: exact, isPapers }).paper).toBe(
      'paper 0.900 ± 0.000, +0.010',
    )
  })

  it('has no σ where the paper measured otherwise', () => {
    const cell = { measured: measuredCell(0.934), paper: paperCell(0.931) }
    expect(cellParts(cell).paper).toBe('paper 0.931 ± 0.029, +0.003')
    const [table] = similarityTables(measured('a', 'b', 125), published('a', 'b', 125, 0.8, 0.1), false, () => false)
    expect(table?.note).toMatch(/the difference from it\.$/)
    expect(tableLatex(table as ResultTable)).not.toContain('sigma')
  })
})

describe('Markdown', () => {
  it('has a row a layer and a cell a column, whatever the names hold', () => {
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const text = tableMarkdown(tableOf(measured(model, layer, 125)))
        const lines = text.split('\n')
        expect(lines).toHaveLength(8)
        expect(lines[6]).toMatch(/^Mean over patches/)
        expect(lines[0]).toBe('# Table 1: Mean cosine similarity to each anchor, patches of 125×125')
        expect(markdownCells(lines[2] as string)).toEqual(['model', 'layer', ...ANCHOR_NAMES])
        expect(lines[3]).toMatch(/^\|( --- \|){7}$/)
        const flat = (name: string) => name.replace(/\s+/g, ' ').trim()
        const cells = markdownCells(lines[4] as string)
        expect(cells).toHaveLength(7)
        expect([flat(cells[0] as string), flat(cells[1] as string)]).toEqual([flat(model), flat(layer)])
        expect(lines[4]).not.toMatch(/<\w/)
      }),
    )
  })

  it('reads well for ordinary names', () => {
    expect(tableMarkdown(tableOf(measured('mobilenet_v2-aa', 'fc', 75))).split('\n')[4]).toBe(
      `| mobilenet_v2-aa | fc |${' 0.900 ± 0.020 |'.repeat(5)}`,
    )
  })
})

describe('CSV', () => {
  it('has one row an anchor with every digit, and the difference where the paper has the cell', () => {
    const table = tableOf(
      [...measured('a,b', 'fc "6"', 125, 1 / 3, 0.1), ...measured('c', 'd', 125, 0.5)],
      published('c', 'd', 125, 0.25, 0.125),
    )
    const lines = tableCsv(table).split('\n')
    expect(lines[0]).toBe('model,layer,size,anchor,mean,std,patches,paper_mean,paper_std,difference,difference_sigmas')
    expect(lines[1]).toBe(`"a,b","fc ""6""",125,top-left,${1 / 3},0.1,10,,,,`)
    expect(lines[6]).toBe('c,d,125,top-left,0.5,0.02,10,0.25,0.125,0.25,2')
    expect(lines).toHaveLength(1 + 10 + 1)
  })

  it('leaves what was not measured empty', () => {
    const [table] = similarityTables([], published('c', 'd', 75, 0.25, 0.125), true, () => false)
    expect(table && tableCsv(table).split('\n')[1]).toBe('c,d,75,top-left,,,,0.25,0.125,,')
  })
})
