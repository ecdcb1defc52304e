import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { catalogEntry } from '../../../src/networks/index.js'
import { findingsMarkdown, findingsSection } from '../../../src/report/findings/document.js'
import { type ClaimFinding, findingsOf } from '../../../src/report/findings/findings.js'
import type { StudyGroup } from '../../../src/results/study.js'
import type { UnitInputs } from '../../../src/results/unit/schema.js'
import { around, groupWith, measures, type Values } from './study.js'

const { covered, coveredAtCorner, similarity, power, jaggedness, bias, accuracy, answer } = measures

function findingOf(claim: string, model: string, ...groups: readonly StudyGroup[]): ClaimFinding {
  const found = findingsOf(groups).filter((finding) => finding.model === model && finding.claim === claim)
  expect(found).toHaveLength(1)
  return found[0] as ClaimFinding
}

describe('finding on global invariance', () => {
  const of = (atCenter: readonly number[], atCorner: readonly number[], changes: Partial<StudyGroup> = {}) =>
    findingOf('no-global-invariance', 'net', {
      ...groupWith('net', [
        [covered, atCenter],
        [coveredAtCorner, atCorner],
        [similarity, atCenter.map(() => 0.9)],
      ]),
      ...changes,
    })

  it('supports that there is none where the worst anchor is far from covering all positions', () => {
    const { verdict, evidence } = of(around(0.99), around(0.5))
    expect(verdict).toBe('supported')
    expect(evidence[0]?.mean).toBeCloseTo(0.5, 2)
    // Null baseline 0.5 (mean of 0.4 and 0.6): 0.9 is four fifths of the way to 1.
    expect(evidence.map(({ quantity, mean }) => [quantity.slice(0, 15), mean.toFixed(3)]).slice(1)).toEqual([
      ['mean similarity', '0.900'],
      ['the same as a s', '0.800'],
    ])
  })

  it('does not support it where every anchor covers them', () => {
    expect(of(around(0.985), around(0.98)).verdict).toBe('not supported')
  })

  it('cannot judge where different objects are as similar, or the share is about at the border', () => {
    const saysNothing = of(around(0.985), around(0.98), { nullBaseline: [{ same: [], different: [0.97, 0.98] }] })
    expect(saysNothing.verdict).toBe('cannot be judged')
    expect(of(around(0.95), around(0.95)).verdict).toBe('cannot be judged')
  })
})

