import { describe, expect, it } from 'vitest'
import { FOLD_SCHEMES, type FoldScheme } from '../../../src/experiments/classifiers/folds.js'
import { CLAIMS, type Claim } from '../../../src/report/findings/claims.js'
import type { Evidence } from '../../../src/report/findings/evidence.js'
import { claimFigure } from '../../../src/report/findings/figure.js'
import type { ClaimFinding, Verdict } from '../../../src/report/findings/finding.js'
import { findingsOf, judge } from '../../../src/report/findings/findings.js'
import { ofPatches } from '../../../src/results/measures/rows.js'
import type { NetworkPair } from '../../../src/results/store/pairs.js'
import type { StudyGroup } from '../../../src/results/store/study.js'
import type { UnitInputs } from '../../../src/results/unit/schema.js'
import { around, groupWith, measures, PAIRS, type Values } from '../../support/studyGroup.js'

const { reached, reachedAtCorner, similarity, power, jaggedness, bias, lead, phase, foldError, relativeAgreement } =
  measures

function findingOf(claim: string, model: string, groups: readonly StudyGroup[]): ClaimFinding {
  const found = findingsOf(groups, PAIRS).filter((finding) => finding.model === model && finding.claim === claim)
  expect(found).toHaveLength(1)
  return found[0] as ClaimFinding
}

/** Values that are on both sides of a border by far. */
const torn = (low: number, high: number) => Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? low : high))

type Measure = Values[number][0]
type Numbers = Values[number][1]

const net = (values: Values, changes: Partial<UnitInputs> = {}) => groupWith('net', values, changes)
const only = (measure: Measure, numbers: Numbers) => [net([[measure, numbers]])]
/** What a measure is in the plain network, and in another version of it. */
const pair = (version: string, measure: Measure, plain: Numbers, own: Numbers) => [
  net([[measure, plain]]),
  groupWith(`net${version}`, [[measure, own]]),
]
const anchors = (center: Numbers, corner: Numbers) => [
  net([
    [reached, center],
    [reachedAtCorner, corner],
  ]),
]

/** How far left-right is ahead under a fold scheme, beyond what the position alone gives. */
function folds(cv: FoldScheme, ahead: Numbers, more: Values = []): StudyGroup {
  return net([[lead(cv), ahead], ...more], { separability: { loss: 'hinge', C: 1, seed: 0, cv: [cv] } })
}

const errors = (position: Numbers, phaseOnly: Numbers) => [
  folds('ordered', around(0.1), [
    [foldError('position'), position],
    [foldError('phase'), phaseOnly],
  ]),
]

const INVARIANCE = 'no-global-invariance'
const GRID = 'anti-aliasing-suppresses-the-grid'
const GAIN = 'anti-aliasing-keeps-global-invariance'
const GIVEN_GRID = 'variant-suppresses-the-grid'
const GIVEN_GAIN = 'variant-keeps-global-invariance'
const BIAS = 'horizontal-bias'
const FLIPS = 'flips-do-not-cause-the-bias'
const LEAD = 'top-bottom-less-separable'
const PHASE = 'position-modulo-stride'
const ANSWER = 'answer-keeps'

const [FOR, AGAINST, UNCLEAR] = ['supported', 'contradicted', 'open'] as const

/** The clause of each answer that has its number. */
const NUMBERS: Readonly<Record<string, string>> = {
  [INVARIANCE]: '95 % of positions reach a relative similarity of #, where 1 is no change',
  [GRID]: 'its power is # of that in the plain network',
  [GAIN]: 'it closes # of the gap to perfect invariance',
  [GIVEN_GRID]: 'its power is # of that in the plain network',
  [GIVEN_GAIN]: 'it closes # of the gap to perfect invariance',
  [BIAS]: 'relative similarity is # than for moves up or down',
  [FLIPS]: 'without flips, the bias is # half of the bias with flips',
  [LEAD]: 'beyond what the position alone gives, left-right leads by # points; a lead counts from 2 points',
  [PHASE]: 'the position predicts the accuracies # than its phase',
  [ANSWER]: 'the agreement of two positions relative to chance is #',
}
/** Questions that the paper does not ask. The others have its answer in brackets. */
const OWN = [GIVEN_GRID, GIVEN_GAIN, PHASE, ANSWER]
const SAYS_NO = [GAIN, GIVEN_GAIN, FLIPS]

