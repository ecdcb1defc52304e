import { describe, expect, it } from 'vitest'
import type { FoldScheme } from '../../../src/experiments/folds.js'
import { decimalText } from '../../../src/plot/numberText.js'
import { CLAIMS } from '../../../src/report/findings/claims.js'
import { findingsMarkdown, findingsSections } from '../../../src/report/findings/document.js'
import { type ClaimFinding, findingsOf, rangeOf } from '../../../src/report/findings/findings.js'
import { ofPatches, type Row } from '../../../src/results/rows.js'
import type { StudyGroup } from '../../../src/results/study.js'
import type { UnitInputs } from '../../../src/results/unit/schema.js'
import { around, groupWith, measures, type Values } from '../../support/studyGroup.js'

const { reached, reachedAtCorner, similarity, power, jaggedness, bias, lead, phase, foldError, kept } = measures

function findingOf(claim: string, model: string, groups: readonly StudyGroup[]): ClaimFinding {
  const found = findingsOf(groups).filter((finding) => finding.model === model && finding.claim === claim)
  expect(found).toHaveLength(1)
  return found[0] as ClaimFinding
}

/** The sections of the page. */
function pageOf(findings: readonly ClaimFinding[], rows: readonly Row[] = []): string {
  return findingsSections(findings, rows)
    .map(({ title, html }) => `${title}\n${html}`)
    .join('\n')
}

/** Values that are on both sides of a border by far. */
const torn = (low: number, high: number) => Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? low : high))

const net = (values: Values, changes: Partial<UnitInputs> = {}) => groupWith('net', values, changes)
const pair = (version: string, plain: Values, own: Values) => [net(plain), groupWith(`net${version}`, own)]

/** How far left-right is ahead under a fold scheme, beyond what the position alone gives. */
function folds(cv: FoldScheme, ahead: readonly number[], more: Values = []): StudyGroup {
  return net([[lead(cv), ahead], ...more], { separability: { loss: 'hinge', C: 1, seed: 0, cv: [cv] } })
}

/** Of each claim: a study that supports it, one that contradicts it and one that leaves it open; the network in question. */
const STUDIES: Readonly<
  Record<string, { model: string } & Record<'supported' | 'not supported' | 'cannot be judged', readonly StudyGroup[]>>
> = {
  // Null baseline 0.5: 0.95 is a relative similarity of 0.9.
  'no-global-invariance': {
    model: 'net',
    supported: [
      net([
        [reached, around(0.99)],
        [reachedAtCorner, around(0.8)],
      ]),
    ],
    'not supported': [
      net([
        [reached, around(0.98)],
        [reachedAtCorner, around(0.98)],
      ]),
    ],
    'cannot be judged': [net([[reached, torn(0.91, 0.99)]])],
  },
  'anti-aliasing-suppresses-the-grid': {
    model: 'net-aa',
    supported: pair('-aa', [[power(8), around(1e-4)]], [[power(8), around(4e-5)]]),
    'not supported': pair('-aa', [[power(8), around(1e-4)]], [[power(8), around(6e-5)]]),
    'cannot be judged': pair('-aa', [[power(8), around(1e-4)]], [[power(8), torn(1e-5, 1e-4)]]),
  },
  'anti-aliasing-keeps-global-invariance': {
    model: 'net-aa',
    // The plain network lacks 0.2 of similarity to invariance.
    supported: pair('-aa', [[similarity, around(0.8)]], [[similarity, around(0.805)]]),
    'not supported': pair('-aa', [[similarity, around(0.8)]], [[similarity, around(0.85)]]),
    'cannot be judged': pair('-aa', [[similarity, around(0.8)]], [[similarity, torn(0.79, 0.85)]]),
  },
  'horizontal-bias': {
    model: 'net',
    supported: [net([[bias, around(0.01)]])],
    'not supported': [net([[bias, around(-0.01)]])],
    'cannot be judged': [net([[bias, torn(-0.01, 0.01)]])],
  },
  'flips-do-not-cause-the-bias': {
    model: 'net-noflip',
    supported: pair('-noflip', [[bias, around(0.03)]], [[bias, around(0.029)]]),
    'not supported': pair('-noflip', [[bias, around(0.06)]], [[bias, around(0.01)]]),
    // No bias with flips.
    'cannot be judged': pair('-noflip', [[bias, torn(-0.01, 0.01)]], [[bias, around(0.02)]]),
  },
  'top-bottom-less-separable': {
    model: 'net',
    supported: [folds('ordered', around(0.1))],
    'not supported': [folds('ordered', around(0.01))],
    'cannot be judged': [folds('blocks', torn(-0.1, 0.1))],
  },
  'position-modulo-stride': {
    model: 'net',
    supported: [
      net([
        [foldError('position'), around(0.3)],
        [foldError('phase'), around(0.1)],
      ]),
    ],
    'not supported': [
      net([
        [foldError('position'), around(0.1)],
        [foldError('phase'), around(0.3)],
      ]),
    ],
    'cannot be judged': [
      net([
        [foldError('position'), torn(0, 0.4)],
        [foldError('phase'), around(0.2)],
      ]),
    ],
  },
  'answer-keeps': {
    model: 'net',
    supported: [net([[kept('confident'), around(0.98)]])],
    'not supported': [net([[kept('confident'), around(0.8)]])],
    'cannot be judged': [net([[kept('confident'), torn(0.9, 1)]])],
  },
}

