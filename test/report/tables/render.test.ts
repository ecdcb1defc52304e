import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latexText } from '../../../src/report/tables/latexText.js'
import { renderTable, type Table } from '../../../src/report/tables/render.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** Names at which markup goes wrong. */
const HOSTILE = [
  ...[
    '50%_$^~{}#&\\',
    '<d>|`"\'',
    'naïve Ångström żółw',
    '日本 😀 σ±×−',
    'a--b---c',
    '\\input{/etc/passwd}',
    'a\nb\u2028c',
    '?`',
  ],
  ...[
    '<script>alert(1)</script>',
    '"onerror="alert(1)',
    '&lt;',
    '--><b>',
    'a|b',
    'a\\|b',
    '*bold*',
    '[link](x)',
    '`code`',
    '&amp;',
    '#1',
  ],
]
const names = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom(...HOSTILE))

function tableOf(model: string, layer: string, note = 'Mean ± deviation.'): Table {
  return {
    title: 'Similarity, patches of 75×75',
    note,
    name: 'similarity-75',
    head: ['model', 'layer', 'center', 'corner'],
    rows: [
      [model, layer, { text: '0.934 ± 0.026', below: 'paper 0.931, +0.003' }, '–'],
      ['other', 'fc', '0.500', '0.250'],
    ],
  }
}

const PLAIN = tableOf('net', 'fc6')

describe('HTML', () => {
  it('has heads of rows and columns, second lines below, and hashes as code', () => {
    const sha = 'ab'.repeat(32)
    const html = renderTable({ ...PLAIN, rows: [...PLAIN.rows, ['x', sha]] }, 'html')
    expect(html).toContain('<th scope="col">center</th>')
    expect(html).toContain(
      '<tr><th scope="row">net</th><td>fc6</td><td>0.934 ± 0.026<br><small>paper 0.931, +0.003</small></td><td>–</td></tr>',
    )
    expect(html).toContain(`<td><code>${sha}</code></td>`)
  })

  it('shows names as text, whatever they hold', () => {
    const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
    const shown = (html = '') => html.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] as string)
    const tags = (html: string) => html.split('<').length
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const of = (first: string, second: string) =>
          renderTable({ ...PLAIN, rows: [[first, second, { text: first, below: second }]] }, 'html')
        const html = of(model, layer)
        expect(tags(html)).toBe(tags(of('net', 'fc6')))
        expect(shown(/<th scope="row">(.*?)<\/th>/s.exec(html)?.[1])).toBe(model)
        expect(shown(/<\/th><td>(.*?)<\/td>/s.exec(html)?.[1])).toBe(layer)
      }),
    )
  })
})

describe('Markdown', () => {
  it('has a line a row and second lines in brackets', () => {
    expect(renderTable(PLAIN, 'md')).toBe(
      `| model | layer | center | corner |
| --- | --- | --- | --- |
| net | fc6 | 0.934 ± 0.026 (paper 0.931, +0.003) | – |
| other | fc | 0.500 | 0.250 |`,
    )
  })

  it('keeps cells apart, whatever the names hold', () => {
    const plain = (cell = '') =>
      cell
        .trim()
        .replace(/\\([!-/:-@[-`{-~])/g, '$1')
        .replaceAll('&lt;', '<')
        .replaceAll('&amp;', '&')
    const flat = (name: string) => name.replace(/[\s\p{Cc}]+/gu, ' ').trim()
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const lines = renderTable(tableOf(model, layer), 'md').split('\n')
        expect(lines).toHaveLength(4)
        const cells = (lines[2] as string).split(/(?<!\\)\|/)
        expect(cells).toHaveLength(2 + 4)
        expect([plain(cells[1]), plain(cells[2])]).toEqual([flat(model), flat(layer)])
        expect(lines[2]).not.toMatch(/<\w/)
      }),
    )
  })
})

it('CSV has the text of cells, or the data behind them', () => {
  expect(renderTable(PLAIN, 'csv')).toBe(`model,layer,center,corner
net,fc6,"0.934 ± 0.026 (paper 0.931, +0.003)",–
other,fc,0.500,0.250
`)
  const data = { head: ['model', 'mean', 'paper'], rows: [['a,b', 1 / 3, undefined]] }
  expect(renderTable({ ...PLAIN, data }, 'csv')).toBe(`model,mean,paper\n"a,b",${1 / 3},\n`)
})

describe('LaTeX', () => {
  it('is one table with rules of booktabs, a caption, a label, and second lines as lines of their own', () => {
    expect(renderTable(PLAIN, 'tex')).toBe(`% Similarity, patches of 75×75
% Needs \\usepackage{booktabs}.
\\begin{table}[htbp]
\\centering\\footnotesize
\\caption[{Similarity, patches of 75$\\times$75}]{Similarity, patches of 75$\\times$75. Mean $\\pm$ deviation.}
\\label{tab:similarity-75}
\\begin{tabular}{@{}llrr@{}}
\\toprule
model & layer & center & corner \\\\
\\midrule
net & fc6 & 0.934 $\\pm$ 0.026 & -- \\\\
 &  & paper 0.931, +0.003 &  \\\\
other & fc & 0.500 & 0.250 \\\\
\\bottomrule
\\end{tabular}
\\end{table}
`)
  })

  it.each([
    ['50%_$^~{}', '50\\%\\_\\$\\textasciicircum{}\\textasciitilde{}\\{\\}'],
    ['a&b\\c#<d>|', 'a\\&b\\textbackslash{}c\\#\\textless{}d\\textgreater{}\\textbar{}'],
    ['é ± 日', "\\'{e} $\\pm$ \\unicodecharacter{65E5}"],
    ['a--b', 'a-{}-b'],
  ])('shows %j as itself', (text, expected) => expect(latexText(text)).toBe(expected))

  it('keeps rows on lines of their own and braces in pairs, whatever the names and the note hold', () => {
    fc.assert(
      fc.property(names, names, (model, note) => {
        const text = renderTable(tableOf(model, model, note), 'tex')
        const lines = text.split('\n').filter((line) => !line.startsWith('%'))
        expect(lines.join('')).toMatch(/^[ -~]*$/)
        const rows = lines.filter((line) => line.endsWith('\\\\'))
        expect(rows.map((row) => row.match(/(?<!\\)&/g)?.length)).toEqual([3, 3, 3, 3])
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

  it.skipIf(spawnSync('pdflatex', ['--version']).status !== 0)('compiles in a document (needs pdflatex)', () => {
    mkdirSync(inFolder(), { recursive: true })
    const rows = HOSTILE.map((name) => [name, 'fc6', { text: name, below: name }, '–'])
    writeFileSync(inFolder('table.tex'), renderTable({ ...tableOf('net', 'fc6', HOSTILE.join(' ')), rows }, 'tex'))
    const document =
      '\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\listoftables\\input{table}\\end{document}'
    writeFileSync(inFolder('all.tex'), document)
    // The second run has the list of tables.
    for (let run = 0; run < 2; run++) {
      const options = { cwd: inFolder(), encoding: 'latin1' } as const
      const { status, stdout } = spawnSync(
        'pdflatex',
        ['-interaction=nonstopmode', '-halt-on-error', 'all.tex'],
        options,
      )
      expect(status, stdout).toBe(0)
    }
    expect(readFileSync(inFolder('all.log'), 'latin1')).not.toMatch(/Missing character|undefined/)
  })
})
