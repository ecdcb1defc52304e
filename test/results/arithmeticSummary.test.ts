import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ArithmeticCounts } from '../../src/experiments/arithmeticAccuracy.js'
import { addCounts } from '../../src/experiments/arithmeticAccuracy.js'
import { arithmeticSections } from '../../src/report/arithmeticSection.js'
import { arithmeticTables } from '../../src/report/arithmeticTables.js'
import { tableCsv } from '../../src/report/tables/csv.js'
import { tableMarkdown } from '../../src/report/tables/markdown.js'
import {
  type AccuracyDocument,
  ARITHMETIC_FORMAT,
  type ArithmeticDocument,
} from '../../src/results/arithmeticDocument.js'
import type { ArithmeticStudy } from '../../src/results/arithmeticStudy.js'
import { rateOf, summarizeArithmetic } from '../../src/results/arithmeticSummary.js'

const entry: ArithmeticCounts = {
  layer: 'fc6',
  kind: '3-2',
  judged: 'zero',
  reference: 'decoded',
  trials: 10,
  expected: 10,
  found: 9,
  subtracted: 20,
  left: 5,
  decoys: 10,
  phantoms: 1,
  exact: 4,
}

const inputs: AccuracyDocument['inputs'] = {
  format: ARITHMETIC_FORMAT,
  model: 'net',
  weightsSha256: '',
  generators: [],
  patches: [],
  size: 75,
  background: 'white',
  blend: 'hard',
  trialsPerKind: 10,
  seed: 0,
}

/** A study whose every text from outside would be markup if it were not escaped. */
function studyOf(text: string, counts: readonly ArithmeticCounts[]): ArithmeticStudy {
  const errors = { psnr: 20, psnrToDecoded: null, cosine: null }
  const files = {
    result: '',
    operands: '',
    decodedOperands: [],
    decodedResult: '',
    decodedFromOther: '',
    decodedExpectation: '',
  }
  const document: ArithmeticDocument = {
    format: ARITHMETIC_FORMAT,
    model: text,
    weightsSha256: '',
    frame: 224,
    background: 'white',
    blend: 'hard',
    expression: text,
    terms: [{ name: text, coefficient: -1 }],
    origin: 'zero',
    operands: [{ name: text, source: text, scene: text, sha256: '', file: '' }],
    expectation: { kind: 'objects', scene: text, sha256: '', file: '' },
    notes: [],
    layers: [
      {
        layer: text,
        generator: text,
        generatorSha256: '',
        dims: 1,
        feature: 'pre-relu',
        reconstruction: 25,
        origins: { zero: errors, blank: errors },
        files: { ...files, sheet: text },
      },
    ],
    files: {},
  }
  const scenes = [{ name: 'move', title: text, folder: `arithmetic/${text}/move`, document }]
  return { model: text, scenes, accuracy: { inputs, done: 10, counts: [...counts] } }
}

describe('summary of arithmetic', () => {
  it('has shares with their binomial standard error', () => {
    const { arithmeticAccuracy } = summarizeArithmetic([studyOf('net', [entry])])
    expect(arithmeticAccuracy.map(({ kind }) => kind)).toEqual(['3-2', 'all'])
    const { exact, recall, falseObjects, left, phantoms } = arithmeticAccuracy[1] ?? {}
    expect(exact).toEqual({ rate: 0.4, error: Math.sqrt(0.024), count: 10 })
    expect(recall?.rate).toBe(0.9)
    expect(falseObjects).toMatchObject({ rate: 0.2, count: 30 })
    expect([left?.rate, phantoms?.rate]).toEqual([0.25, 0.1])
    expect(rateOf(0, 0)).toEqual({ rate: null, error: null, count: 0 })
  })

  it('takes all kinds together', () => {
    const other: ArithmeticCounts = { ...entry, kind: '1+1', expected: 20, found: 10, subtracted: 0, left: 0, exact: 1 }
    const all = summarizeArithmetic([studyOf('net', [entry, other])]).arithmeticAccuracy.filter(
      ({ kind }) => kind === 'all',
    )
    expect(all).toHaveLength(1)
    expect(all[0]?.recall).toMatchObject({ rate: 19 / 30, count: 30 })
    expect(all[0]?.exact).toMatchObject({ rate: 0.25, count: 20 })
  })

  it('has both origins of every scene and layer', () => {
    const { arithmetic } = summarizeArithmetic([studyOf('net', [])])
    expect(arithmetic.map(({ origin, psnr, reconstruction }) => [origin, psnr, reconstruction])).toEqual([
      ['zero', 20, 25],
      ['blank', 20, 25],
    ])
  })
})

describe('counts of two sets of trials', () => {
  it('add up, entry by entry', () => {
    const kinds = fc.constantFrom('3-2', '2-1') as fc.Arbitrary<ArithmeticCounts['kind']>
    const some = fc.array(fc.tuple(kinds, fc.nat(9)).map(([kind, found]) => ({ ...entry, kind, found })))
    fc.assert(
      fc.property(some, some, (a, b) => {
        const total = (counts: readonly ArithmeticCounts[], kind: string) =>
          counts.filter((one) => one.kind === kind).reduce((sum, { found }) => sum + found, 0)
        const sum = addCounts(a, b)
        for (const kind of ['3-2', '2-1']) expect(total(sum, kind)).toBe(total(a, kind) + total(b, kind))
        expect(new Set(sum.map(({ kind }) => kind)).size).toBe(sum.length)
      }),
    )
  })
})

describe('tables and page of arithmetic', () => {
  const counts = [
    entry,
    { ...entry, judged: 'blank' as const, exact: 10 },
    { ...entry, judged: 'control' as const, reference: 'pixels' as const },
  ]

  it('set origins, references and kinds side by side', () => {
    const [exact, accuracy] = arithmeticTables(summarizeArithmetic([studyOf('net', counts)]).arithmeticAccuracy)
    expect(tableMarkdown(exact as NonNullable<typeof exact>)).toContain(
      '| net | fc6 | 0.400 ± 0.155 | 1.000 ± 0.000 | 0.400 ± 0.155 | 1.000 ± 0.000 |',
    )
    expect(exact?.columns).toEqual([
      ['from zero', 'decoded scenes', '3-2'],
      ['from blank', 'decoded scenes', '3-2'],
      ['from zero', 'decoded scenes', 'all'],
      ['from blank', 'decoded scenes', 'all'],
    ])
    const csv = tableCsv(accuracy as NonNullable<typeof accuracy>)
    expect(csv).toContain('net,fc6,75,no arithmetic,pixels,exact,0.4,')
    expect(csv.split('\n')).toHaveLength(1 + 3 * 3 + 1)
    expect(arithmeticTables([])).toEqual([])
  })

  it('show names from outside as text', () => {
    const hostile = '<script>"\'&'
    const [section] = arithmeticSections([
      studyOf(
        hostile,
        counts.map((one) => ({ ...one, layer: hostile })),
      ),
    ])
    expect(section?.html).not.toContain('<script')
    expect(section?.html).not.toMatch(/="[^"]*<[^"]*"/)
    expect(section?.html).toContain('&lt;script&gt;')
    expect(section?.html).toContain('src="arithmetic/%3Cscript%3E%22')
    expect(arithmeticSections([])).toEqual([])
  })
})