describe('every claim', () => {
  it.each(CLAIMS.map(({ id }) => id))('%s can come out either way, or open', (claim) => {
    const study = STUDIES[claim]
    expect(study).toBeDefined()
    for (const verdict of ['supported', 'not supported', 'cannot be judged'] as const) {
      const finding = findingOf(claim, study?.model ?? '', study?.[verdict] ?? [])
      expect([verdict, finding.verdict]).toEqual([verdict, verdict])
      expect(finding.evidence.length).toBeGreaterThan(0)
    }
  })

  it.each(CLAIMS.map(({ id }) => id))('%s is decided by no fewer than five objects', (claim) => {
    const study = STUDIES[claim]
    for (const verdict of ['supported', 'not supported'] as const) {
      const few = (study?.[verdict] ?? []).map((group) => ({
        ...group,
        units: group.units.slice(0, 4),
        numbers: ofPatches(group.numbers, new Set(['patch 0', 'patch 1', 'patch 2', 'patch 3'])),
      }))
      const finding = findingOf(claim, study?.model ?? '', few)
      expect(finding).toMatchObject({ verdict: 'cannot be judged', reason: 'fewer than 5 objects' })
      const texts = [findingsMarkdown([finding]), pageOf([finding])]
      for (const text of texts) expect(text).not.toMatch(/[✓✗?±]/)
    }
  })
})

