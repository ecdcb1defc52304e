import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tableLatex } from '../../../src/report/tables/latex.js'
import { latexText } from '../../../src/report/tables/latexText.js'
import type { ResultTable, TableRow } from '../../../src/report/tables/model.js'
import { temporaryFolder } from '../../temporaryFolder.js'

const inFolder = temporaryFolder()

const ANCHORS = ['top-left', 'top-right', 'center', 'bottom-left', 'bottom-right']
const TASKS = ['left-right', 'top-bottom']
const value = (mean: number) => ({ mean, std: 0.02 })

function row(model: string, layer: string, columns: number, paper = false): TableRow {
  const cell = { measured: value(0.9), ...(paper && { paper: value(0.93), isPapers: true }) }
  return { model, layer, cells: Array.from({ length: columns }, () => cell) }
}

function table(rows: readonly TableRow[], changes: Partial<ResultTable> = {}): ResultTable {
  return {
    name: 'table-1-similarity-125',
    title: 'Table 1: Mean cosine similarity to each anchor, patches of 125×125',
    note: 'Mean ± standard deviation over patches of each patch’s mean similarity.',
    size: 125,
    keys: ['anchor'],
    columns: ANCHORS.map((anchor) => [anchor]),
    statistic: 'mean',
    counted: 'patches',
    rows,
    ...changes,
  }
}

const folds = (...schemes: readonly string[]): Partial<ResultTable> => ({
  name: 'table-3-separability-125',
  keys: ['task', 'cv'],
  columns: schemes.flatMap((cv) => TASKS.map((task) => [task, cv])),
})

const HOSTILE = [
  '50%_$^~{}#&\\',
  '<d>|`"\'',
  'naïve Ångström żółw',
  '日本 😀 σ±×−',
  'a--b---c',
  '\\input{/etc/passwd}',
  'a\nb\u2028c',
  '?`',
]

describe('LaTeX', () => {
  const bodies = (text: string) => text.split('\\begin{table}').slice(1)
  const rowsOf = (text: string) => text.split('\n').filter((line) => line.endsWith('\\\\'))

  it('has rules of booktabs, a caption that counts for itself, a label, and says what it needs', () => {
    const text = tableLatex(table([row('a', 'fc6', 5), row('a', 'fc7', 5), row('b', 'fc6', 5)]))
    const [needs, ...comments] = text.split('\n').filter((line) => line.startsWith('%'))
    expect(needs).toMatch(/\\usepackage\{booktabs\}.*\\usepackage\{graphicx\}/)
    expect(comments[0]).toBe('% Table 1: Mean cosine similarity to each anchor, patches of 125×125')
    expect(text).toContain(
      '\\caption[{Mean cosine similarity to each anchor, patches of 125$\\times$125}]{Mean cosine similarity to each anchor, patches of 125$\\times$125 (Table 1 of the paper). Mean $\\pm$ standard',
    )
    expect(text).toContain('\\label{tab:table-1-similarity-125}')
    for (const rule of ['toprule', 'midrule', 'bottomrule']) expect(text.split(`\\${rule}`)).toHaveLength(2)
    expect(text).not.toContain('hline')
    const cells = Array(5).fill('$0.900\\,{\\scriptstyle\\pm0.020}$').join(' & ')
    expect(rowsOf(text).slice(1)).toEqual([
      `a & fc6 & ${cells} \\\\`,
      ` & fc7 & ${cells} \\\\`,
      `b & fc6 & ${cells} \\\\`,
    ])
  })

  it('has a table for each fold scheme, and for as many rows as a page holds', () => {
    const own = bodies(tableLatex(table([row('a', 'fc6', 6)], folds('ordered', 'shuffled', 'transposed'))))
    expect(own.map((body) => /; (\w+), part (\d) of 3\}/.exec(body)?.slice(1))).toEqual([
      ['ordered', '1'],
      ['shuffled', '2'],
      ['transposed', '3'],
    ])
    expect(own.map((body) => /\\label\{(.*)\}/.exec(body)?.[1])).toEqual(
      [1, 2, 3].map((part) => `tab:table-3-separability-125-${part}`),
    )
    for (const body of own)
      expect(rowsOf(body)[0]).toBe(
        'model & layer & \\multicolumn{1}{c}{left-right} & \\multicolumn{1}{c}{top-bottom} \\\\',
      )
    const layers = Array.from({ length: 100 }, (_, i) => row('a', `layer${i}`, 5))
    expect(bodies(tableLatex(table(layers))).map((body) => rowsOf(body).length)).toEqual([46, 46, 11])
    expect(bodies(tableLatex(table([row('a', 'fc6', 1)], { columns: [['center']] })))).toHaveLength(1)
  })

  it('sets the paper’s values and the differences below each row', () => {
    const text = tableLatex(table([row('a', 'fc6', 1, true), row('b', 'fc6', 1)], { columns: [['center']] }))
    expect(rowsOf(text).slice(1)).toEqual([
      'a & fc6 & $0.900\\,{\\scriptstyle\\pm0.020}$ \\\\',
      ' & \\quad paper & $0.930\\,{\\scriptstyle\\pm0.020}$ \\\\',
      ' & \\quad difference & $-0.030\\,{\\scriptstyle(-1.5\\sigma)}$ \\\\',
      'b & fc6 & $0.900\\,{\\scriptstyle\\pm0.020}$ \\\\',
    ])
  })

  it('shows every special character as itself', () => {
    expect(latexText('50%_$^~{}')).toBe('50\\%\\_\\$\\textasciicircum{}\\textasciitilde{}\\{\\}')
    expect(latexText('a&b\\c#<d>|')).toBe('a\\&b\\textbackslash{}c\\#\\textless{}d\\textgreater{}\\textbar{}')
    expect(latexText('é ± 日')).toBe("\\'{e} $\\pm$ \\unicodecharacter{65E5}")
    expect(latexText('a--b')).toBe('a-{}-b')
  })

  it('keeps rows on lines of their own and braces in pairs, whatever the names and the note hold', () => {
    const names = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom(...HOSTILE))
    fc.assert(
      fc.property(names, names, (model, note) => {
        const text = tableLatex(table([row(model, model, 5)], { note }))
        const lines = text.split('\n').filter((line) => !line.startsWith('%'))
        expect(lines.join('')).toMatch(/^[ -~]*$/)
        expect(rowsOf(lines.join('\n'))[1]?.match(/(?<!\\)&/g)).toHaveLength(6)
        let depth = 0
        for (const [brace] of lines
          .join('\n')
          .replace(/\\[\\{}]/g, '')
          .matchAll(/[{}]/g)) {
          depth += brace === '{' ? 1 : -1
          expect(depth).toBeGreaterThanOrEqual(0)
        }
        expect(depth).toBe(0)
      }),
    )
  })
})

