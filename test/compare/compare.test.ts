import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { type CompareOptions, compare } from '../../src/compare/compare.js'
import type { ComparedMetric } from '../../src/compare/result.js'
import { InputError, UsageError } from '../../src/errors.js'
import type { ProtocolName } from '../../src/experiments/answers/protocols.js'
import { sha256 } from '../../src/files/sha256.js'
import { bucketOf } from '../../src/results/answers/schema.js'
import { answersFolder } from '../../src/results/answers/store.js'
import { writeUnit } from '../../src/results/store/units.js'
import { type MadeValues, madeChanges, writeConsistencyFolder } from '../support/consistencyFolder.js'
import { runHere } from '../support/inProcess.js'
import { messageOf } from '../support/messageOf.js'
import { runFile } from '../support/runFile.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { arraysOf, atAnchors, inputs, madeUnit, storeUnit } from '../support/unit.js'

const folder = temporaryFolder()

const twice = (values: readonly number[]) => madeChanges([...values, ...values])
/** Twelve photographs. The differences are .1 eight times, and .2 four times. */
const LOW = twice([0.1, 0.2, 0.1, 0.2, 0.1, 0.2])
const HIGH = twice([0.2, 0.3, 0.3, 0.3, 0.2, 0.4])
/** The same with a difference of .2, −.1 or 0. */
const MIXED = twice([0.3, 0.1, 0.1, 0.4, 0, 0.2])

async function both(before: MadeValues = LOW, after: MadeValues = HIGH): Promise<readonly [string, string]> {
  for (const name of ['before', 'after']) rmSync(folder(name), { recursive: true, force: true })
  return [
    await writeConsistencyFolder(folder('before'), { net: before }),
    await writeConsistencyFolder(folder('after'), { net: after }),
  ]
}

/** Compares single networks. */
async function measuresOf(before: string, after: string): Promise<Readonly<Record<string, ComparedMetric>>> {
  const { networks } = await compare(before, after)
  expect(networks).toHaveLength(1)
  return Object.fromEntries((networks[0]?.measures ?? []).map((row) => [row.name, row]))
}