describe('evidence', () => {
  const sentence = (claim: string, verdict: 'supported' | 'not supported' | 'cannot be judged') =>
    findingOf(claim, STUDIES[claim]?.model ?? '', STUDIES[claim]?.[verdict] ?? []).sentence

  it('is told with its unit and what it is compared with', () => {
    expect(sentence('no-global-invariance', 'supported')).toBe(
      'net: the relative similarity that 95 % of positions reach is 0.600',
    )
    expect(sentence('anti-aliasing-suppresses-the-grid', 'supported')).toBe(
      'net-aa: the grid pattern has 40 % of the power that it has in the plain network',
    )
    expect(sentence('anti-aliasing-keeps-global-invariance', 'not supported')).toBe(
      'net-aa: anti-aliasing closes 25 % of the plain network’s gap to perfect invariance',
    )
    expect(sentence('horizontal-bias', 'not supported')).toBe(
      'net: horizontal minus vertical relative similarity is −0.020',
    )
    expect(sentence('flips-do-not-cause-the-bias', 'supported')).toBe(
      'net-noflip: without flips in training, the sideways bias is 0.028 above half of the bias with flips',
    )
    expect(sentence('top-bottom-less-separable', 'supported')).toBe(
      'net: left-right leads top-bottom by 10.0 points more than in position only',
    )
    expect(sentence('answer-keeps', 'not supported')).toBe('net: confident answers stay the same at 80 % of positions')
  })

  it.each([
    ['no-global-invariance', 'supported', { network: 'net', with: '', anchor: 'top-left', map: 'similarity' }],
    ['anti-aliasing-suppresses-the-grid', 'supported', { network: 'net', with: 'net-aa', patch: '' }],
    ['anti-aliasing-keeps-global-invariance', 'not supported', { with: 'net-aa', show: 'difference' }],
    ['horizontal-bias', 'supported', { network: 'net', layer: 'fc', size: '125', patch: '', anchor: 'center' }],
    ['flips-do-not-cause-the-bias', 'supported', { network: 'net', with: 'net-noflip' }],
    ['top-bottom-less-separable', 'supported', { anchor: 'top-left', map: 'similarity' }],
    ['answer-keeps', 'not supported', { patch: 'patch 7', anchor: 'center', map: 'answers' }],
  ] as const)('of %s can be seen by its link', (claim, verdict, expected) => {
    const { link } = findingOf(claim, STUDIES[claim]?.model ?? '', STUDIES[claim]?.[verdict] ?? [])
    expect(Object.fromEntries(new URLSearchParams(link.slice(1)))).toMatchObject(expected)
  })

  it('is a range over layers and sizes, and the reason counts the numbers', () => {
    const groups = [net([[bias, around(0.01)]]), net([[bias, around(0.02)]], { size: 75 })]
    expect(findingOf('horizontal-bias', 'net', groups)).toMatchObject({
      sentence: 'net: depending on size, horizontal minus vertical relative similarity is 0.020–0.040',
      reason: '2 numbers for',
      // The farthest from the border.
      link: expect.stringContaining('&size=75&'),
    })
    const mixed = [net([[bias, around(0.01)]]), net([[bias, around(-0.01)]], { size: 75 })]
    expect(findingOf('horizontal-bias', 'net', mixed)).toMatchObject({
      verdict: 'cannot be judged',
      sentence: 'net: depending on size, horizontal minus vertical relative similarity is −0.020 to 0.020',
      reason: '1 number for, 1 against',
    })
  })

  it('has differences with the word for their side', () => {
    const apart = (of: readonly number[]) =>
      rangeOf(
        of.map((mean) => ({ mean })),
        { value: (mean) => mean, text: (value) => decimalText(value, 1), digits: 1, unit: ' points' },
      ).apart('below', 'above')
    expect(apart([2, 3])).toBe('2.0–3.0 points above')
    expect(apart([-3, -2])).toBe('2.0–3.0 points below')
    expect(apart([-2])).toBe('2.0 points below')
    expect(apart([-2, 0, 3])).toBe('2.0 points below to 3.0 points above')
    expect(apart([-0.01, 3])).toBe('0.0–3.0 points above')
  })

  it('has a sign test where numbers can have either sign, and only there', () => {
    const ofBias = findingOf('horizontal-bias', 'net', [net([[bias, [...around(0.01, 9), -0.01]]])])
    expect(ofBias.evidence[0]?.signs).toEqual({ positive: 9, p: expect.closeTo((2 * 11) / 1024, 6) })
    for (const claim of ['no-global-invariance', 'answer-keeps']) {
      const { evidence } = findingOf(claim, 'net', STUDIES[claim]?.supported ?? [])
      for (const one of evidence) expect(one).not.toHaveProperty('signs')
    }
  })

  it('of the grid is of periods up to 16 px, and shows jaggedness beside it', () => {
    const values = (level: number): Values => [
      [power(8), around(level)],
      [power(16), around(level)],
      [power(32), around(1)],
      [jaggedness, around(Math.sqrt(level))],
    ]
    const finding = findingOf('anti-aliasing-suppresses-the-grid', 'net-aa', pair('-aa', values(1e-4), values(1e-6)))
    expect(finding.evidence.map(({ mean }) => mean.toFixed(6))).toEqual(['-2.000000', '-1.000000'])
    expect(finding.verdict).toBe('supported')
    expect(finding.evidence.map(({ lean }) => lean)).toEqual(['for', null])
  })

  it('scales fluctuations by what different objects have in common', () => {
    const values: Values = [[power(8), around(1e-4)]]
    const closer = groupWith('net-aa', values, {}, { same: [], different: [0.75] })
    expect(
      findingOf('anti-aliasing-suppresses-the-grid', 'net-aa', [net(values), closer]).evidence[0]?.mean,
    ).toBeCloseTo(Math.log10(4), 5)
  })

  it('is missing without objects of different classes, and the finding says so', () => {
    const alike = groupWith('net', [[reached, around(0.8)]], {}, { same: [0.5], different: [] })
    const finding = findingOf('no-global-invariance', 'net', [alike])
    expect(finding).toMatchObject({
      verdict: 'cannot be judged',
      sentence: 'net: there are no objects of different classes to compare with',
    })
    // There are enough objects, though there is no number.
    expect(findingsMarkdown([finding])).toContain('| Features change with the position | ? |')
  })

  it('on separability needs folds that tell, on a grid that is fine enough', () => {
    const reasonOf = (group: StudyGroup) => findingOf('top-bottom-less-separable', 'net', [group]).reason
    expect(reasonOf(folds('shuffled', around(0.2)))).toBe('only shuffled folds were measured')
    expect(reasonOf(net([[bias, around(0.01)]]))).toBe('separability was not measured')
    const coarse = folds('ordered', around(0.1), [[phase, around(0.93)]])
    expect(reasonOf(coarse)).toMatch(/^the grid is too coarse .* position modulo 32 px alone is right for 93 %/)
  })
})