describe('finding on the grid', () => {
  const net = (model: string, level: number, changes = {}) =>
    groupWith(
      model,
      [
        [power(8), around(level)],
        [power(16), around(level)],
        [power(32), around(1)],
        [jaggedness, around(Math.sqrt(level))],
        [similarity, around(0.9)],
      ],
      changes,
    )
  const of = (...groups: readonly StudyGroup[]) => findingOf('anti-aliasing-suppresses-the-grid', 'net-aa', ...groups)

  it('supports that anti-aliasing suppresses it where power and jaggedness fall, patch by patch', () => {
    const finding = of(net('net', 1e-4), net('net-aa', 1e-6))
    expect(finding.verdict).toBe('supported')
    expect(finding.evidence.map(({ mean }) => mean.toFixed(6))).toEqual(['-2.000000', '-1.000000'])
    expect(finding.evidence.map(({ standardError }) => standardError?.toFixed(6))).toEqual(['0.000000', '0.000000'])
    expect(finding.sentence).toBe(
      'Anti-aliasing suppresses the grid pattern in net-aa: grid power 1.0 % of net’s, jaggedness 10.0 %.',
    )
  })

  it('tells only of what was measured', () => {
    const only = (metric: string) => (level: number, model: string) => {
      const group = net(model, level)
      return { ...group, metrics: group.metrics.filter(({ measure }) => measure.metric === metric) }
    }
    const sentence = (metric: string) => of(only(metric)(1e-4, 'net'), only(metric)(1e-6, 'net-aa')).sentence
    expect(sentence('jaggedness')).toMatch(/: jaggedness 10\.0 % of net’s\.$/)
    expect(sentence('grid-spectrum')).toMatch(/: grid power 1\.0 % of net’s\.$/)
    expect(sentence('similarity-mean')).toBe(
      'It is open whether anti-aliasing suppresses the grid pattern in net-aa: nothing was measured that could tell.',
    )
  })

  it('does not support it where they rise', () => {
    expect(of(net('net', 1e-6), net('net-aa', 1e-4)).verdict).toBe('not supported')
  })

  it('cannot judge without the plain network, or with one of another stride or size', () => {
    expect(of(net('net-aa', 1))).toMatchObject({ verdict: 'cannot be judged', because: 'net is not among the results' })
    for (const changes of [{ stride: 3 }, { size: 75 }]) {
      const because = 'net was measured at other sizes or strides'
      expect(of(net('net', 1, changes), net('net-aa', 1))).toMatchObject({ verdict: 'cannot be judged', because })
    }
  })

  it('cannot judge where the plain network saw something else', () => {
    const cases = [
      [{ background: 'noise:1' }, 'on another background'],
      [{ blend: 'soft' }, 'with another blend'],
      [{ precision: 'fp16' }, 'in another precision'],
      [{ patchSha256: '89ab' }, 'with other patches'],
    ] as const
    for (const [changes, difference] of cases) {
      const finding = of(net('net', 1e-4, changes), net('net-aa', 1e-6))
      expect(finding).toMatchObject({
        verdict: 'cannot be judged',
        because: `net was measured ${difference}`,
        evidence: [],
      })
      const gain = findingOf(
        'anti-aliasing-keeps-global-invariance',
        'net-aa',
        net('net', 1, changes),
        net('net-aa', 1),
      )
      expect(gain).toMatchObject({ because: `net was measured ${difference}`, evidence: [] })
    }
    const elsewhere = [net('net', 1, { background: 'noise:1' }), net('net', 1, { size: 75 })]
    const { because } = of(...elsewhere, net('net-aa', 1), net('net-aa', 1, { size: 100 }))
    expect(because).toBe('net was measured on another background')
  })

  it('leaves out patches of one name whose pictures differ', () => {
    const plain = net('net', 1e-4)
    const units = plain.units.map((unit, i) =>
      i < 3 ? { ...unit, inputs: { ...unit.inputs, patchSha256: '89ab' } } : unit,
    )
    const { evidence } = of({ ...plain, units }, net('net-aa', 1e-6))
    expect(evidence.map(({ patches }) => patches)).toEqual([7, 7])
  })

  it('cannot judge where sizes disagree, and names the place that speaks against it', () => {
    const groups = [
      net('net', 1e-4),
      net('net-aa', 1e-6),
      net('net', 1e-6, { size: 75 }),
      net('net-aa', 1e-4, { size: 75 }),
    ]
    const { verdict, because, sentence } = of(...groups)
    expect(verdict).toBe('cannot be judged')
    expect(sentence).toMatch(
      /net-aa: grid power 1\.0 % of net’s, jaggedness 10\.0 % in fc at 125 px, but grid power 10000\.0 %, jaggedness 1000\.0 % in fc at 75 px\.$/,
    )
    expect(because).toBe('of 4 numbers, 2 speak for it, 2 against (fc at 75 px), 0 are open')
  })

  it('is about anti-aliased networks alone', () => {
    const claims = findingsOf([net('net', 1), net('net-aa', 1)]).map(({ model, claim }) => `${model} ${claim}`)
    expect(claims.filter((text) => text.startsWith('net anti'))).toEqual([])
    expect(claims.filter((text) => text.startsWith('net-aa anti'))).toHaveLength(2)
  })
})

describe('finding on what anti-aliasing does for global invariance', () => {
  const net = (model: string, level: number) => groupWith(model, [[similarity, around(level)]])
  it.each([
    ['supported', 0.905],
    ['not supported', 0.95],
    ['cannot be judged', 0.92],
  ])('is %s by the gain in similarity, from 0.9 to %s', (verdict, level) => {
    const groups = [net('net', 0.9), net('net-aa', level)]
    expect(findingOf('anti-aliasing-keeps-global-invariance', 'net-aa', ...groups).verdict).toBe(verdict)
  })
})

