import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latexText } from '../../src/plot/latexText.js'
import { markdownText, tableHtml, tableMarkdown } from '../../src/plot/tables.js'
import { type KeyedTable, latexTable } from '../../src/report/tables/latex.js'
import { HAS_LATEX, latexLog } from '../support/latex.js'
import { leftOut } from '../support/leftOut.js'
import { randomCases } from '../support/randomCases.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** Names at which markup goes wrong. */
const HOSTILE = [
  ...['50%_$^~{}#&\\', '<d>|`"\'', 'naïve Ångström żółw', '日本 😀 σ±×−', 'a--b---c', '\\input{/etc/passwd}'],
  ...['a\nb\u2028c', '?`', '<script>alert(1)</script>', '"onerror="alert(1)', '&lt;', '--><b>', 'a|b', 'a\\|b'],
  ...['*bold*', '[link](x)', '`code`', '&amp;', '#1'],
]
const names = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom(...HOSTILE))

const PLAIN: KeyedTable = {
  title: 'Similarity, patches of 75×75',
  note: 'Mean ± deviation.',
  name: 'similarity-75',
  head: ['model', 'layer', 'center', 'corner'],
  columns: [['center'], ['corner']],
  keys: ['anchor'],
  rows: [
    ['net', 'fc6', { text: '0.934 ± 0.026', below: ['paper 0.931', '+0.003'] }, '–'],
    ['other', 'fc', '0.500', '0.250'],
  ],
}
/** The table with names of a network and a layer in its first row. */
const named = (model: string, layer: string, note = ''): KeyedTable => ({
  ...PLAIN,
  note,
  rows: [
    [model, layer, { text: model, below: [layer] }, '–'],
    ['other', 'fc', '0.500', '0.250'],
  ],
})

// HTML and Markdown are in the whole documents of test/report/documents.test.ts.

it('LaTeX is one table with rules of booktabs, a caption, a label, and lines for the paper and the difference from it', () => {
  expect(latexTable(PLAIN, (name) => ({ other: 'Other net' })[name] ?? name)).toBe(`% Similarity, patches of 75×75
% Needs \\usepackage{booktabs}.
\\begin{table}[htbp]
\\centering\\footnotesize\\setlength{\\tabcolsep}{3pt}\\setlength{\\belowcaptionskip}{4pt}
\\caption[{Similarity, patches of 75$\\times$75}]{Similarity, patches of 75$\\times$75. Mean $\\pm$ deviation.}
\\label{tab:similarity-75}
\\begin{tabular}{@{}lrr@{}}
\\toprule
layer & center & corner \\\\
\\midrule
\\multicolumn{3}{@{}l@{}}{net} \\\\
fc6 & 0.934 $\\pm$ 0.026 & -- \\\\
paper & 0.931 &  \\\\
difference & +0.003 &  \\\\
\\midrule
\\multicolumn{3}{@{}l@{}}{Other net} \\\\
fc & 0.500 & 0.250 \\\\
\\bottomrule
\\end{tabular}
\\end{table}
`)
  expect(latexTable(named('日', 'fc'), String)).toContain('\n\\providecommand{\\unicodecharacter}[1]')
})

it('LaTeX divides the layers of one network among tables that fit a page, and names the network in each', () => {
  const rows = Array.from({ length: 40 }, (_, i) => ['net', `layer ${i}`, '0.500', '0.250'])
  const tables = latexTable({ ...PLAIN, rows: [['other', 'fc', '0.5', '0.5'], ...rows] }, String).split('\\end{table}')
  const count = (pattern: RegExp) => tables.map((table) => table.match(pattern)?.length ?? 0)
  expect(count(/^(layer \d+|fc) & /gm)).toEqual([1, 33, 7, 0])
  expect(count(/\{net\}/g)).toEqual([0, 1, 1, 0])
  expect(tables[2]).toContain('\\label{tab:similarity-75-3}')
})