describe('versions of a network', () => {
  const claim = 'anti-aliasing-suppresses-the-grid'
  const own = groupWith('net-aa', [[power(8), around(1e-6)]])
  const plain = (changes: Partial<UnitInputs>) => net([[power(8), around(1e-4)]], changes)

  it('are compared only with the plain network that saw the same', () => {
    expect(findingOf(claim, 'net-aa', [own]).reason).toBe('net is not among the results')
    const cases = [
      [{ stride: 3 }, 'at other sizes or strides'],
      [{ size: 75 }, 'at other sizes or strides'],
      [{ background: 'noise:1' }, 'on another background'],
      [{ blend: 'soft' }, 'with another blend'],
      [{ precision: 'fp16' }, 'in another precision'],
      [{ patchSha256: '89ab' }, 'with other objects'],
    ] as const
    for (const [changes, difference] of cases) {
      const finding = findingOf(claim, 'net-aa', [plain(changes), own])
      expect(finding).toMatchObject({ reason: `net was measured ${difference}`, evidence: [] })
    }
  })

  it('leave out patches of one name whose pictures differ', () => {
    const group = plain({})
    const units = group.units.map((unit, i) =>
      i < 3 ? { ...unit, inputs: { ...unit.inputs, patchSha256: '89ab' } } : unit,
    )
    expect(findingOf(claim, 'net-aa', [{ ...group, units }, own]).evidence.map(({ patches }) => patches)).toEqual([7])
  })

  it('have claims of their own', () => {
    const claims = findingsOf([plain({}), own]).map(({ model, claim: id }) => `${model} ${id}`)
    expect(claims.filter((text) => text.startsWith('net anti'))).toEqual([])
    expect(claims.filter((text) => text.startsWith('net-aa anti'))).toHaveLength(2)
    expect(claims.join()).not.toMatch(/flips|answer-keeps/)
  })
})