describe('photographs', () => {
  it('are compared in the measure’s own direction', async () => {
    const [before, after] = await both()
    const rows = await measuresOf(before, after)
    const { 'diagonal change': change, 'crop relative-agreement': agreement } = rows
    expect(change).toMatchObject({ count: 12, leftOut: 0, better: 'lower', isHeadline: false, outcome: null, p: null })
    expect(change?.difference).toBeCloseTo(0.8 / 6, 12)
    expect(agreement).toMatchObject({ better: 'higher', isHeadline: true, outcome: 'worse', test: 't' })
    expect(agreement?.p).toBeLessThan(0.001)
    // The interval of Student's t with 11 degrees of freedom: 2.201 standard errors.
    expect(agreement?.interval?.[0]).toBeCloseTo(-0.8 / 6 - 2.2009852 * 0.0142134, 6)
    const back = await measuresOf(after, before)
    expect(back['crop relative-agreement']?.outcome).toBe('better')
  })

  it('have one family of verdicts: the first measure of each protocol, which leads, and the accuracy', async () => {
    const protocols: readonly ProtocolName[] = ['center', 'crop', 'diagonal', 'circular']
    const labels = Object.fromEntries(Object.keys(LOW).map((name) => [name, name]))
    const write = (name: string, values: MadeValues) =>
      writeConsistencyFolder(folder(name), { net: values }, { protocols, labels })
    const { networks } = await compare(await write('labelled', LOW), await write('labelled after', HIGH))
    const measures = networks[0]?.measures ?? []
    const family = ['crop relative-agreement', 'center accuracy', 'diagonal relative-agreement']
    expect(measures.slice(0, 4).map(({ name }) => name)).toEqual([...family, 'circular relative-agreement'])
    expect(measures.slice(4).every(({ isHeadline, p }) => !isHeadline && p === null)).toBe(true)
    // The same differences three times, and no difference: Holm multiplies the smallest p value by four.
    const alone = await compare(...(await both()))
    const [one, other] = [measures[0]?.p ?? 0, alone.networks[0]?.measures[0]?.p ?? 0]
    expect(one / other).toBeCloseTo(2, 9)
    expect(measures[1]).toMatchObject({ outcome: 'unchanged', test: 'mcnemar' })
  })

  it('are unchanged if no pair differs, and few pairs get no verdict', async () => {
    const [before] = await both()
    const same = await measuresOf(before, before)
    expect(same['crop relative-agreement']).toMatchObject({ interval: [0, 0], outcome: 'unchanged', difference: 0 })
    expect(same['diagonal change']).toMatchObject({ outcome: 'unchanged' })
    const nine = (values: readonly number[]) => madeChanges(values.slice(0, 9))
    const all = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    const [few, more] = await both(nine(all), nine(all.map((value, i) => value + 0.1 + (i % 2) / 10)))
    expect((await measuresOf(few, more))['crop relative-agreement']).toMatchObject({
      count: 9,
      outcome: 'few',
      p: null,
    })
    expect((await compare(few, more)).networks[0]?.sentence).toBeNull()
  })

  it('of one picture have neither a relative agreement nor an interval', async () => {
    const [one, other] = await both(madeChanges([0.1]), madeChanges([0.2]))
    const { 'diagonal change': change, ...others } = await measuresOf(one, other)
    expect(change).toMatchObject({ count: 1, standardError: null, interval: null, outcome: null })
    expect(others['crop relative-agreement']).toBeUndefined()
  })

  it('of a constant network have no verdict, and a sentence says why', async () => {
    const [before] = await both()
    const after = await writeConsistencyFolder(folder('constant'), { net: LOW }, { isConstant: true })
    const { networks } = await compare(before, after)
    expect(networks[0]?.constant).toEqual([
      'In crop, diagonal: net (after) gives the same answer to 12 of 12 photographs; its consistency says nothing',
    ])
    expect(networks[0]?.measures.filter(({ isHeadline }) => isHeadline)).toEqual([])
    expect(networks[0]?.sentence).toBeNull()
  })

  it('are relative to the chance among those that both networks have', async () => {
    const [before] = await both()
    const { '0.jpg': _, '1.jpg': __, ...fewer } = MIXED
    const after = await writeConsistencyFolder(folder('fewer'), { net: fewer })
    const more = await compare(before, after)
    const { '0.jpg': ___, '1.jpg': ____, ...shared } = LOW
    const alone = await compare(await writeConsistencyFolder(folder('shared'), { net: shared }), after)
    const found = [more, alone].map(({ networks }) => networks[0]?.measures[0])
    expect(found[0]).toEqual(found[1])
  })

  it('are confident if they are so on both sides', async () => {
    const [before, after] = await both(madeChanges([0.1, 0.2, 0.3, 0.4], 3), madeChanges([0, 0, 0, 0], 2))
    const { 'confident, diagonal change': confident, ...others } = await measuresOf(before, after)
    expect(confident).toMatchObject({ count: 2, before: 0.15000000000000002, after: 0 })
    expect(Object.keys(others)).not.toContain('confident, diagonal confidence')
  })

  it('are paired by content, whatever their names', async () => {
    const [before, after] = [
      await writeConsistencyFolder(folder('before'), { net: LOW }),
      await writeConsistencyFolder(
        folder('after'),
        { net: { ...LOW, 'moved.jpg': [0.5, 0.5] } },
        {
          contents: { '0.jpg': 'other', 'moved.jpg': '1.jpg', '1.jpg': '0.jpg' },
        },
      ),
    ]
    const { networks } = await compare(before, after)
    expect(networks).toMatchObject([
      { kind: 'photographs', pairs: 12, unpaired: { before: [], after: [{ name: '0.jpg', sha256: sha256('other') }] } },
    ])
    const change = networks[0]?.measures.find(({ name }) => name === 'diagonal change')
    // 0.jpg became 1.jpg, and 1.jpg became moved.jpg.
    expect(change?.difference).toBeCloseTo((0.2 - 0.1 + (0.5 - 0.2)) / 12, 12)
  })

  it('without a value are left out of this measure only', async () => {
    const { '2.jpg': _, ...fewer } = LOW
    const [, after] = await both()
    const before = await writeConsistencyFolder(folder('fewer'), { net: LOW }, { protocols: ['crop'] })
    await writeConsistencyFolder(before, { net: fewer }, { protocols: ['diagonal'] })
    const { 'diagonal change': change, 'crop agreement': agreement } = await measuresOf(before, after)
    expect([change?.count, change?.leftOut, agreement?.count, agreement?.leftOut]).toEqual([11, 1, 12, 0])
  })

  it('without any value of a protocol are noted, and its measures have no limit', async () => {
    const [, after] = await both()
    const before = await writeConsistencyFolder(folder('crops'), { net: LOW }, { protocols: ['crop'] })
    expect((await compare(before, after)).notes).toEqual([
      'no pair has a value on both sides of "diagonal", "confident, diagonal"',
    ])
    expect(await messageOf(compare(before, after, { maxWorse: { 'diagonal change': 1 } }), UsageError)).toBe(
      'no pair has a value of diagonal change on both sides; measure it in both (accuracy needs labels), or remove the limit',
    )
  })

  it('of other settings are refused, with all settings of the protocols in both', async () => {
    const write = (name: string, protocols: readonly ProtocolName[], settings = {}) =>
      writeConsistencyFolder(folder(name), { net: LOW }, { protocols, settings })
    const before = await write('before', ['crop', 'embed', 'diagonal'])
    const after = await write('after', ['crop', 'embed', 'circular'], { draws: 6, seed: 1, background: '#ffffff' })
    expect(await messageOf(compare(before, after), UsageError)).toBe(
      `${before} and ${after} have other settings: crop draws 20 and 6; crop seed 0 and 1; embed background #000000 and #ffffff; measure both in the same way`,
    )
    const paths = await write('paths', ['diagonal'], { draws: 6, seed: 1, background: '#ffffff' })
    expect((await compare(before, paths)).notes).toEqual([
      'no pair has a value on both sides of "crop", "confident, crop", "embed", "confident, embed"',
    ])
  })

  it('of other labels are refused', async () => {
    const [before] = await both()
    const protocols: readonly ProtocolName[] = ['center', 'crop', 'diagonal']
    const write = (label: string) =>
      writeConsistencyFolder(folder(label), { net: HIGH }, { protocols, labels: { '0.jpg': label } })
    const [own, corrected] = [await write('dog'), await write('cat')]
    expect((await compare(before, own)).networks).toHaveLength(1)
    expect((await compare(before, own)).notes[0]).toMatch(
      /^net \(before\) and net \(after\) differ in .*labels none and [0-9a-f]{8}$/,
    )
    expect(await messageOf(compare(own, corrected), UsageError)).toBe(
      `${own} and ${corrected} have other settings: label dog and cat; measure both in the same way`,
    )
  })

  it('of other settings are refused with at most eight of these settings', async () => {
    const many = madeChanges(Array.from({ length: 10 }, () => 0.1))
    const write = (word: string) => {
      const labels = Object.fromEntries(Object.keys(many).map((name, i) => [name, `${word} ${i}`]))
      return writeConsistencyFolder(folder(word), { net: many }, { labels })
    }
    const refused = compare(await write('dog'), await write('cat'))
    expect(await messageOf(refused, UsageError)).toMatch(/; label dog 7 and cat 7; 2 more; measure both/)
  })

  it('of networks that differ are compared, with a note', async () => {
    const [before] = await both()
    const facts = { frame: 192, layer: 'logits', precision: 'fp16' } as const
    const after = await writeConsistencyFolder(folder('other'), { other: HIGH }, { facts })
    expect((await compare(before, after)).notes).toEqual([
      'net (before) and other (after) differ in weights; layer fc and logits; frame 140 px and 192 px; precision fp32 and fp16',
    ])
  })

  it('of other content are refused, whatever their labels', async () => {
    const write = (label: string) =>
      writeConsistencyFolder(folder(label), { net: { [label]: [0, 1] } }, { labels: { [label]: label } })
    expect(await messageOf(compare(await write('dog'), await write('cat')), UsageError)).toContain(
      'share no photograph',
    )
  })
})