function answerTo(claim: string, verdict: Verdict, number: string, counts = '1 number open'): string {
  const [claimed, other] = SAYS_NO.includes(claim) ? ['No', 'Yes'] : [claim === ANSWER ? 'Mostly' : 'Yes', 'No']
  const word = { [FOR]: claimed, [AGAINST]: other, [UNCLEAR]: 'Can’t tell' }[verdict]
  const remark = { [FOR]: 'as the paper says', [AGAINST]: 'contradicts the paper' } as Record<string, string>
  const remarks = [
    ...(verdict === UNCLEAR ? [counts] : []),
    ...(OWN.includes(claim) ? [] : [remark[verdict] ?? `the paper says ${claimed.toLowerCase()}`]),
  ]
  const brackets = remarks.length === 0 ? '' : ` (${remarks.join('; ')})`
  return `${word}: ${NUMBERS[claim]?.replace('#', number)}${brackets}`
}

/** What a number of a study with this verdict says. */
function sayingOf(claim: string, verdict: Verdict): string {
  const [claimed, other] = SAYS_NO.includes(claim) ? ['no', 'yes'] : ['yes', 'no']
  return { [FOR]: claimed, [AGAINST]: other, [UNCLEAR]: 'open' }[verdict]
}

/** Of each claim: a study that supports it, one that contradicts it and one that leaves it open, and the number that is told. */
const CASES: readonly (readonly [string, Verdict, readonly StudyGroup[], string])[] = [
  // Null baseline 0.5: 0.95 is a relative similarity of 0.9.
  [INVARIANCE, FOR, anchors(around(0.99), around(0.8)), '0.600'],
  [INVARIANCE, AGAINST, anchors(around(0.98), around(0.97)), '0.940'],
  [INVARIANCE, UNCLEAR, only(reached, torn(0.91, 0.99)), '0.900'],
  [GRID, FOR, pair('-aa', power(8), around(1e-4), around(4e-5)), '40 %'],
  [GRID, AGAINST, pair('-aa', power(8), around(1e-4), around(6e-5)), '60 %'],
  [GRID, UNCLEAR, pair('-aa', power(8), around(1e-4), torn(1e-5, 1e-4)), '32 %'],
  // The plain network lacks 0.2 of similarity to invariance.
  [GAIN, FOR, pair('-aa', similarity, around(0.8), around(0.805)), '2.5 %'],
  [GAIN, AGAINST, pair('-aa', similarity, around(0.8), around(0.85)), '25 %'],
  [GAIN, UNCLEAR, pair('-aa', similarity, around(0.8), torn(0.79, 0.85)), '10 %'],
  [GIVEN_GRID, FOR, pair('-new', power(8), around(1e-4), around(4e-5)), '40 %'],
  [GIVEN_GRID, AGAINST, pair('-new', power(8), around(1e-4), around(6e-5)), '60 %'],
  [GIVEN_GRID, UNCLEAR, pair('-new', power(8), around(1e-4), torn(1e-5, 1e-4)), '32 %'],
  [GIVEN_GAIN, FOR, pair('-new', similarity, around(0.8), around(0.805)), '2.5 %'],
  [GIVEN_GAIN, AGAINST, pair('-new', similarity, around(0.8), around(0.85)), '25 %'],
  [GIVEN_GAIN, UNCLEAR, pair('-new', similarity, around(0.8), torn(0.79, 0.85)), '10 %'],
  [BIAS, FOR, only(bias, around(0.01)), '0.020 higher'],
  [BIAS, AGAINST, only(bias, around(-0.01)), '0.020 lower'],
  [BIAS, UNCLEAR, only(bias, torn(-0.01, 0.01)), '0.000 higher'],
  [FLIPS, FOR, pair('-noflip', bias, around(0.03), around(0.029)), '0.028 above'],
  [FLIPS, AGAINST, pair('-noflip', bias, around(0.06), around(0.01)), '0.040 below'],
  // No bias with flips.
  [FLIPS, UNCLEAR, pair('-noflip', bias, torn(-0.01, 0.01), around(0.02)), '0.040 above'],
  [LEAD, FOR, [folds('ordered', around(0.1))], '10.0'],
  [LEAD, AGAINST, [folds('ordered', around(0.01))], '1.0'],
  [LEAD, UNCLEAR, [folds('blocks', torn(-0.1, 0.1))], '0.0'],
  [PHASE, FOR, errors(around(0.3), around(0.1)), '20.0 points worse'],
  [PHASE, AGAINST, errors(around(0.1), around(0.3)), '20.0 points better'],
  [PHASE, UNCLEAR, errors(torn(0, 0.4), around(0.2)), '0.0 points better'],
  [ANSWER, FOR, only(relativeAgreement, around(0.98)), '98 %'],
  [ANSWER, AGAINST, only(relativeAgreement, around(0.8)), '80 %'],
  [ANSWER, UNCLEAR, only(relativeAgreement, torn(0.9, 1)), '95 %'],
]

