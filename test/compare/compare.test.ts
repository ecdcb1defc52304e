import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
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

const LOW = madeChanges([0.1, 0.2, 0.1, 0.2, 0.1, 0.2])
const HIGH = madeChanges([0.2, 0.3, 0.3, 0.3, 0.2, 0.4])

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
    const { 'diagonal change': change, 'crop agreement': agreement, ...others } = await measuresOf(before, after)
    expect(change).toMatchObject({ count: 6, leftOut: 0, better: 'lower', outcome: 'worse' })
    expect(change?.difference).toBeCloseTo(0.8 / 6, 12)
    expect(change?.signTest).toEqual({ higher: 6, lower: 0, equal: 0, p: expect.closeTo(2 / 64, 12) })
    expect(agreement).toMatchObject({ better: 'higher', outcome: 'worse' })
    expect(others['diagonal confidence']).toMatchObject({ better: 'neither', outcome: 'neither', isHeadline: false })
    const back = await measuresOf(after, before)
    expect(back['diagonal change']?.outcome).toBe('better')
  })

  it('are neither better nor worse without a difference, and where they are few', async () => {
    const [before] = await both()
    expect((await measuresOf(before, before))['diagonal change']).toMatchObject({
      interval: [0, 0],
      outcome: 'neither',
    })
    const [few, more] = await both(madeChanges([0.1, 0.1, 0.1, 0.1]), madeChanges([0.2, 0.3, 0.2, 0.3]))
    expect((await measuresOf(few, more))['diagonal change']).toMatchObject({ count: 4, outcome: 'neither' })
    const [one, other] = await both(madeChanges([0.1]), madeChanges([0.2]))
    expect((await measuresOf(one, other))['diagonal change']?.standardError).toBeNull()
  })

  it('have no difference where only rounding is left of it', async () => {
    // In floating point, these differences add up to −1.1e−16.
    const [before, after] = await both(madeChanges([0.1, 0.2, 0.3, 0, 0]), madeChanges([0, 0, 0, 0.3, 0.3]))
    expect((await measuresOf(before, after))['diagonal change']?.difference).toBe(0)
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
      { kind: 'photographs', pairs: 6, unpaired: { before: [], after: [{ name: '0.jpg', sha256: sha256('other') }] } },
    ])
    const change = networks[0]?.measures.find(({ name }) => name === 'diagonal change')
    // 0.jpg became 1.jpg, and 1.jpg became moved.jpg.
    expect(change?.difference).toBeCloseTo((0.2 - 0.1 + (0.5 - 0.2)) / 6, 12)
  })

  it('without a value are left out of this measure only', async () => {
    const { '2.jpg': _, ...fewer } = LOW
    const [, after] = await both()
    const before = await writeConsistencyFolder(folder('fewer'), { net: LOW }, { protocols: ['crop'] })
    await writeConsistencyFolder(before, { net: fewer }, { protocols: ['diagonal'] })
    const { 'diagonal change': change, 'crop agreement': agreement } = await measuresOf(before, after)
    expect([change?.count, change?.leftOut, agreement?.count, agreement?.leftOut]).toEqual([5, 1, 6, 0])
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
      /^net before and net after differ in .*labels none and [0-9a-f]{8}$/,
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
      'net before and other after differ in weights, layer fc and logits, frame 140 px and 192 px, precision fp32 and fp16',
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
  const limitsOf = async (maxWorse: CompareOptions['maxWorse']) => {
    const { limits } = await compare(...(await both()), { maxWorse: maxWorse ?? {} })
    return limits.map(({ measure, isExceeded }) => [measure, isExceeded])
  }

  it('is exceeded by more than itself', async () => {
    expect(await limitsOf({ 'diagonal change': 0.13 })).toEqual([['diagonal change', true]])
    expect(await limitsOf({ 'diagonal change': 0.8 / 6, 'crop agreement': 0 })).toEqual([
      ['diagonal change', false],
      ['crop agreement', true],
    ])
    expect(await limitsOf({ 'confident, diagonal change': 0.2 })).toEqual([['confident, diagonal change', false]])
  })

  it.each([
    [
      { 'diagonal chang': 0.1 },
      '`maxWorse diagonal chang` names no measure; the most similar ones are diagonal change; ',
    ],
    [{ 'diagonal confidence': 0.1 }, 'diagonal confidence cannot become worse, because neither higher nor lower'],
    [{ 'diagonal change': -0.1 }, '`maxWorse diagonal change=-0.1` is below 0'],
  ])('%o is refused', async (maxWorse, message) => {
    expect(await messageOf(compare(...(await both()), { maxWorse }), UsageError)).toContain(message)
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
  const objects = ['car', 'dog', 'zebra', 'bird', 'boat'].map((patch, i) => ({ patch, patchSha256: String(i) }))
  const study = async (name: string, level: number, changes = {}) => {
    for (const object of objects) await storeUnit(folder(name), { ...object, ...changes }, level)
    return folder(name)
  }

  it('is compared layer by layer and measure by measure', async () => {
    const [before, after] = [await study('before', 0.5), await study('after', 0.75)]
    const rows = await measuresOf(before, after)
    expect(rows['fc6, 125 px (71 %) similarity-mean center']).toMatchObject({
      metric: 'similarity-mean',
      count: 5,
      better: 'higher',
      outcome: 'better',
      isHeadline: true,
    })
    expect(rows['fc6, 125 px (71 %) similarity-mean center']?.difference).toBeCloseTo(0.25, 6)
    expect(rows['fc8, 125 px (71 %) similarity-mean top-left']?.isHeadline).toBe(false)
    const { limits } = await compare(after, before, { maxWorse: { 'similarity-mean': 0.2, coverage: 1 } })
    const exceeded = limits.filter(({ isExceeded }) => isExceeded)
    expect(exceeded).toHaveLength(10)
    expect(new Set(exceeded.map(({ measure }) => measure.split(') ')[1]?.split(' ')[0]))).toEqual(
      new Set(['similarity-mean']),
    )
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
    expect(networks).toMatchObject([{ pairs: 5, unpaired: { before: [], after: [] } }])
    expect(networks[0]?.measures.map(({ group }) => group)).toContain('fc6, 125 → 100 px')
    // Neighbours are one step apart, and the steps differ.
    expect(notes).toEqual([
      'alexnet before and alexnet after differ in frame 175 px and 140 px',
      'no pair has a value on both sides of "neighbour-consistency"',
    ])
    await storeUnit(folder('other'), { patch: 'dog', patchSha256: 'of dog', size: 100, stride: 30 })
    expect(await messageOf(compare(before, folder('other')), UsageError)).toContain('frame 175 px and 130 px')
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
        pairs: 4,
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
    const wanted = [...objects, { patch: 'clock', patchSha256: '' }]
    const patches = wanted.map((one) => ({ name: one.patch, size: 125, sha256: one.patchSha256, category: null }))
    const planned = [{ model: 'alexnet', size: 125, patches: wanted.map(({ patch }) => patch), inputs }]
    writeFileSync(`${after}/run.json`, JSON.stringify(runFile({ patches, planned })))
    const { networks, notes } = await compare(before, after)
    expect(networks).toMatchObject([{ pairs: 5, unpaired: { before: [{ name: 'car', size: 75 }], after: [] } }])
    expect(notes).toEqual([`the study in ${after} is not finished: it has 5 of 6 units`])
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
    const store = async (name: string, layer: string, known = {}) => {
      for (const object of objects) {
        const { unit, maps } = madeUnit({ ...object, layers: [layer] }, 0.9, known)
        const maps3 = Float32Array.from({ length: 3 * unit.rows * unit.cols }, () => 0.5)
        await writeUnit(folder(name), unit, {
          ...arraysOf(unit, maps),
          answers: ['answers' in known ? maps3 : undefined],
        })
      }
      return folder(name)
    }
    const [before, after] = [await store('before', 'fc8', { answers }), await store('after', 'output', { answers })]
    expect(Object.keys(await measuresOf(before, after))).toContain('fc8 → output, 125 px (71 %) answer-kept center')
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
    for (const [i, patch] of ['car', 'dog', 'zebra', 'bird', 'boat'].entries())
      await storeUnit(folder(name), { patch, patchSha256: String(i), model: 'net' }, level)
    return writeConsistencyFolder(folder(name), { net: values })
  }

  it('is compared on both, and each limit concerns what has its measure', async () => {
    const [before, after] = [await write('before', 0.75, LOW), await write('after', 0.5, HIGH)]
    const maxWorse = { 'similarity-mean': 0.3, 'diagonal change': 0.1 }
    const { networks, limits, notes } = await compare(before, after, { maxWorse })
    expect(networks).toMatchObject([
      { kind: 'objects', before: 'net', pairs: 5 },
      { kind: 'photographs', before: 'net', pairs: 6 },
    ])
    expect(new Set(limits.map(({ measure, isExceeded }) => `${measure.split(' ').at(-2)} ${isExceeded}`))).toEqual(
      new Set(['similarity-mean false', 'diagonal true']),
    )
    expect(notes).toEqual([])
  })

  it('is compared with one of photographs on these, with a note', async () => {
    const [before, after] = [await write('mixed', 0.5, LOW), (await both())[1]]
    const { networks, notes } = await compare(before, after)
    expect(networks).toMatchObject([{ kind: 'photographs', pairs: 6 }])
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
    [5, ['--max-worse', 'diagonal change=0.2', '--max-worse', 'crop agreement=0.02', '--json']],
    [2, ['--max-worse', 'diagonal change']],
    [2, ['--max-worse', 'diagonal change=x']],
    [2, ['--max-worse', 'change=0.02']],
    [2, ['--json', '--markdown', '-']],
  ])('ends with status %d for %o', async (status, words) => {
    const printed = await runHere(['compare', ...(await both()), ...words])
    expect(printed.status).toBe(status)
    if (status !== 2) expect(printed.stdout).toContain('crop')
  })

  it('prints results before it fails, and writes Markdown', async () => {
    const [before, after] = await both()
    const words = ['compare', before, after, '--max-worse', 'diagonal change=0.02', '--markdown', folder('c.md')]
    const { stdout, stderr } = await runHere(words)
    expect(`${stdout}\n${stderr}`.replaceAll(folder(), 'FOLDER')).toMatchSnapshot()
    expect(readFileSync(folder('c.md'), 'utf8')).toMatchSnapshot()
  })

  it('names the network whose limit is exceeded where there are several', async () => {
    const before = await writeConsistencyFolder(folder('before'), { a: LOW, b: LOW })
    const after = await writeConsistencyFolder(folder('after'), { a: LOW, b: HIGH })
    const { stderr } = await runHere(['compare', before, after, '--max-worse', 'diagonal change=0.02'])
    expect(stderr).toContain('the limit: b, diagonal change by 0.1333 (limit 0.02)')
  })

  it('writes nothing after an error', async () => {
    const [before] = await both()
    const { status } = await runHere(['compare', before, folder('none'), '--markdown', folder('c.md')])
    expect(status).toBe(3)
    expect(() => readFileSync(folder('c.md'))).toThrow('ENOENT')
  })
})