describe('documents of the findings', () => {
  const groups = ['<script>alert(1)</script>', 'a|b*c'].map((model) => groupWith(model, [[bias, around(0.01)]]))
  const findings = findingsOf(groups)
  const [text, html] = [findingsMarkdown(findings), pageOf(findings)]

  it('show names as text', () => {
    expect(html).toContain('<th scope="col">&lt;script&gt;alert(1)&lt;/script&gt;</th>')
    expect(html).not.toContain('<script')
    expect(text).toContain('- ✓ a\\|b\\*c: horizontal')
  })

  it('hold all verdicts, and each claim’s source and rule once', () => {
    expect(text).toContain('| Features change less when the object moves sideways | ✓ | ✓ |')
    expect(html).toMatch(/moves sideways<\/a><\/th><td><a href="#network=[^"]*" aria-label="supported in [^"]*">✓<\/a>/)
    for (const { source, rule } of findings) {
      expect(text.split(source)).toHaveLength(2)
      expect(text.split(rule.slice(-60))).toHaveLength(2)
    }
  })

  it('show a number with its error, its lean, and how many objects are above zero', () => {
    expect(text).toContain('| a\\|b\\*c | fc | 0.020 ± 0.000, 10 of 10 > 0 ✓ |')
    expect(html).toContain('<td>0.020 ± 0.000, 10 of 10 &gt; 0 ✓</td>')
  })

  it('show ratios and shares in the unit of their sentences', () => {
    const values = (level: number): Values => [[power(8), around(level)]]
    const ofGrid = findingsMarkdown(findingsOf(pair('-aa', values(1e-4), values(4e-5))))
    expect(ofGrid).toContain('| network | layer | 125 px (%) |')
    expect(ofGrid).toContain('| net-aa | fc | 40.0 (40.0–40.0) ✓ |')
    const ofLead = findingsMarkdown(findingsOf([folds('ordered', around(0.1))]))
    expect(ofLead).toContain('| network | layer | 125 px (points) |')
    expect(ofLead).toContain('| net | fc | 10.0 ± 0.0 ✓ |')
  })

  it('say on the page what came out, networks as links, and draw the numbers with their bars', () => {
    expect(html).toMatch(
      /This study supports the claim in <a [^>]*>&lt;script[^<]*<\/a> and <a [^>]*>a\|b\*c<\/a>\. Horizontal minus vertical relative similarity is 0\.020\./,
    )
    expect(html).toContain('<title>a|b*c fc, 125 px: 0.020 (0.020 to 0.020)</title>')
  })

  it('draw ordered and transposed folds with position only', () => {
    const study = folds('ordered', around(0.01))
    const row = (model: string, count: number, variant: string, mean: number): Row => {
      return {
        ...{ model, layer: 'fc', size: 125, metric: 'fold-accuracy' },
        variant,
        mean,
        std: 0,
        count,
        values: new Map(),
      }
    }
    const rows = ['ordered', 'transposed'].flatMap((cv) =>
      [1, 2, 3, 4, 5].flatMap((fold) => [
        row('net', 10, `top-bottom ${cv} ${fold}`, 1 - fold / 10),
        row('position only', 0, `top-bottom ${cv} ${fold}`, 0.8),
        row('phase only', 0, `top-bottom ${cv} ${fold}`, 0.3),
      ]),
    )
    const page = pageOf(findingsOf([study]), rows)
    const lines = [...page.matchAll(/<g><title>([^<]*)/g)].map(([, words]) => words)
    const expected = [
      'net fc, top-bottom: 0.90 0.80 0.70 0.60 0.50',
      'position only fc, top-bottom: 0.80 0.80 0.80 0.80 0.80',
    ]
    expect(lines).toEqual([...expected, ...expected])
  })

  it('have no minus before a zero', () => {
    expect(findingsMarkdown(findingsOf([net([[bias, around(-0.00001)]])]))).toContain(
      '| 0.000 ± 0.000, 0 of 10 > 0 ✗ |',
    )
  })
})