const modelOf = (groups: readonly StudyGroup[]) => groups.at(-1)?.model ?? ''

describe('every claim', () => {
  it('can come out either way, or open', () => {
    const expected = CLAIMS.flatMap(({ id }) => [FOR, AGAINST, UNCLEAR].map((verdict) => `${id} ${verdict}`))
    expect(new Set(CASES.map(([claim, verdict]) => `${claim} ${verdict}`))).toEqual(new Set(expected))
    expect(CASES).toHaveLength(expected.length)
  })

  it.each(CASES)('%s: %s', (claim, verdict, groups, number) => {
    const reason = `1 number ${sayingOf(claim, verdict)}`
    const model = modelOf(groups)
    const answer = answerTo(claim, verdict, number)
    expect(findingOf(claim, model, groups)).toMatchObject({ verdict, answer, reason, isJudged: true })
    // It is decided by no fewer than five objects, or ten if it compares two networks.
    const fewest = CLAIMS.find(({ id }) => id === claim)?.scope.pairs === undefined ? 5 : 10
    const of = (count: number) => {
      const patches = Array.from({ length: count }, (_, i) => `patch ${i}`)
      const few = groups.map((group) => ({
        ...group,
        units: group.units.slice(0, count),
        numbers: ofPatches(group.numbers, new Set(patches)),
      }))
      return findingOf(claim, modelOf(groups), few)
    }
    const few = `fewer than ${fewest} objects were measured`
    expect(of(fewest - 1)).toMatchObject({ verdict: UNCLEAR, reason: few, isJudged: false, objects: fewest - 1 })
    expect(of(fewest - 1).answer).toBe(`Can’t tell: ${few}`)
    expect(of(fewest)).toMatchObject({ verdict, objects: fewest })
  })
})

it('a figure of shares has bars that end at 100 %', () => {
  const claim = CLAIMS.find(({ id }) => id === ANSWER) as Claim
  const finding = findingOf(ANSWER, 'net', only(relativeAgreement, [...around(1, 9), 0.5]))
  const figure = claimFigure(claim, [finding], [], 'Sides: 75 px.')
  expect(figure?.html).toContain('to 100)')
  expect(figure?.html).not.toContain('>110<')
})