describe('finding on flips in training', () => {
  const of = (withFlips: readonly number[], without: readonly number[]) =>
    findingOf(
      'flips-do-not-cause-the-bias',
      'net-noflip',
      groupWith('net', [[bias, withFlips]]),
      groupWith('net-noflip', [[bias, without]]),
    )

  it('tells whether most of the bias is there without flips, patch by patch', () => {
    expect(of(around(0.03), around(0.029))).toMatchObject({
      verdict: 'supported',
      sentence:
        'Most of net’s horizontal bias does not come from flips in training: without flips it exceeds half of what it is with them by 0.014.',
    })
    expect(of(around(0.06), around(0.01))).toMatchObject({
      verdict: 'not supported',
      sentence:
        'Most of net’s horizontal bias comes from flips in training: without flips it exceeds half of what it is with them by −0.020.',
    })
    // About half of it.
    expect(of(around(0.06, 6), [0.03, 0.05, 0.01, 0.04, 0.02, 0.03]).verdict).toBe('cannot be judged')
  })

  it('tells nothing where there is no bias with flips', () => {
    expect(of(around(-0.01), around(0.02)).verdict).toBe('cannot be judged')
    expect(of([0.03, -0.02, 0.02, -0.02, 0.015, -0.014], around(0.02, 6)).verdict).toBe('cannot be judged')
  })

  it('needs the network with flips, and is about no other', () => {
    const alone = findingOf(
      'flips-do-not-cause-the-bias',
      'net-noflip',
      groupWith('net-noflip', [[bias, around(0.01)]]),
    )
    expect(alone).toMatchObject({ verdict: 'cannot be judged', because: 'net is not among the results' })
    const claims = findingsOf([groupWith('net', [[bias, around(0.01)]])]).map(({ claim }) => claim)
    expect(claims).not.toContain('flips-do-not-cause-the-bias')
  })
})

describe('finding on a pair of embedded networks', () => {
  const embedded = (id: string, level: number, weightsSha256 = catalogEntry(id).sha256 as string) =>
    groupWith(
      id,
      [
        [power(8), around(level)],
        [bias, around(level)],
      ],
      { weightsSha256 },
    )

  it('says so where one of them answers right more often, and only then', () => {
    const percent = (id: string) => (100 * (catalogEntry(id).accuracy?.white ?? 0)).toFixed(1)
    const flips = (sha256?: string) =>
      findingOf(
        'flips-do-not-cause-the-bias',
        'tiny-alexnet-noflip',
        embedded('tiny-alexnet', 0.02, sha256),
        embedded('tiny-alexnet-noflip', 0.01),
      ).sentence
    const accuracies = `${percent('tiny-alexnet-noflip')} % of objects on white, tiny-alexnet about ${percent('tiny-alexnet')} %`
    expect(flips()).toContain(` (tiny-alexnet-noflip is right about ${accuracies})`)
    expect(flips('0123')).not.toContain('is right about')
    const grid = findingOf(
      'anti-aliasing-suppresses-the-grid',
      'tiny-alexnet-aa',
      embedded('tiny-alexnet', 1e-4),
      embedded('tiny-alexnet-aa', 1e-6),
    )
    expect(grid.sentence).not.toContain('is right about')
  })
})

describe('numbers of other seeds', () => {
  const { patches, numbers, seeds, samples } = JSON.parse(readFileSync('models/retrained.json', 'utf8'))
  const size = 125
  const means = (model: string, layer: string, quantity: string): number[] =>
    numbers.find(
      (one: Record<string, unknown>) =>
        one.model === model && one.layer === layer && one.size === size && one.quantity === quantity,
    ).means
  /** A group of an embedded network, of its own ten patches. */
  const embedded = (model: string, values: Values, changes: Partial<UnitInputs> = {}): StudyGroup => {
    const shipped = { weightsSha256: catalogEntry(model).sha256 as string, size, stride: 4 }
    const group = groupWith(model, values, { ...shipped, ...changes })
    const units = group.units.map((unit, i) => ({
      ...unit,
      inputs: { ...unit.inputs, patchSha256: changes.patchSha256 ?? patches[size][i] },
    }))
    return { ...group, units, layers: ['fc6'], metrics: group.metrics.map((one) => ({ ...one, layer: 'fc6' })) }
  }
  const ofBias = (changes: Partial<UnitInputs> = {}) =>
    findingOf('horizontal-bias', 'tiny-alexnet', embedded('tiny-alexnet', [[bias, around(-0.01)]], changes))

  it('stand beside those of the embedded networks, and decide nothing', () => {
    const known = means('tiny-alexnet', 'fc6', 'horizontal less vertical similarity')
    expect(known).toHaveLength(seeds.length)
    expect(known.every((mean) => mean > 0)).toBe(true)
    const finding = ofBias()
    expect(finding.verdict).toBe('not supported')
    expect(finding.evidence[0]?.retrained).toEqual(known)
    const pictures = samples.toLocaleString('en-US')
    expect(finding.sentence).toContain(`differs by −0.010; trained from other seeds on ${pictures} pictures 0.0`)
    const [text, { html }] = [findingsMarkdown([finding]), findingsSection([finding])]
    for (const document of [text, html]) {
      expect(document).toContain('of other seeds')
      expect(document).toContain(`${seeds.length} trainings from other seeds, on ${pictures} pictures each`)
    }
  })

  it('stand beside a pair where both are the embedded networks', () => {
    const of = (plain: Partial<UnitInputs>) =>
      findingOf(
        'anti-aliasing-keeps-global-invariance',
        'tiny-alexnet-aa',
        embedded('tiny-alexnet', [[similarity, around(0.9)]], plain),
        embedded('tiny-alexnet-aa', [[similarity, around(0.9)]]),
      )
    const known = means('tiny-alexnet-aa', 'fc6', 'gain in mean similarity')
    expect(of({}).evidence[0]?.retrained).toEqual(known)
    expect(of({ weightsSha256: '0123' }).evidence[0]).not.toHaveProperty('retrained')
  })

  it('do not stand beside what was not measured like them', () => {
    for (const changes of [
      { weightsSha256: '0123' },
      { patchSha256: '89ab' },
      { blend: 'soft' as const },
      { input: '224 px, rgb' },
      { stride: 3 },
    ]) {
      const finding = ofBias(changes)
      expect(finding.evidence[0]).not.toHaveProperty('retrained')
      expect(findingsMarkdown([finding])).not.toContain('other seeds')
    }
    const accuracies: Values = [
      [accuracy('left-right', 'shuffled'), around(0.9)],
      [accuracy('top-bottom', 'shuffled'), around(0.8)],
    ]
    const of = (C: number) => {
      const separability: UnitInputs['separability'] = { loss: 'hinge', C, seed: 0, cv: ['shuffled'] }
      const group = embedded('tiny-alexnet', accuracies, { separability })
      return findingOf('top-bottom-less-separable', 'tiny-alexnet', group).evidence[0]
    }
    expect(of(1)?.retrained).toHaveLength(seeds.length)
    expect(of(2)).not.toHaveProperty('retrained')
  })
})

