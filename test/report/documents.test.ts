import { describe, expect, it } from 'vitest'
import { packageVersion } from '../../src/files/package.js'
import { catalogEntry } from '../../src/networks/catalog/catalog.js'
import { firstView, parseView } from '../../src/page/browser/view.js'
import type { ReportSection } from '../../src/page/html/section.js'
import { arithmeticSections } from '../../src/report/arithmetic/section.js'
import { figuresSection, paperFigures } from '../../src/report/figures/figures.js'
import { findingsMarkdown, findingsSections } from '../../src/report/findings/document.js'
import { findingsOf } from '../../src/report/findings/findings.js'
import { paperRows } from '../../src/report/sections/paper.js'
import { protocolNote, provenanceSection } from '../../src/report/sections/provenance.js'
import { isAbout, resultTables, tableFile, tablesHtml } from '../../src/report/tables/tables.js'
import { arithmeticRows } from '../../src/results/arithmetic/rows.js'
import { baselineRows } from '../../src/results/measures/rows.js'
import { countsOf, studyOf } from '../support/arithmeticStudy.js'
import { HAS_LATEX, latexLog } from '../support/latex.js'
import { leftOut } from '../support/leftOut.js'
import { groupOf, indexOf } from '../support/siteIndex.js'
import { groupWith, measures, PAIRS, WHOLE_STUDY } from '../support/studyGroup.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/**
 * Whole documents of a made-up study that has every measure. Look at what changes before you write it anew by
 * `npx vitest run --project fast test/report/documents.test.ts -u`: these are what a user reads.
 */
const GOLDEN = '../golden/report'

const arithmetic = [
  studyOf('<i>&"net\'', [countsOf(), countsOf({ judged: 'control', reference: 'pixels', kind: '1+1' })]),
]
const rows = [
  ...WHOLE_STUDY.flatMap(({ numbers }) => numbers),
  ...baselineRows(WHOLE_STUDY),
  ...arithmeticRows(arithmetic),
]
const paper = paperRows()
  .filter(({ model, layer }) => model === 'alexnet' && layer === 'fc6')
  .map((row) => ({ ...row, model: 'net', layer: 'fc' }))
const isPapers = (_: string, size: number) => size === 75
const tables = resultTables(rows, { rows: paper, isPapers })
const findings = findingsOf(WHOLE_STUDY, PAIRS)

const SOURCE = 'Sides: 75 px.'

function pageOf(sections: readonly ReportSection[]): string {
  const parts = sections.map(
    ({ id, title, answer, html }) => `<h2 id="${id}">${[title, answer].join(' ').trim()}</h2>\n${html}\n`,
  )
  return parts.join('\n').replace(packageVersion(), 'VERSION')
}