describe('networks', () => {
  it('of equal names are compared, and the others are noted', async () => {
    const before = await writeConsistencyFolder(folder('before'), { a: LOW, b: HIGH, c: LOW })
    const after = await writeConsistencyFolder(folder('after'), { b: LOW, a: HIGH })
    const { networks, notes } = await compare(before, after)
    expect(networks.map(({ before, after }) => [before, after])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ])
    expect(notes).toEqual([`only ${before} has "c"`])
  })

  it('are chosen after a #, which a folder’s name may contain', async () => {
    const path = await writeConsistencyFolder(folder('run#1'), { a: LOW, b: HIGH })
    expect((await compare(`${path}#a`, `${path}#b`)).networks).toMatchObject([{ before: 'a', after: 'b' }])
    expect((await compare(path, path)).networks).toHaveLength(2)
    expect(await messageOf(compare(`${path}#c`, path), UsageError)).toBe(
      `${path} has no network "c"; its networks are "a", "b"`,
    )
    const other = await writeConsistencyFolder(folder('other'), { c: LOW })
    expect(await messageOf(compare(path, other), UsageError)).toBe(
      `the folders share no network: ${path} has "a", "b", and ${other} has "c"; choose one of each as FOLDER#NETWORK`,
    )
  })
})

describe('a limit', () => {
  const limitsOf = async (options: CompareOptions, sides: Parameters<typeof both> = []) => {
    const { limits } = await compare(...(await both(...sides)), options)
    return limits.map(({ measure, outcome }) => [measure, outcome])
  }

  it('fails if the data show a loss above it, passes if they exclude one, and is undecided otherwise', async () => {
    // 0.133 worse, with bounds of 0.108 and 0.164.
    expect(await limitsOf({ maxWorse: { 'diagonal change': 0.1 } })).toEqual([['diagonal change', 'failed']])
    expect(await limitsOf({ maxWorse: { 'diagonal change': 0.17 } })).toEqual([['diagonal change', 'passed']])
    const { limits } = await compare(...(await both()), { maxWorse: { 'crop agreement': 0.13 } })
    expect(limits).toMatchObject([{ rule: 'maxWorse', outcome: 'undecided', count: 12, neededPairs: 10, reason: null }])
    expect(limits[0]?.change).toBeCloseTo(0.8 / 6, 12)
    expect(limits[0]?.interval?.[0]).toBeCloseTo(0.8 / 6 - 1.7958848 * 0.0142134, 6)
    expect(await limitsOf({ maxWorse: { 'confident, diagonal change': 0.2 } })).toEqual([
      ['confident, diagonal change', 'passed'],
    ])
  })

  it('of 0 fails only by a significant loss', async () => {
    const sides: Parameters<typeof both> = [LOW, MIXED]
    expect(await limitsOf({ maxWorse: { 'diagonal change': 0 } })).toEqual([['diagonal change', 'failed']])
    expect(await limitsOf({ maxWorse: { 'diagonal change': 0 } }, sides)).toEqual([['diagonal change', 'undecided']])
    const { limits } = await compare(...(await both(...sides)), { maxWorse: { 'diagonal change': 0 } })
    expect(limits[0]?.neededPairs).toBeNull()
    expect(await limitsOf({ maxWorse: { 'diagonal change': 0 } }, [HIGH, LOW])).toEqual([['diagonal change', 'passed']])
  })

  it('passes with the same network, whose differences are all 0', async () => {
    const sides: Parameters<typeof both> = [LOW, LOW]
    expect(await limitsOf({ maxWorse: { 'crop relative-agreement': 0, 'crop always-same': 0 } }, sides)).toEqual([
      ['crop relative-agreement', 'passed'],
      ['crop always-same', 'passed'],
    ])
    expect(await limitsOf({ equivalent: { 'crop relative-agreement': 1e-9 } }, sides)).toEqual([
      ['crop relative-agreement', 'passed'],
    ])
    // Twelve equal pairs of 0 and 1 do not show that 13 % of others would be equal.
    expect(await limitsOf({ equivalent: { 'crop always-same': 0.1 } }, sides)).toEqual([
      ['crop always-same', 'undecided'],
    ])
  })

  it('of equivalence has two directions, and needs none of the measure', async () => {
    for (const sides of [[], [HIGH, LOW]] as const)
      for (const [margin, outcome] of [
        [0.1, 'failed'],
        [0.13, 'undecided'],
        [0.17, 'passed'],
      ] as const)
        expect(await limitsOf({ equivalent: { 'diagonal change': margin } }, [...sides])).toEqual([
          ['diagonal change', outcome],
        ])
    expect(await limitsOf({ equivalent: { 'diagonal confidence': 0.1 } })).toEqual([['diagonal confidence', 'passed']])
  })

  it('is undecided by fewer than ten pairs, however large the loss', async () => {
    const nine = (share: number) => madeChanges(Array.from({ length: 9 }, (_, i) => share + (i % 2) / 10))
    const { limits } = await compare(...(await both(nine(0.1), nine(0.8))), { maxWorse: { 'crop agreement': 0 } })
    expect(limits).toMatchObject([
      { outcome: 'undecided', count: 9, neededPairs: 10, reason: 'too few pairs, at least 10 are needed' },
    ])
  })

  const constant = (name: string, isConstant = true) => {
    const labels = Object.fromEntries(Object.keys(LOW).map((photograph) => [photograph, photograph]))
    const protocols: readonly ProtocolName[] = ['center', 'crop', 'diagonal']
    return writeConsistencyFolder(folder(name), { net: LOW }, { isConstant, protocols, labels })
  }
  const reason = (side: string) =>
    `net (${side}) gives the same answer to 12 of 12 photographs; its consistency says nothing`

  it.each(['crop relative-agreement', 'crop agreement', 'diagonal confidence', 'center accuracy'])(
    'in %s is failed by a network that became constant',
    async (measure) => {
      const sides = [await constant('before', false), await constant('after')] as const
      const { limits } = await compare(...sides, { equivalent: { [measure]: 0.9 } })
      expect(limits).toMatchObject([{ measure, outcome: 'failed', reason: reason('after') }])
    },
  )

  it('is failed by a constant network before, too, but not if it is about right answers', async () => {
    const [before, after] = [await constant('before'), await constant('after', false)]
    const { limits } = await compare(before, after, {
      maxWorse: { 'crop relative-agreement': 0.9, 'center accuracy': 0 },
    })
    expect(limits).toMatchObject([
      { measure: 'crop relative-agreement', outcome: 'failed', reason: reason('before'), change: null },
      { measure: 'center accuracy', outcome: 'passed', reason: null },
    ])
    const same = await compare(before, before, { maxWorse: { 'center accuracy': 0, 'crop agreement': 0 } })
    expect(same.limits.map(({ outcome }) => outcome)).toEqual(['passed', 'failed'])
    const { stderr } = await runHere(['compare', before, before, '--max-worse', 'crop agreement=0.5'])
    expect(stderr).toContain('crop agreement: unchanged, limit 0.5; net (after) gives the same answer')
  })

  it.each([
    [
      { maxWorse: { 'diagonal chang': 0.1 } },
      '`maxWorse diagonal chang` names no measure; the most similar ones are diagonal change; ',
    ],
    [
      { equivalent: { 'diagonal confidenc': 0.1 } },
      '`equivalent diagonal confidenc` names no measure; the most similar ones are diagonal confidence; ',
    ],
    [
      { maxWorse: { 'diagonal confidence': 0.1 } },
      'diagonal confidence cannot become worse, because neither higher nor',
    ],
    [{ maxWorse: { 'diagonal change': -0.1 } }, '`maxWorse diagonal change=-0.1` is below 0'],
    [{ equivalent: { 'diagonal change': 0 } }, '`equivalent diagonal change=0` is not above 0'],
    [{ equivalent: { 'diagonal change': -1 } }, '`equivalent diagonal change=-1` is not above 0'],
    [{ maxWorse: { 'diagonal change': Number.NaN } }, 'maxWorse'],
  ])('%o is refused', async (options, message) => {
    expect(await messageOf(compare(...(await both()), options), UsageError)).toContain(message)
  })
})