describe('finding on the horizontal bias', () => {
  const of = (values: readonly number[]) => findingOf('horizontal-bias', 'net', groupWith('net', [[bias, values]]))

  it('is supported, not supported or open by the sign of the mean against its standard error', () => {
    expect(of(around(0.01)).verdict).toBe('supported')
    expect(of(around(-0.01)).verdict).toBe('not supported')
    const balanced = of([0.01, -0.01, 0.02, -0.02, 0.015, -0.014])
    expect(balanced).toMatchObject({ verdict: 'cannot be judged' })
    expect(balanced.evidence[0]).toMatchObject({ positive: 3, patches: 6, signTest: 1, lean: 'open' })
  })

  it('cannot be judged from few patches, however clear', () => {
    expect(of(around(0.01, 4))).toMatchObject({
      verdict: 'cannot be judged',
      because: 'there are fewer than 5 patches',
    })
    expect(of([0.01]).evidence[0]).toMatchObject({ standardError: null, patches: 1 })
  })
})

describe('finding on separability', () => {
  const under = (cv: string, leftRight: number, topBottom: number) =>
    [
      [accuracy('left-right', cv), around(leftRight)],
      [accuracy('top-bottom', cv), around(topBottom)],
    ] as const
  const of = (schemes: readonly ('ordered' | 'shuffled' | 'transposed' | 'blocks')[], gap: number) =>
    findingOf(
      'top-bottom-less-separable',
      'net',
      groupWith(
        'net',
        [
          ...under('ordered', 1, 0.9),
          ...under('transposed', 0.9, 1),
          ...under('shuffled', 0.99, 0.99 - gap),
          ...under('blocks', 0.95, 0.95 - gap),
        ].filter(([{ variant }]) => schemes.some((cv) => variant.endsWith(cv))),
        { separability: { loss: 'hinge', C: 1, seed: 0, cv: [...schemes] } },
      ),
    )

  it('blames the folds where top-bottom is behind under ordered folds alone', () => {
    const { verdict, sentence } = of(['ordered', 'transposed', 'shuffled'], 0.001)
    expect(verdict).toBe('not supported')
    expect(sentence).toBe(
      'Top and bottom are not less separable than left and right in net: left-right is ahead by 0.001 under shuffled folds, by 0.100 under the paper’s ordered ones.',
    )
  })

  it('supports the claim where the gap stays under folds that treat both axes alike', () => {
    expect(of(['ordered', 'shuffled', 'blocks'], 0.1).verdict).toBe('supported')
  })

  it('cannot judge from folds that favour an axis, or from none', () => {
    expect(of(['ordered', 'transposed'], 0)).toMatchObject({
      verdict: 'cannot be judged',
      because: 'only ordered and transposed folds were measured, which favour one axis by themselves',
    })
    expect(of([], 0)).toMatchObject({
      verdict: 'cannot be judged',
      because: 'separability was not measured',
      sentence:
        'It is open whether top and bottom are less separable than left and right in net: separability was not measured.',
    })
  })
})