describe('the report of a whole study', () => {
  it('has findings.md', async () => {
    await expect(findingsMarkdown(findings)).toMatchFileSnapshot(`${GOLDEN}/findings.md`)
  })

  it('has every table as Markdown and CSV, and LaTeX of the first and of those with folds', async () => {
    const files = tables.flatMap((table, i) =>
      (['md', 'csv', ...(i === 0 || table.name.startsWith('folds') ? ['tex' as const] : [])] as const).map(
        (format) => `===== ${table.name}.${format}\n${tableFile(table, format, String)}`,
      ),
    )
    await expect(files.join('\n')).toMatchFileSnapshot(`${GOLDEN}/tables.txt`)
  })

  it.skipIf(leftOut(!HAS_LATEX, 'they need pdflatex and booktabs'))(
    'has LaTeX that compiles and is as wide as it says',
    () => {
      const long = tables
        .slice(0, 2)
        .map((table) => tableFile(table, 'tex', (name) => (name === 'fc' ? 'x'.repeat(60) : name)))
      const files = [...tables.map((table) => tableFile(table, 'tex', String)), ...long]
      const parts = files.flatMap((text) => text.split(/(?=\\begin\{table)/).slice(1))
      const measured = parts.map((text) => {
        const tabular = /\\begin\{tabular\}.*\\end\{tabular\}/s.exec(text)?.[0]
        const box = `\\footnotesize\\setlength{\\tabcolsep}{3pt}\\sbox{\\measured}{${tabular}}`
        return `{${box}\\typeout{WIDTH \\the\\wd\\measured}}`
      })
      const log = latexLog(inFolder(), [...measured, ...parts].join('\n'))
      const widths = [...log.matchAll(/^WIDTH ([\d.]+)pt/gm)].map(([, width]) => Number(width))
      expect(widths.map((width) => width > 345)).toEqual(parts.map((text) => text.startsWith('\\begin{table*}')))
      expect(log).not.toMatch(/too large/)
      expect(new Set(widths.map((width) => width > 345)).size).toBe(2)
    },
  )

  it('has these sections on the page', async () => {
    const sections = [
      ...findingsSections(findings, rows, SOURCE),
      { id: 'tables', title: 'Tables', html: tablesHtml(tables.filter(isAbout('objects'))) },
      figuresSection(paperFigures(WHOLE_STUDY, PAIRS), true),
      ...arithmeticSections(arithmetic, tables.filter(isAbout('arithmetic'))),
      provenanceSection(WHOLE_STUDY),
    ]
    await expect(pageOf(sections)).toMatchFileSnapshot(`${GOLDEN}/sections.txt`)
    // Every link to the maps is a view of this study, as the viewer reads it.
    const links = [...pageOf(sections).matchAll(/href="(#network=[^"]*)"/g)].map(([, link = '']) => link)
    const start = firstView(indexOf([groupOf({ key: 0, model: 'none' })]))
    const read = links.map((link) => parseView(link.replaceAll('&amp;', '&'), start))
    expect(new Set(read.map((view) => view?.model))).toEqual(new Set(WHOLE_STUDY.map(({ model }) => model)))
    expect(new Set(read.map((view) => `${view?.layer} ${view?.size}`))).toEqual(new Set(['fc 125', 'fc 75']))
  })

  it('has no section of what was not measured', () => {
    expect(arithmeticSections([], [])).toEqual([])
    expect(arithmeticSections([{ ...studyOf('net', []), scenes: [] }], [])[0]?.html).not.toContain('<h3>')
  })

  it('of too few objects says in one line why it answers nothing', async () => {
    const small = findingsOf(
      [
        groupWith('net', [
          [measures.bias, [0.01, 0.02]],
          [measures.reached, [0.7, 0.8]],
        ]),
      ],
      PAIRS,
    )
    const document = `${findingsMarkdown(small)}\n${pageOf(findingsSections(small, [], SOURCE))}`
    expect(document).not.toMatch(/<figure|<table|±/)
    await expect(document).toMatchFileSnapshot(`${GOLDEN}/small.md`)
  })
})

it.each([
  ['tiny-alexnet', catalogEntry('tiny-alexnet').sha256 ?? '', 'embedded'],
  ['mobilenet_v2', catalogEntry('mobilenet_v2').sources[0]?.sha256 ?? '', 'published'],
  ['mobilenet_v2', 'ab'.repeat(32), 'not those of the catalog'],
  ['mine', 'ab'.repeat(32), 'not in the catalog'],
])('weights of %s with the hash %s are %s', (model, weightsSha256, expected) => {
  const changes = { weightsSha256, precision: 'fp16', pool: 'mean', input: 'clip', scores: 'sigmoid' } as const
  const group = groupWith(model, [[measures.bias, [0]]], changes)
  const cells = ['fc', 'fp16', 'mean', 'clip', 'sigmoid', expected]
  expect(provenanceSection([group, group]).html.split(`<tr><th scope="row">${model}</th><td>`)[1]).toMatch(
    `${cells.join('</td><td>')}</td></tr>`,
  )
})

it('strides that differ only because frames do are no different settings', () => {
  const strides = (...all: readonly (readonly [frame: number, stride: number])[]) =>
    all.map(([frame, stride]) => ({ ...groupWith('a', [[measures.bias, [0.01]]], { stride, size: 10 }), frame }))
  expect(protocolNote(strides([224, 4], [32, 1]))).toBeUndefined()
  for (const unlike of [strides([224, 4], [224, 1]), strides([224, 4], [160, 1]), strides([224, 1], [32, 4])])
    expect(protocolNote(unlike)).toMatch(/: stride [14] \(a 10\) or [14] \(a 10\)\.$/)
})

it('results that were measured otherwise than others are named with every setting', () => {
  const values = [[measures.bias, [0.01]]] as const
  expect(protocolNote(WHOLE_STUDY)).toBeUndefined()
  const separability = { loss: 'hinge' as const, C: 1, seed: 7, cv: [] }
  const groups = [
    groupWith('a', values, { separability, readout: { samples: 500, seed: 1 } }),
    groupWith('a', values, { size: 75, background: '#808080', precision: 'fp16' }),
    groupWith('b', values, { stride: 4, separability: { ...separability, C: 2 }, readout: { samples: 100, seed: 1 } }),
  ]
  expect(protocolNote(groups)).toBe(
    'Networks or sizes were measured with different settings, so do not compare their numbers directly: stride 50 (a 125, a 75) or 4 (b 125); background white (a 125, b 125) or #808080 (a 75); precision fp32 (a 125, b 125) or fp16 (a 75); C 1 (a 125) or 2 (b 125); readout 500 samples, seed 1 (a 125) or 100 samples, seed 1 (b 125).',
  )
})