it.each([
  ['50%_$^~{}', '50\\%\\_\\$\\textasciicircum{}\\textasciitilde{}\\{\\}'],
  ['a&b\\c#<d>|', 'a\\&b\\textbackslash{}c\\#\\textless{}d\\textgreater{}\\textbar{}'],
  ['é ü å ž ç Å', '\\\'{e} \\"{u} \\r{a} \\v{z} \\c{c} \\r{A}'],
  ['“a”’ "`– − × ± ≥ σ μ', "``a''' ''\\textasciigrave{}-- $-$ $\\times$ $\\pm$ $\\geq$ $\\sigma$ $\\mu$"],
  ['日 \u0007', '\\unicodecharacter{65E5} '],
  ['ế', '\\unicodecharacter{1EBF}'],
  ['a--b---c', 'a-{}-b-{}-{}-c'],
])('LaTeX shows %j as itself: %j', (text, expected) => expect(latexText(text)).toBe(expected))

it.each([
  ['a_b _c_ d_', 'a_b \\_c\\_ d\\_'],
  ['a|b\\*[x](y)`~', 'a\\|b\\\\\\*\\[x\\](y)\\`\\~'],
  ['x # ## ', 'x # ## '],
  ['x ##', 'x \\#\\#'],
  ['<b>&amp;\n', '&lt;b>&amp;amp; '],
])('Markdown shows %j as itself: %j', (text, expected) => expect(markdownText(text)).toBe(expected))

describe('names, whatever they hold,', () => {
  const unescaped = (text = '') => {
    const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
    return text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] as string)
  }

  it('are text in HTML and Markdown, and stay in their cells', () => {
    const plain = tableHtml(named('net', 'fc6')).split('<').length
    const flat = (name: string) => name.replace(/[\s\p{Cc}]+/gu, ' ').trim()
    const shown = (cell = '') => unescaped(cell.trim().replace(/\\([!-/:-@[-`{-~])/g, '$1'))
    fc.assert(
      fc.property(names, names, (model, layer) => {
        const html = tableHtml(named(model, layer))
        expect(html.split('<')).toHaveLength(plain)
        const cells = /<th scope="row">(.*?)<\/th><td>(.*?)<\/td>/s.exec(html)?.slice(1)
        if (!/^[0-9a-f]{64}$/.test(model + layer)) expect(cells?.map(unescaped)).toEqual([model, layer])
        const lines = tableMarkdown(named(model, layer)).split('\n')
        expect(lines).toHaveLength(4)
        const [, first, second, ...others] = (lines[2] as string).split(/(?<!\\)\|/)
        expect([shown(first), shown(second), others.length]).toEqual([flat(model), flat(layer), 3])
        expect(lines[2]).not.toMatch(/<\w/)
      }),
      { numRuns: randomCases(50) },
    )
  })

  it('keep LaTeX’s rows on lines of their own and its braces in pairs', () => {
    fc.assert(
      fc.property(names, names, (model, note) => {
        const lines = latexTable(named(model, model, note), String)
          .split('\n')
          .filter((line) => !line.startsWith('%'))
        const text = lines.join('\n').replace(/\\[\\{}]/g, '')
        expect(text).toMatch(/^[ -~\n]*$/)
        const rows = lines.filter((line) => line.endsWith('\\\\') && !line.startsWith('\\multicolumn'))
        expect(rows.map((row) => row.match(/(?<!\\)&/g)?.length)).toEqual([2, 2, 2, 2])
        const depths = [0]
        for (const [brace] of text.matchAll(/[{}]/g)) depths.push((depths.at(-1) ?? 0) + (brace === '{' ? 1 : -1))
        expect([Math.min(...depths), depths.at(-1)]).toEqual([0, 0])
      }),
      { numRuns: randomCases(50) },
    )
  })

  it.skipIf(leftOut(!HAS_LATEX, 'they need pdflatex and booktabs'))('compile in a document', () => {
    const rows = HOSTILE.map((name) => [name, 'fc6', { text: name, below: [name] }, '–'])
    writeFileSync(inFolder('table.tex'), latexTable({ ...named('net', 'fc6', HOSTILE.join(' ')), rows }, String))
    expect(latexLog(inFolder(), '\\listoftables\\input{table}')).not.toMatch(/Missing character|undefined/)
  })
})