describe('a folder', () => {
  it.each(['answers.json', 'answers.npy'])('with a damaged %s is refused', async (file) => {
    const [before, after] = await both()
    const place = { model: 'net', protocol: 'crop', bucket: bucketOf('0.jpg') } as const
    const path = join(answersFolder(after, place), file)
    writeFileSync(path, readFileSync(path).subarray(0, -2))
    expect(await messageOf(compare(before, after), InputError)).toContain(file)
  })

  it('of an earlier version is refused', async () => {
    const [before] = await both()
    mkdirSync(folder('earlier'))
    writeFileSync(folder('earlier/consistency.json'), '{}')
    expect(await messageOf(compare(before, folder('earlier')), InputError)).toBe(
      `${folder('earlier')} has results of an earlier version; run consistency with another folder`,
    )
  })

  it('without results is refused', async () => {
    const [before] = await both()
    mkdirSync(folder('empty'))
    expect(await messageOf(compare(before, folder('empty')), InputError)).toContain('empty')
    expect(await messageOf(compare(folder('none'), before), InputError)).toBe(
      `${folder('none')} is not a folder; name a results folder of reproduce or consistency`,
    )
  })
})

describe('a study', () => {
  const others = ['apple', 'clock', 'cup', 'fork', 'kite', 'vase']
  const objects = ['car', 'dog', 'zebra', 'bird', 'boat', ...others].map((patch, i) => ({
    patch,
    patchSha256: String(i),
  }))
  const study = async (name: string, level: number, changes = {}) => {
    for (const object of objects) await storeUnit(folder(name), { ...object, ...changes }, level)
    return folder(name)
  }

  it('is compared layer by layer and measure by measure', async () => {
    const [before, after] = [await study('before', 0.5), await study('after', 0.75)]
    const rows = await measuresOf(before, after)
    expect(rows['fc6, 125 px (71 %) similarity-mean center']).toMatchObject({
      metric: 'similarity-mean',
      count: 11,
      better: 'higher',
      isHeadline: false,
    })
    expect(rows['fc8, 125 px (71 %) similarity-mean center']).toMatchObject({ isHeadline: true, outcome: 'better' })
    expect(rows['fc6, 125 px (71 %) similarity-mean center']?.difference).toBeCloseTo(0.25, 6)
    expect(rows['fc8, 125 px (71 %) similarity-mean top-left']?.isHeadline).toBe(false)
    const { limits } = await compare(after, before, { maxWorse: { 'similarity-mean': 0.05, coverage: 1 } })
    const exceeded = limits.filter(({ outcome }) => outcome === 'failed')
    expect(exceeded).toHaveLength(10)
    expect(new Set(exceeded.map(({ measure }) => measure.split(') ')[1]?.split(' ')[0]))).toEqual(
      new Set(['similarity-mean']),
    )
  })

  it('fails by a limit of ten rows only if one of them would fail in ten tests, and by its own row in one', async () => {
    // The p value is about .03 in each row.
    for (const [i, object] of objects.entries()) {
      await storeUnit(folder('before'), object, 0.5)
      await storeUnit(folder('after'), object, i < 6 ? 0.43 : 0.52)
    }
    const outcomes = async (name: string) => {
      const { limits } = await compare(folder('before'), folder('after'), { maxWorse: { [name]: 0 } })
      return limits.map(({ outcome }) => outcome)
    }
    expect(await outcomes('fc6, 125 px (71 %) similarity-mean center')).toEqual(['failed'])
    expect(await outcomes('similarity-mean')).toEqual(Array(10).fill('undecided'))
  })

  it('of other settings is refused, with all of these settings', async () => {
    const [before, after] = [await study('before', 0.5), await study('after', 0.5, { blend: 'soft', stride: 25 })]
    expect(await messageOf(compare(before, after), UsageError)).toContain(
      'have other settings: frame 175 px and 150 px; stride 50 and 25; blend hard and soft; measure both in the same way',
    )
    const small = await study('small', 0.5, { size: 75 })
    expect(await messageOf(compare(before, small), UsageError)).toContain('sizes 125 and 75')
  })

  it('in frames of other sides is compared by the share of the frame', async () => {
    const before = await study('before', 0.5)
    // Both sizes are 71 % of their frames, which have 2×2 positions each.
    for (const { patch } of objects)
      await storeUnit(folder('after'), { patch, patchSha256: `of ${patch}`, size: 100, stride: 40 }, 0.75)
    const { networks, notes } = await compare(before, folder('after'))
    expect(networks).toMatchObject([{ pairs: 11, unpaired: { before: [], after: [] } }])
    expect(networks[0]?.measures.map(({ group }) => group)).toContain('fc6, 125 → 100 px')
    // Neighbours are one step apart, and the steps differ.
    expect(notes).toEqual([
      'alexnet (before) and alexnet (after) differ in frame 175 px and 140 px',
      'no pair has a value on both sides of "neighbour-consistency"',
    ])
    await storeUnit(folder('other'), { patch: 'dog', patchSha256: 'of dog', size: 100, stride: 30 })
    expect(await messageOf(compare(before, folder('other')), UsageError)).toContain('frame 175 px and 130 px')
    // As many positions need steps of the same share. Others are another grid.
    const { unit, maps } = madeUnit({ patch: 'dog', patchSha256: 'of dog', size: 100, stride: 20 })
    const finer = { ...unit, frame: 140, rows: 3, cols: 3 }
    const more = Float32Array.from({ length: (maps.length / 4) * 9 }, () => 0.5)
    await writeUnit(folder('finer'), finer, arraysOf(finer, more))
    expect(await messageOf(compare(before, folder('finer')), UsageError)).toContain('stride 50 and 20')
  })

  it('of other objects is refused, whatever their categories', async () => {
    await storeUnit(folder('before'), { patch: 'dog', patchSha256: '0', category: 'dog' })
    await storeUnit(folder('after'), { patch: 'cat', patchSha256: '1', category: 'cat' })
    expect(await messageOf(compare(folder('before'), folder('after')), UsageError)).toContain('share no object')
  })

  it('with a unit of another picture leaves it without a partner', async () => {
    const [before, after] = [await study('before', 0.5), await study('after', 0.5)]
    await storeUnit(after, { patch: 'car', patchSha256: 'other' })
    expect((await compare(before, after)).networks).toMatchObject([
      {
        pairs: 10,
        unpaired: {
          before: [{ name: 'car', sha256: '0', size: 125 }],
          after: [{ name: 'car', sha256: 'other', size: 125 }],
        },
      },
    ])
  })

  it('that is not finished is compared as far as it is', async () => {
    const [before, after] = [await study('before', 0.5), await study('after', 0.5)]
    await storeUnit(before, { patch: 'car', patchSha256: '0', size: 75 })
    const wanted = [...objects, { patch: 'cat', patchSha256: '' }]
    const patches = wanted.map((one) => ({ name: one.patch, size: 125, sha256: one.patchSha256, category: null }))
    const planned = [{ model: 'alexnet', size: 125, patches: wanted.map(({ patch }) => patch), inputs }]
    writeFileSync(`${after}/run.json`, JSON.stringify(runFile({ patches, planned })))
    const { networks, notes } = await compare(before, after)
    expect(networks).toMatchObject([{ pairs: 11, unpaired: { before: [{ name: 'car', size: 75 }], after: [] } }])
    expect(notes).toEqual([`the study in ${after} is not finished: it has 11 of 12 units`])
    const limited = compare(before, after, { maxWorse: { 'similarity-mean': 0.5 } })
    expect(await messageOf(limited, InputError)).toBe(
      `the study in ${after} is not finished: it has 11 of 12 units; wait until it is finished, or compare without limits`,
    )
  })

  it('without a layer of the other’s compares the layers with class scores', async () => {
    const answers = {
      center: { class: 1, probability: 0.5 },
      anchors: atAnchors({ class: 1, probability: 0.5 }),
      right: null,
      kept: 0.5,
      least: 0.1,
      names: { 1: 'car' },
    }
    const store = async (name: string, layer: string, known = {}, classOf = (_: number) => 1) => {
      for (const [i, object] of objects.entries()) {
        const { unit, maps } = madeUnit({ ...object, layers: [layer] }, 0.9, known)
        const maps3 = Float32Array.from({ length: 3 * unit.rows * unit.cols }, () => classOf(i))
        await writeUnit(folder(name), unit, {
          ...arraysOf(unit, maps),
          answers: ['answers' in known ? maps3 : undefined],
        })
      }
      return folder(name)
    }
    const [before, after] = [await store('before', 'fc8', { answers }), await store('after', 'output', { answers })]
    expect(Object.keys(await measuresOf(before, after))).toContain('fc8 → output, 125 px (71 %) answer-kept center')
    const { networks, limits } = await compare(before, after, { maxWorse: { 'answer-relative-agreement': 0.5 } })
    const constant = 'gives the same answer to 11 of 11 objects; its consistency says nothing'
    const where = 'In fc8 → output, 125 px (71 %):'
    expect(networks[0]?.constant).toEqual([
      `${where} alexnet (before) ${constant}`,
      `${where} alexnet (after) ${constant}`,
    ])
    expect(limits).toMatchObject([{ outcome: 'failed', reason: `alexnet (after) ${constant}` }])
    const varied = await store('varied', 'fc8', { answers }, (i) => i)
    expect((await compare(varied, varied)).networks[0]).toMatchObject({
      constant: [],
    })
    expect((await compare(varied, varied)).networks[0]?.measures[0]).toMatchObject({
      ...{ metric: 'answer-relative-agreement', isHeadline: true, outcome: 'unchanged', before: 1 },
    })
    const without = await store('without', 'pool')
    const others = await store('others', 'flat')
    expect(Object.keys(await measuresOf(without, others))).toContain(
      'pool → flat, 125 px (71 %) similarity-mean center',
    )
    expect(await messageOf(compare(before, without), UsageError)).toContain('the networks share no layer')
  })
})

