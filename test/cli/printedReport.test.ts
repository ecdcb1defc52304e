import { describe, expect, it } from 'vitest'
import { printReport, printTables } from '../../src/cli/printedReport.js'
import { ANCHOR_NAMES } from '../../src/engine/positions.js'
import { FOLD_SCHEMES, TASKS } from '../../src/experiments/folds.js'
import type { ClaimFinding } from '../../src/report/findings/findings.js'
import { type MeanRow, summaryRows } from '../../src/results/rows.js'
import type { Variant } from '../../src/results/variant.js'
import { captured } from '../support/inProcess.js'

function row(metric: string, variant: Variant, mean: number, changes: Partial<MeanRow> = {}): MeanRow {
  return { model: 'net', layer: 'fc', size: 75, metric, variant, mean, std: 0.02, count: 10, ...changes }
}

const stored = (rows: readonly MeanRow[]) => summaryRows(rows.map((one) => ({ ...one, values: new Map() })))

function finding(model: string, claim: string, verdict: ClaimFinding['verdict'], objects = 10): ClaimFinding {
  const texts = { sentence: '', reason: '', link: '', source: '', rule: '' }
  return { ...texts, model, claim, title: `Claim ${claim}`, verdict, objects, evidence: [] }
}

const LEGEND = '✓ supported, ✗ contradicted, ? open; findings.md has the numbers'

const printed = async (print: () => void) => (await captured([], print)).stdout.split('\n').slice(0, -1)

describe('a report on the terminal', () => {
  it('has a verdict for each claim and network', async () => {
    const ofTwo = [finding('two', 'a', 'not supported'), finding('two', 'b', 'cannot be judged')]
    const report = { rows: [], findings: [finding('one', 'a', 'supported'), ...ofTwo] }
    const table = ['claim    one  two', 'Claim a  ✓    ✗', 'Claim b  –    ?']
    expect(await printed(() => printReport(report))).toEqual([...table, LEGEND])
  })

  it('numbers networks whose names are too wide', async () => {
    const names = ['x', 'y'].map((letter) => letter.repeat(40))
    const findings = names.map((name) => finding(name, 'a', 'supported'))
    const report = {
      rows: stored([row('arithmetic-exact', { judged: 'zero', reference: 'decoded', kind: 'all' }, 1)]),
      findings,
    }
    const arithmetic = 'results of feature arithmetic are on the page and in tables/'
    const table = ['claim    1  2', 'Claim a  ✓  ✓', `1=${names[0]},`, `2=${names[1]}`]
    expect(await printed(() => printReport(report))).toEqual([arithmetic, ...table, LEGEND])
  })

  it('has no verdicts on few objects', async () => {
    const findings = [finding('one', 'a', 'supported', 4), finding('two', 'a', 'supported', 1)]
    const line = 'no verdicts for fewer than 5 objects or photographs; findings.md has the numbers'
    expect(await printed(() => printReport({ rows: [], findings }))).toEqual([line])
  })

  it('has the shares of exact results where only arithmetic was studied, and nothing of nothing', async () => {
    const rows = [
      row('arithmetic-exact', { judged: 'zero', reference: 'decoded', kind: 'all' }, 0.5),
      row('arithmetic-exact', { judged: 'zero', reference: 'features', kind: 'all' }, 0.9),
      row('arithmetic-exact', { judged: 'blank', reference: 'decoded', kind: 'all' }, 0.125),
      row('arithmetic-exact', { judged: 'zero', reference: 'decoded', kind: 'all' }, 1, { size: 100 }),
      row('arithmetic-exact', { judged: 'blank', reference: 'decoded', kind: 'all' }, 0.25, { layer: 'fc8' }),
    ]
    const lines = await printed(() => printReport({ rows: stored(rows), findings: [] }))
    expect(lines[0]).toBe('Share of random expressions whose decoded result shows exactly the expected objects')
    expect(lines.slice(2).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['net', 'fc', '75', '50 %', '13 %'],
      ['net', 'fc', '100', '100 %', '–'],
      ['net', 'fc8', '75', '–', '25 %'],
    ])
    expect(await printed(() => printReport({ rows: [], findings: [] }))).toEqual([])
  })

  it('has its tables in the width of a terminal, the last key of their columns as rows', async () => {
    const similarities = ANCHOR_NAMES.map((anchor, i) => row('similarity-mean', { anchor }, i / 10))
    const variants = FOLD_SCHEMES.flatMap((scheme) => TASKS.map((task) => ({ task, scheme })))
    const accuracies = variants.map((variant) => row('separability-accuracy', variant, 0.9))
    const lines = await printed(() => printTables([...similarities, ...accuracies]))
    const cells = lines.map((line) => line.split(/ {2,}/))
    expect(lines[0]).toBe('Table 2: Mean cosine similarity to each anchor, objects of 75×75 px')
    expect(cells.slice(1, 8)).toEqual([
      ['network', 'layer', 'anchor', 'mean'],
      ...ANCHOR_NAMES.map((anchor, i) => ['net', 'fc', anchor, `${(i / 10).toFixed(3)} ± 0.020`]),
      [''],
    ])
    expect(cells.slice(8).find(([first]) => first === 'network')).toEqual(['network', 'layer', 'folds', ...TASKS])
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  })
})