describe('a verdict', () => {
  const claim = CLAIMS[0] as Claim
  const numbers = (leans: string) => {
    const words = { f: 'for', a: 'against', o: 'open' } as const
    return [...leans].map((one) => ({ lean: words[one as keyof typeof words], patches: 5 }) as Evidence)
  }
  it.each([
    ['ffo', FOR, '2 numbers yes, 1 open'],
    ['fo', UNCLEAR, '1 number yes, 1 open'],
    ['fffa', UNCLEAR, '3 numbers yes, 1 no'],
    ['aao', AGAINST, '2 numbers no, 1 open'],
    ['ao', UNCLEAR, '1 number no, 1 open'],
    ['aaaooo', UNCLEAR, '3 numbers no, 3 open'],
    ['faaa', UNCLEAR, '1 number yes, 3 no'],
    ['o', UNCLEAR, '1 number open'],
  ])('of numbers that speak %s is %s', (leans, verdict, reason) => {
    expect(judge(claim, numbers(leans))).toEqual({ verdict, reason })
  })

  it('is the opposite one if all numbers speak for the opposite', () => {
    const opposite = { [FOR]: AGAINST, [AGAINST]: FOR, [UNCLEAR]: UNCLEAR }
    const other = (lean: string) => ({ f: 'a', a: 'f', o: 'o' })[lean] as string
    const all = [...'fao'].flatMap((a) => [...'fao'].flatMap((b) => [...'fao'].map((c) => `${a}${b}${c}`)))
    const cases = [...all, ...all.flatMap((first) => all.map((second) => first + second))]
    for (const leans of cases) {
      const { verdict } = judge(claim, numbers([...leans].map(other).join('')))
      expect([leans, verdict]).toEqual([leans, opposite[judge(claim, numbers(leans)).verdict]])
    }
  })

  it.each([
    [7, 8],
    [8, 7],
    [2, 2],
  ])('does not come from %i×%i positions, which are fewer than 8×8', (rows, cols) => {
    const reason = 'fewer than 8×8 positions were measured'
    for (const [claim, , groups] of CASES) {
      const small = groups.map((group) => ({ ...group, rows, cols }))
      const { verdict, isJudged, answer, ...finding } = findingOf(claim, modelOf(groups), small)
      expect([claim, verdict, isJudged, finding.reason]).toEqual([claim, UNCLEAR, false, reason])
      expect(answer).toBe(`Can’t tell: ${reason}`)
    }
  })

  it('counts numbers from fewer than 8×8 positions as open', () => {
    const [large, small] = [net([[bias, around(0.01)]]), net([[bias, around(0.01)]], { size: 75 })]
    const finding = findingOf(BIAS, 'net', [{ ...large, rows: 7 }, small])
    expect(finding).toMatchObject({ verdict: UNCLEAR, reason: '1 number yes, 1 open' })
    expect(finding.evidence.map(({ size, lean }) => [size, lean])).toEqual([
      [125, 'open'],
      [75, 'for'],
    ])
  })

  it('rests on all layers and sizes; its link shows the number that is farthest from the border', () => {
    const finding = (second: number) =>
      findingOf(BIAS, 'net', [net([[bias, around(0.01)]]), net([[bias, around(second)]], { size: 75 })])
    const both = { answer: answerTo(BIAS, FOR, '0.020–0.040 higher'), reason: '2 numbers yes' }
    expect(finding(0.02)).toMatchObject(both)
    expect(finding(0.02).link).toContain('&size=75&')
    const reason = '1 number yes, 1 no'
    const answer = answerTo(BIAS, UNCLEAR, '0.040 lower to 0.020 higher', reason)
    expect(finding(-0.02)).toMatchObject({ verdict: UNCLEAR, answer, reason })
  })
})