describe('a folder of objects and photographs', () => {
  const write = async (name: string, level: number, values: MadeValues) => {
    for (let i = 0; i < 10; i++)
      await storeUnit(folder(name), { patch: `object-${i}`, patchSha256: String(i), model: 'net' }, level)
    return writeConsistencyFolder(folder(name), { net: values })
  }

  it('is compared on both, and each limit concerns what has its measure', async () => {
    const [before, after] = [await write('before', 0.75, LOW), await write('after', 0.5, HIGH)]
    const maxWorse = { 'similarity-mean': 0.3, 'diagonal change': 0.1 }
    const { networks, limits, notes } = await compare(before, after, { maxWorse })
    expect(networks).toMatchObject([
      { kind: 'objects', before: 'net', pairs: 10 },
      { kind: 'photographs', before: 'net', pairs: 12 },
    ])
    expect(new Set(limits.map(({ measure, outcome }) => `${measure.split(' ').at(-2)} ${outcome}`))).toEqual(
      new Set(['similarity-mean passed', 'diagonal failed']),
    )
    expect(notes).toEqual([])
  })

  it('is compared with one of photographs on these, with a note', async () => {
    const [before, after] = [await write('mixed', 0.5, LOW), (await both())[1]]
    const { networks, notes } = await compare(before, after)
    expect(networks).toMatchObject([{ kind: 'photographs', pairs: 12 }])
    expect(notes).toEqual([`only ${before} has objects of net`])
  })

  it('is needed if the other one has only objects or only photographs', async () => {
    await storeUnit(folder('objects'), { model: 'net' }, 0.5)
    const [before, after] = [folder('objects'), (await both())[1]]
    expect(await messageOf(compare(before, after), UsageError)).toBe(
      `${before} and ${after} have no results of one kind: only ${before} has objects of net; only ${after} has photographs of net; run the same command in both`,
    )
  })
})

