import { describe, expect, it } from 'vitest'
import { printReport, printTables } from '../../../src/cli/output/printedReport.js'
import { ANCHOR_NAMES } from '../../../src/engine/scene/positions.js'
import { FOLD_SCHEMES, TASKS } from '../../../src/experiments/classifiers/folds.js'
import type { ClaimFinding } from '../../../src/report/findings/finding.js'
import { type MeanRow, summaryRows } from '../../../src/results/measures/rows.js'
import type { Variant } from '../../../src/results/measures/variant.js'
import { captured } from '../../support/inProcess.js'

function row(metric: string, variant: Variant, mean: number, changes: Partial<MeanRow> = {}): MeanRow {
  return { model: 'net', layer: 'fc', size: 75, metric, variant, mean, std: 0.02, count: 10, ...changes }
}

const stored = (rows: readonly MeanRow[]) => summaryRows(rows.map((one) => ({ ...one, values: new Map() })))

/** A finding whose number is 0.1; not judged if there is a reason. */
function finding(model: string, claim: string, verdict: ClaimFinding['verdict'], reason?: string): ClaimFinding {
  const texts = { question: '', answer: '', link: '', source: '', rule: '' }
  const number = {
    layer: 'fc',
    size: 75,
    quantity: '',
    mean: 0.1,
    standardError: 0.01,
    halfWidth: 0.02,
    patches: 10,
  } as const
  const outcome = { verdict, isJudged: reason === undefined, reason: reason ?? '' }
  return { ...texts, ...outcome, model, claim, objects: 10, evidence: [{ ...number, lean: 'for' }] }
}

const printed = async (print: () => void) => (await captured([], print)).stdout.split('\n').slice(0, -1)

describe('a report on the terminal', () => {
  it('says how many of the paper’s answers hold, and has the answer to each question', async () => {
    const findings = [
      finding('one', 'no-global-invariance', 'supported'),
      finding('two', 'no-global-invariance', 'open'),
      finding('two', 'horizontal-bias', 'contradicted'),
      finding('two', 'top-bottom-less-separable', 'open', 'separability was not measured'),
    ]
    const rows = stored([row('arithmetic-exact', { judged: 'zero', reference: 'decoded', kind: 'all' }, 1)])
    expect(await printed(() => printReport({ rows, findings, warnings: [] }))).toEqual([
      'results of feature arithmetic are on the page and in tables/',
      'What else changes when the object moves? Of the paper’s 3 answers, 1 holds here,',
      '1 does not hold and 1 stays open.',
      'Do features change with the position? Yes in one; can’t tell in two.',
      'Do features change less when the object moves sideways? No.',
      'Not answered here: “Are top and bottom harder to separate than left and right?”,',
      'because separability was not measured.',
      'findings.md has the numbers and the evidence',
    ])
  })

  it('says in one sentence why it answers nothing', async () => {
    const few = ['one', 'two'].map((model) =>
      finding(model, 'horizontal-bias', 'open', 'fewer than 5 objects were measured'),
    )
    expect(await printed(() => printReport({ rows: [], findings: few, warnings: [] }))).toEqual([
      'What else changes when the object moves? Can’t tell: fewer than 5 objects were',
      'measured.',
      'findings.json has the numbers',
    ])
  })

  it('has the shares of exact results where only arithmetic was studied, and nothing of nothing', async () => {
    const rows = [
      row('arithmetic-exact', { judged: 'zero', reference: 'decoded', kind: 'all' }, 0.5),
      row('arithmetic-exact', { judged: 'zero', reference: 'features', kind: 'all' }, 0.9),
      row('arithmetic-exact', { judged: 'blank', reference: 'decoded', kind: 'all' }, 0.125),
      row('arithmetic-exact', { judged: 'zero', reference: 'decoded', kind: 'all' }, 1, { size: 100 }),
      row('arithmetic-exact', { judged: 'blank', reference: 'decoded', kind: 'all' }, 0.25, { layer: 'fc8' }),
    ]
    const lines = await printed(() => printReport({ rows: stored(rows), findings: [], warnings: [] }))
    expect(lines[0]).toBe('Share of random expressions whose decoded result shows exactly the expected objects')
    expect(lines.slice(2).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['net', 'fc', '75', '50 %', '13 %'],
      ['net', 'fc', '100', '100 %', '–'],
      ['net', 'fc8', '75', '–', '25 %'],
    ])
    expect(await printed(() => printReport({ rows: [], findings: [], warnings: [] }))).toEqual([])
    expect(await printed(() => printReport({ rows: [], findings: [], warnings: ['Mind this.'] }))).toEqual([
      '! Mind this.',
    ])
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

  it('names the sizes of networks with different frames in a column of the table', async () => {
    const frames = [{}, { model: 'wide', size: 100, frame: 299 }]
    const rows = frames.map((changes) => row('similarity-mean', { anchor: 'center' }, 0.5, changes))
    const [, ...lines] = await printed(() => printTables(rows))
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['network', 'layer', 'size', 'anchor', 'mean'],
      ['net', 'fc', '75 px (33 %)', 'center', '0.500 ± 0.020'],
      ['wide', 'fc', '100 px (33 %)', 'center', '0.500 ± 0.020'],
      [''],
    ])
  })
})