const hasLatex = spawnSync('pdflatex', ['--version']).status === 0

describe.skipIf(!hasLatex)('tables in a document (needs pdflatex)', () => {
  it('compile without a warning, in one column and in two', () => {
    const long = 'a-name-that-is-far-too-long-for-any-column-of-text-whatever-its-letters'
    const tables = [
      table([...HOSTILE.map((name, i) => row(name, 'fc6', 5, i === 0)), row(long, long, 5)], {
        note: HOSTILE.join(' '),
      }),
      table(
        Array.from({ length: 45 }, (_, i) => row('tiny-alexnet-noflip', `fc${i}`, 6)),
        folds('ordered', 'shuffled', 'transposed'),
      ),
    ]
    mkdirSync(inFolder(), { recursive: true })
    tables.forEach((one, i) => {
      writeFileSync(inFolder(`table${i}.tex`), tableLatex(one))
    })
    for (const columns of ['onecolumn', 'twocolumn']) {
      const document = `\\documentclass[${columns}]{article}\\usepackage{booktabs}\\usepackage{graphicx}\\begin{document}\\listoftables\\clearpage\\input{table0}\\clearpage\\input{table1}\\end{document}`
      writeFileSync(inFolder('all.tex'), document)
      // The second run has the list of tables.
      for (let run = 0; run < 2; run++) {
        const { status, stdout } = spawnSync('pdflatex', ['-interaction=nonstopmode', '-halt-on-error', 'all.tex'], {
          cwd: inFolder(),
          encoding: 'latin1',
        })
        expect(status, stdout).toBe(0)
      }
      const log = readFileSync(inFolder('all.log'), 'latin1')
      expect(log).not.toMatch(/LaTeX Warning: (?!Label|There were)|Missing character/)
      expect(log).not.toMatch(/Float too large|undefined/)
      expect(log.match(/Overfull \\hbox[^\n]*\n[^\n]*/g) ?? []).toEqual([])
    }
  })
})