describe('the command', () => {
  it.each([
    [0, []],
    [0, ['--max-worse', 'diagonal change=0.2']],
    [5, ['--max-worse', 'diagonal change=0.02']],
    [5, ['--max-worse', 'diagonal change=0']],
    [0, ['--max-worse', 'diagonal change=0.13']],
    [0, ['--max-worse', 'diagonal change=0.13', '--undecided', 'pass']],
    [5, ['--max-worse', 'diagonal change=0.13', '--undecided', 'fail']],
    [5, ['--equivalent', 'diagonal change=0.13', '--undecided', 'fail']],
    [5, ['--equivalent', 'diagonal change=0.02']],
    [5, ['--max-worse', 'diagonal change=0.2', '--max-worse', 'crop agreement=0.02', '--json']],
    [2, ['--max-worse', 'diagonal change']],
    [2, ['--max-worse', 'diagonal change=x']],
    [2, ['--max-worse', 'diagonal change=-0.1']],
    [2, ['--equivalent', 'diagonal change=0']],
    [2, ['--equivalent', 'diagonal change=-1']],
    [2, ['--undecided', 'warn']],
    [2, ['--max-worse', 'change=0.02']],
    [2, ['--json', '--markdown', '-']],
  ])('ends with status %d for %o', async (status, words) => {
    const printed = await runHere(['compare', ...(await both()), ...words])
    expect(printed.status).toBe(status)
    if (status !== 2) expect(printed.stdout).toContain('crop')
  })

  it('prints results before it fails, and writes Markdown and LaTeX', async () => {
    const [before, after] = await both()
    const limits = ['diagonal change=0.02', 'crop agreement=0.13'].flatMap((limit) => ['--max-worse', limit])
    const files = ['--markdown', folder('c.md'), '--latex', folder('c.tex')]
    const { stdout, stderr } = await runHere(['compare', before, after, ...limits, ...files])
    const shown = (text: string) =>
      text.replaceAll(folder(), 'FOLDER').replaceAll(folder().replaceAll('_', '\\_'), 'FOLDER')
    expect(shown(`${stdout}\n${stderr}`)).toMatchSnapshot()
    expect(shown(readFileSync(folder('c.md'), 'utf8'))).toMatchSnapshot()
    expect(shown(readFileSync(folder('c.tex'), 'utf8'))).toMatchSnapshot()
  })

  it('prints tables that fit 80 columns, also of all measures', async () => {
    const [before, after] = await both()
    const { stdout } = await runHere(['compare', before, after, '--all'])
    const rows = stdout.split('\n').filter((line) => /\d…−?\d|after +difference/.test(line))
    expect(rows.length).toBeGreaterThan(10)
    expect(rows.filter((line) => line.length > 80)).toEqual([])
  })

  it('writes annotations in a workflow of GitHub, also beside a document', async () => {
    const limits = ['diagonal change=0.02', 'crop agreement=0.13'].flatMap((limit) => ['--max-worse', limit])
    const sides = await both()
    vi.stubEnv('GITHUB_ACTIONS', 'true')
    const annotated = async (...words: readonly string[]) => {
      const { stdout, stderr } = await runHere(['compare', ...sides, ...limits, ...words])
      if (words.includes('--json')) expect(JSON.parse(stdout).limits).toHaveLength(2)
      return stderr.split('\n').filter((line) => line.startsWith('::'))
    }
    const [error, warning] = await annotated('--json')
    // GitHub wants % as %25.
    expect(error).toMatch(
      /^::error::compare: diagonal change: 0.133 worse \(90 %25 interval 0.108 to 0.164\), more than the limit 0.02$/,
    )
    expect(warning).toMatch(/^::warning::compare: crop agreement: .*12 photographs tell it to ± 0.028, /)
    expect(await annotated('--undecided', 'fail')).toEqual([error, warning?.replace('warning', 'error')])
    vi.unstubAllEnvs()
    const { stderr } = await runHere(['compare', ...sides, ...limits, '--undecided', 'fail'])
    expect(stderr).not.toContain('::')
    expect(stderr).toContain('2 of 2 limits failed or undecided: diagonal change: 0.133 worse')
  })

  it('names the network whose limit failed where there are several', async () => {
    const before = await writeConsistencyFolder(folder('before'), { a: LOW, b: LOW })
    const after = await writeConsistencyFolder(folder('after'), { a: LOW, b: HIGH })
    const { stderr } = await runHere(['compare', before, after, '--max-worse', 'diagonal change=0.02'])
    expect(stderr).toContain('1 of 2 limits failed: b, diagonal change: 0.133 worse')
  })

  it('names a photograph that one side skipped, and why', async () => {
    const { '3.jpg': _, ...fewer } = LOW
    const [before] = await both()
    const failed = { '3.jpg': 'it is not a picture' }
    const after = await writeConsistencyFolder(folder('skipped'), { net: fewer }, { failed })
    const { stdout } = await runHere(['compare', before, after])
    expect(stdout).toContain('11 pairs of photographs; only before: 3.jpg (skipped after: it is not a picture)')
  })

  it('writes nothing after an error', async () => {
    const [before] = await both()
    const { status } = await runHere(['compare', before, folder('none'), '--markdown', folder('c.md')])
    expect(status).toBe(3)
    expect(() => readFileSync(folder('c.md'))).toThrow('ENOENT')
  })
})