describe('evidence', () => {
  it('of the grid is the sum of its powers, also where one network has fewer periods', () => {
    const values: Values = [
      [power(8), around(1e-4)],
      [power(16), around(1e-4)],
    ]
    const finding = findingOf(GRID, 'net-aa', [net(values), groupWith('net-aa', values.slice(0, 1))])
    expect(finding.evidence[0]?.mean).toBeCloseTo(Math.log10(1 / 2), 6)
  })

  it('of the grid is of periods up to 16 px, and shows jaggedness beside it', () => {
    const values = (level: number): Values => [
      [power(8), around(level)],
      [power(16), around(level)],
      [power(32), around(1)],
      [jaggedness, around(Math.sqrt(level))],
    ]
    const finding = findingOf(GRID, 'net-aa', [net(values(1e-4)), groupWith('net-aa', values(1e-6))])
    expect(finding.evidence).toMatchObject([
      { quantity: 'log₁₀ of grid power relative to the plain network', mean: expect.closeTo(-2, 6), lean: 'for' },
      { quantity: 'log₁₀ of jaggedness relative to the plain network', mean: expect.closeTo(-1, 6), lean: null },
    ])
  })

  it('of the grid is shown where the plain network has most of it, and without objects whose maps are flat', () => {
    const plain = [net([[power(8), around(1e-4)]]), net([[power(8), around(1e-3)]], { size: 75 })]
    const own = [125, 75].map((size) => groupWith('net-aa', [[power(8), [0, ...around(4e-5, 9)]]], { size }))
    const { link, evidence } = findingOf(GRID, 'net-aa', [...plain, ...own])
    expect(link).toContain('&size=75&')
    expect(evidence.map(({ patches }) => patches)).toEqual([9, 9])
  })

  it('scales fluctuations by what different objects have in common', () => {
    const values: Values = [
      [power(8), around(1e-4)],
      [jaggedness, around(0.01)],
    ]
    const withBaseline = (different: number) =>
      findingOf(GRID, 'net-aa', [net(values), groupWith('net-aa', values, {}, { same: [], different: [different] })])
    const means = withBaseline(0.75).evidence.map(({ mean }) => mean)
    expect(means).toEqual([expect.closeTo(Math.log10(4), 6), expect.closeTo(Math.log10(2), 6)])
    expect(withBaseline(1).reason).toBe('the study has no numbers for it')
  })

  it.each([
    ['is exactly 1', 1],
    ['differs from 1 by rounding', 1 - 1e-8],
  ])('of a gain over a network without a gap is missing: its similarity %s', (_, plain) => {
    const none = findingOf(GAIN, 'net-aa', pair('-aa', similarity, Array(10).fill(plain), around(0.95)))
    expect(none).toMatchObject({ verdict: 'open', reason: 'the study has no numbers for it', evidence: [] })
  })

  it('is missing without objects of different classes, and the finding says so', () => {
    const alike = groupWith('net', [[reached, around(0.8)]], {}, { same: [0.5], different: [] })
    const reason = 'there are no objects of different classes to compare with'
    const open = { verdict: UNCLEAR, answer: `Can’t tell: ${reason}`, reason }
    expect(findingOf(INVARIANCE, 'net', [alike])).toMatchObject(open)
  })

  it.each<[string | RegExp, StudyGroup]>([
    ['only shuffled folds were measured', folds('shuffled', around(0.2))],
    ['separability was not measured', net([[bias, around(0.01)]])],
    [/^the grid is too coarse .* modulo 32 px .* 93 %/, folds('ordered', around(0.1), [[phase, around(0.93)]])],
  ])('on separability is missing where %s', (reason, group) => {
    expect(findingOf(LEAD, 'net', [group]).reason).toMatch(reason)
  })

  it.each([
    [PHASE, 'separability was not measured'],
    [ANSWER, 'fewer than 5 objects have a confident answer'],
  ])('on %s says what the study lacks', (claim, reason) => {
    const unsure = only(measures.agreement('unsure'), around(0.5))
    expect(findingOf(claim, 'net', unsure).reason).toBe(reason)
  })

  it('on separability is of every scheme of folds but the shuffled one', () => {
    const leads = FOLD_SCHEMES.map((cv) => [lead(cv), around(0.1)] as const)
    const { evidence } = findingOf(LEAD, 'net', [folds('ordered', around(0.1), leads)])
    const schemes = ['ordered', 'transposed', 'block'].map((cv) => `${cv} folds`)
    expect(evidence.map(({ quantity }) => quantity).toSorted()).toEqual(schemes.toSorted())
  })
})