describe('finding on the network’s answer', () => {
  const net = (kept: readonly number[], changes = {}) =>
    groupWith(
      'net',
      [
        [answer('kept'), kept],
        [answer('probability'), around(0.9, kept.length)],
        [answer('fall'), around(0.4, kept.length)],
      ],
      changes,
    )
  const of = (...groups: readonly StudyGroup[]) => findingOf('answer-keeps', 'net', ...groups)

  it('is by the share of positions that keep it; its probability and largest fall are shown', () => {
    const { verdict, sentence, evidence, statement } = of(net(around(0.6)), net(around(0.8), { size: 75 }))
    expect([verdict, sentence]).toEqual([
      'not supported',
      'What net answers depends on where the object is: 60.0 to 80.0 % of positions keep the center’s answer.',
    ])
    expect(evidence.slice(0, 3).map(({ mean, lean }) => [mean.toFixed(1), lean])).toEqual([
      ['0.6', 'against'],
      ['0.9', null],
      ['0.4', null],
    ])
    expect(statement).toContain('the paper makes no such claim')
    expect(of(net(around(0.985))).verdict).toBe('supported')
    expect(of(net(around(0.95))).sentence).toMatch(
      /^It is open whether net answers the same .*, which tells neither way\.$/,
    )
  })

  it('says where it is so, if it is not everywhere', () => {
    const unclear = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 0.9 : 0.99))
    expect(of(net(around(0.6)), net(unclear, { size: 75 })).sentence).toMatch(/center’s answer in fc at 125 px\.$/)
  })

  it('is about networks alone whose classes are known', () => {
    expect(findingsOf([groupWith('net', [[bias, around(0.01)]])]).map(({ claim }) => claim)).not.toContain(
      'answer-keeps',
    )
  })
})

describe('order of the findings', () => {
  it('has those against the paper first, then those for it, claim by claim', () => {
    const net = (model: string, sign: number) =>
      groupWith(model, [
        [covered, around(0.5)],
        [bias, around(0.01 * sign)],
      ])
    const found = findingsOf([net('a', 1), net('b', -1)]).map(({ model, claim, verdict }) =>
      [verdict, claim, model].join(),
    )
    expect(found.slice(0, 4)).toEqual([
      'not supported,horizontal-bias,b',
      'supported,no-global-invariance,a',
      'supported,no-global-invariance,b',
      'supported,horizontal-bias,a',
    ])
    expect(found.slice(4).every((text) => text.startsWith('cannot be judged'))).toBe(true)
  })
})

describe('documents of the findings', () => {
  const groups = ['<script>alert(1)</script>', 'a|b*c'].map((model) => groupWith(model, [[bias, around(0.01)]]))
  const findings = findingsOf(groups)

  it('show names as text', () => {
    const { html } = findingsSection(findings)
    expect(html).toContain('<th scope="row">&lt;script&gt;alert(1)&lt;/script&gt;</th>')
    expect(html).not.toContain('<script')
    expect(findingsMarkdown(findings)).toContain('### ✓ Features of a\\|b\\*c stay')
  })

  it('have no minus before a zero', () => {
    const tiny = findingsOf([groupWith('net', [[bias, around(-0.00001)]])])
    expect(findingsMarkdown(tiny)).toContain('| 0.0000 ± 0.0000 | 0 of 10 |')
  })

  it('hold every finding with verdict, reason, rule and evidence', () => {
    const [text, { html }] = [findingsMarkdown(findings), findingsSection(findings)]
    for (const { statement, verdict, because, rule } of findings) {
      for (const part of [statement, verdict, because, rule]) expect(text).toContain(part)
      for (const part of [statement, verdict, because, rule]) expect(html).toContain(part)
    }
    expect(html).toContain('<summary>✓ Features of a|b*c stay more similar')
    expect(html).toContain(
      '<tr><th scope="row">a|b*c</th><td>? cannot be judged</td><td>✓ supported</td><td>? cannot be judged</td></tr>',
    )
    expect(text).toContain(
      '| fc | 125 | horizontal less vertical similarity | 0.0100 ± 0.0000 | 10 of 10 | p = 0.002 | for |',
    )
    expect(html).toContain('<td>0.0100 ± 0.0000</td><td>10 of 10</td><td>p = 0.002</td><td>for</td>')
  })
})