describe('versions of a network', () => {
  const own = groupWith('net-aa', [[power(8), around(1e-6)]])
  const plain = (changes: Partial<UnitInputs>) => net([[power(8), around(1e-4)]], changes)

  it.each<[string, ...Partial<UnitInputs>[]]>([
    ['at other sizes or strides', { stride: 3 }],
    ['at other sizes or strides', { size: 75 }],
    ['on another background', { background: 'noise:1' }],
    ['with another blend', { blend: 'soft' }],
    ['in another precision', { precision: 'fp16' }],
    ['with other pooling', { pool: 'max' }],
    ['with other objects', { patchSha256: '89ab' }],
    // Another size says the least.
    ['on another background', { size: 75 }, { background: 'noise:1' }],
  ])('are not compared where the plain one was measured %s', (difference, ...changes) => {
    const finding = findingOf(GRID, 'net-aa', [...changes.map(plain), own])
    expect(finding).toMatchObject({ reason: `net was measured ${difference}`, evidence: [] })
  })

  it('need each other, and leave out objects of one name whose pictures differ', () => {
    expect(findingOf(GRID, 'net-aa', [own]).reason).toBe('net is not among the results')
    const group = plain({})
    const units = group.units.map((unit, i) =>
      i < 3 ? { ...unit, inputs: { ...unit.inputs, patchSha256: '89ab' } } : unit,
    )
    expect(findingOf(GRID, 'net-aa', [{ ...group, units }, own]).evidence.map(({ patches }) => patches)).toEqual([7])
  })

  /** The group with another name and role of its layer. */
  const withLayer = (group: StudyGroup, name: string, answers: object | null = null): StudyGroup => ({
    ...{ ...group, layers: [name] },
    numbers: group.numbers.map((row) => ({ ...row, layer: name })),
    units: group.units.map((unit) => ({
      ...unit,
      layers: unit.layers.map((layer) => ({ ...layer, name, answers: answers as typeof layer.answers })),
    })),
  })

  it('are compared in layers of equal roles, and in frames of other sides by the share', () => {
    const evidence = (group: StudyGroup) => findingOf(GRID, 'net-aa', [plain({}), group]).evidence
    expect(evidence(withLayer(own, 'pool'))).toMatchObject([{ layer: 'pool', mean: expect.closeTo(-2, 6) }])
    const small = { ...groupWith('net-aa', [[power(8), around(1e-6)]], { size: 89, patchSha256: '89ab' }), frame: 160 }
    expect(evidence(small)).toMatchObject([{ layer: 'fc', size: 89, mean: expect.closeTo(-2, 6) }])
    expect(evidence({ ...small, size: 75 })).toEqual([])
    expect(evidence({ ...small, stride: 4, rows: 7 })).toEqual([])
    const other = small.units.map((unit) => ({ ...unit, inputs: { ...unit.inputs, category: 'dog' } }))
    expect(evidence({ ...small, units: other })).toEqual([])
  })

  it('cannot be compared without a layer of the same name or role', () => {
    const other = withLayer(own, 'logits', {})
    expect(findingOf(GRID, 'net-aa', [plain({}), other]).reason).toBe(
      'net and net-aa share no layer, neither by name nor by role (class scores, pooled features)',
    )
  })

  it('are those of pairs, whatever their names are', () => {
    const pairClaims = (pairs: readonly NetworkPair[]) =>
      findingsOf([plain({}), own], pairs).filter(({ claim }) => /grid|keeps-global/.test(claim))
    expect(pairClaims([])).toEqual([])
    const [grid, gain] = pairClaims([{ kind: 'given', plain: 'net-aa', variant: 'net' }])
    expect([grid, gain].map((one) => [one?.model, one?.claim])).toEqual([
      ['net', GIVEN_GRID],
      ['net', GIVEN_GAIN],
    ])
    expect(grid?.link).toMatch(/^#network=net-aa&with=net&/)
    expect([grid?.plain, gain?.plain]).toEqual(['net-aa', 'net-aa'])
    expect([grid, gain].map((one) => `${one?.question} ${one?.source} ${one?.rule}`).join()).not.toContain(
      'network without anti',
    )
  })

  it('have claims of their own', () => {
    const claims = findingsOf([plain({}), own], PAIRS).map(({ model, claim }) => `${model} ${claim}`)
    const always = [INVARIANCE, BIAS, LEAD, PHASE].flatMap((claim) => [`net ${claim}`, `net-aa ${claim}`])
    expect(claims.toSorted()).toEqual([...always, `net-aa ${GRID}`, `net-aa ${GAIN}`].toSorted())
  })
})
