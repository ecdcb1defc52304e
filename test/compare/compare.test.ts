import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type CompareOptions, compare } from '../../src/compare/compare.js'
import type { ComparedMeasure } from '../../src/compare/result.js'
import { InputError, UsageError } from '../../src/errors.js'
import { writeUnit } from '../../src/results/unit/store.js'
import { type MadeValues, writeConsistencyFolder } from '../support/consistencyFolder.js'
import { runHere } from '../support/inProcess.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { arraysOf, atAnchors, inputs, madeUnit, storeUnit } from '../support/unit.js'

const folder = temporaryFolder()

/** Values of photographs 0.jpg, 1.jpg, …; the answers to the first ones are confident. */
function made(changes: readonly number[], confident = changes.length): MadeValues {
  const values = changes.map((change, i) => {
    const confidence = i < confident ? 0.5 : 0.49
    return [`${i}.jpg`, [1 - change, confidence, change, confidence]] as const
  })
  return Object.fromEntries(values)
}

const LOW = made([0.1, 0.2, 0.1, 0.2, 0.1, 0.2])
const HIGH = made([0.2, 0.3, 0.3, 0.3, 0.2, 0.4])

function both(before: MadeValues = LOW, after: MadeValues = HIGH): readonly [string, string] {
  return [
    writeConsistencyFolder(folder('before'), { net: before }),
    writeConsistencyFolder(folder('after'), { net: after }),
  ]
}

/** Compares single networks. */
async function measuresOf(before: string, after: string): Promise<Readonly<Record<string, ComparedMeasure>>> {
  const { networks } = await compare(before, after)
  expect(networks).toHaveLength(1)
  return Object.fromEntries((networks[0]?.measures ?? []).map((row) => [row.name, row]))
}

describe('photographs', () => {
  it('are compared in the measure’s own direction', async () => {
    const [before, after] = both()
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
    const [before] = both()
    expect((await measuresOf(before, before))['diagonal change']).toMatchObject({
      interval: [0, 0],
      outcome: 'neither',
    })
    const [few, more] = both(made([0.1, 0.1, 0.1, 0.1]), made([0.2, 0.3, 0.2, 0.3]))
    expect((await measuresOf(few, more))['diagonal change']).toMatchObject({ count: 4, outcome: 'neither' })
    const [one, other] = both(made([0.1]), made([0.2]))
    expect((await measuresOf(one, other))['diagonal change']?.standardError).toBeNull()
  })

  it('have no difference where only rounding is left of it', async () => {
    // In floating point, these differences add up to −1.1e−16.
    const [before, after] = both(made([0.1, 0.2, 0.3, 0, 0]), made([0, 0, 0, 0.3, 0.3]))
    expect((await measuresOf(before, after))['diagonal change']?.difference).toBe(0)
  })

  it('are confident if they are so on both sides', async () => {
    const [before, after] = both(made([0.1, 0.2, 0.3, 0.4], 3), made([0, 0, 0, 0], 2))
    const { 'confident, diagonal change': confident, ...others } = await measuresOf(before, after)
    expect(confident).toMatchObject({ count: 2, before: 0.15000000000000002, after: 0 })
    expect(Object.keys(others)).not.toContain('confident, diagonal confidence')
  })

  it('are paired by content, and by name where several have equal content', async () => {
    const [before, after] = both(
      { 'a.jpg': [1, 1, 0.1, 1], 'b.jpg': [1, 1, 0.2, 1], 'c.jpg': [1, 1, 0.3, 1] },
      { 'c.jpg': [1, 1, 0.3, 1], 'b.jpg': [1, 1, 0.2, 1], 'd.jpg': [1, 1, 0.4, 1] },
    )
    const table = `${after}/networks/net/photographs.csv`
    const hashes = readFileSync(`${before}/networks/net/photographs.csv`, 'utf8').match(/[0-9a-f]{64}/g) ?? []
    const [a = '', b = ''] = hashes
    // b.jpg has the content of a.jpg in both folders, and c.jpg was renamed to moved.jpg.
    for (const path of [`${before}/networks/net/photographs.csv`, table])
      writeFileSync(
        path,
        readFileSync(path, 'utf8')
          .replace(b, a)
          .replace(/^c\.jpg/m, 'moved.jpg'),
      )
    const { networks } = await compare(before, after)
    expect(networks[0]).toMatchObject({
      pairs: 2,
      unpaired: { before: [{ name: 'a.jpg', sha256: a }], after: [{ name: 'd.jpg' }] },
    })
    expect(networks[0]?.measures.find(({ name }) => name === 'diagonal change')?.difference).toBe(0)
  })

  it('without a value are left out of this measure only', async () => {
    const lacking = { ...LOW, '2.jpg': [1, 1, Number.NaN, 1] }
    const [before, after] = both(lacking)
    const { 'diagonal change': change, 'crop agreement': agreement } = await measuresOf(before, after)
    expect([change?.count, change?.leftOut, agreement?.count, agreement?.leftOut]).toEqual([5, 1, 6, 0])
  })

  it('without any value of a measure are noted, and this measure has no limit', async () => {
    const [before, after] = both(Object.fromEntries(Object.keys(LOW).map((name) => [name, [1, 1, Number.NaN, 1]])))
    expect((await compare(before, after)).notes).toContain(
      'no pair has a value on both sides of "diagonal change", "confident, diagonal"',
    )
    expect(await messageOf(compare(before, after, { maxWorse: { 'diagonal change': 1 } }), UsageError)).toBe(
      'no pair has a value of diagonal change on both sides; measure it in both (accuracy needs labels), or remove the limit',
    )
  })

  it('of other settings are refused, with all of these settings', async () => {
    const [before] = both()
    const settings = { protocols: ['crop'], draws: 6, seed: 1, background: '#ffffff' }
    const after = writeConsistencyFolder(folder('other'), { net: HIGH }, settings)
    expect(await messageOf(compare(before, after), UsageError)).toBe(
      `${before} and ${after} have other settings: protocols crop,diagonal and crop; draws 5 and 6; seed 0 and 1; background #000000 and #ffffff; measure both in the same way`,
    )
  })

  it('of other labels are refused, whatever the name of the file', async () => {
    const [before] = both()
    const protocols = ['center', 'crop', 'diagonal']
    const [own = '', renamed = '', corrected = ''] = [
      ['labels.csv', 'dog'],
      ['b/others.csv', 'dog'],
      ['labels.csv', 'cat'],
    ].map(([labels, label = ''], i) =>
      writeConsistencyFolder(folder(`labels-${i}`), { net: HIGH }, { labels, protocols }, {}, { '0.jpg': label }),
    )
    expect((await compare(own, renamed)).networks).toHaveLength(1)
    expect((await compare(before, own)).networks).toHaveLength(1)
    expect(await messageOf(compare(own, corrected), UsageError)).toBe(
      `${own} and ${corrected} have other settings: label dog and cat; measure both in the same way`,
    )
  })

  it('of other settings are refused with at most eight of these settings', async () => {
    const many = made(Array.from({ length: 10 }, () => 0.1))
    const [before, after] = ['dog', 'cat'].map((word) => {
      const labels = Object.fromEntries(Object.keys(many).map((name, i) => [name, `${word} ${i}`]))
      return writeConsistencyFolder(folder(word), { net: many }, {}, {}, labels)
    }) as [string, string]
    expect(await messageOf(compare(before, after), UsageError)).toMatch(/; label dog 7 and cat 7; 2 more; measure both/)
  })

  it('of networks that differ are compared, with a note', async () => {
    const [before] = both()
    const facts = { frame: 192, layer: 'logits', precision: 'fp16' }
    const after = writeConsistencyFolder(folder('other'), { other: HIGH }, {}, facts)
    expect((await compare(before, after)).notes).toEqual([
      'net before and other after differ in weights, layer fc and logits, frame 224 px and 192 px, precision fp32 and fp16',
    ])
  })

  it('of other content are refused, whatever their labels', async () => {
    const [before, after] = ['dog', 'cat'].map((label) => {
      const name = `${label}.jpg`
      return writeConsistencyFolder(folder(label), { net: { [name]: [1, 1, 1, 1] } }, {}, {}, { [name]: label })
    }) as [string, string]
    expect(await messageOf(compare(before, after), UsageError)).toContain('share no photograph')
  })
})

describe('networks', () => {
  it('of equal names are compared, and the others are noted', async () => {
    const before = writeConsistencyFolder(folder('before'), { a: LOW, b: HIGH, c: LOW })
    const after = writeConsistencyFolder(folder('after'), { b: LOW, a: HIGH })
    const { networks, notes } = await compare(before, after)
    expect(networks.map(({ before, after }) => [before, after])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ])
    expect(notes).toEqual([`only ${before} has "c"`])
  })

  it('are chosen after a #, which a folder’s name may contain', async () => {
    const path = writeConsistencyFolder(folder('run#1'), { a: LOW, b: HIGH })
    expect((await compare(`${path}#a`, `${path}#b`)).networks).toMatchObject([{ before: 'a', after: 'b' }])
    expect((await compare(path, path)).networks).toHaveLength(2)
    expect(await messageOf(compare(`${path}#c`, path), UsageError)).toBe(
      `${path} has no network "c"; its networks are "a", "b"`,
    )
    const other = writeConsistencyFolder(folder('other'), { c: LOW })
    expect(await messageOf(compare(path, other), UsageError)).toBe(
      `the folders share no network: ${path} has "a", "b", and ${other} has "c"; choose one of each as FOLDER#NETWORK`,
    )
  })
})

describe('a limit', () => {
  const limitsOf = async (maxWorse: CompareOptions['maxWorse']) => {
    const { limits } = await compare(...both(), { maxWorse: maxWorse ?? {} })
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
    expect(await messageOf(compare(...both(), { maxWorse }), UsageError)).toContain(message)
  })
})

describe('a folder', () => {
  it.each([
    ['of an older version', 'consistency.json', '{"model": "net", "measures": []}'],
    ['that is cut off', 'consistency.json', '{"shiftscope": "0.1.0", "netw'],
    ['without a table', 'networks/net/photographs.csv', ''],
    ['with other columns', 'networks/net/photographs.csv', 'photograph,sha256\n'],
    [
      'with a number that is none',
      'networks/net/photographs.csv',
      (text: string) => text.replace(/[\d.]+\n/, 'Infinity\n'),
    ],
    ['with a hash that is none', 'networks/net/photographs.csv', (text: string) => text.replace(/[0-9a-f]{64}/, 'x')],
    ['with a photograph less', 'networks/net/photographs.csv', (text: string) => text.replace(/\n[^\n]*\n$/, '\n')],
  ])('%s is refused', async (_, file, content) => {
    const [before, after] = both()
    const path = `${after}/${file}`
    writeFileSync(path, typeof content === 'string' ? content : content(readFileSync(path, 'utf8')))
    expect(await messageOf(compare(before, after), InputError)).toContain(file)
  })

  it('without results is refused', async () => {
    const [before] = both()
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
    expect(await messageOf(compare(before, writeConsistencyFolder(folder('x'), { net: LOW })), UsageError)).toContain(
      'has results of reproduce, and',
    )
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
    writeFileSync(`${after}/run.json`, JSON.stringify({ patches, planned }))
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
    expect(await messageOf(compare(before, without), UsageError)).toContain('the networks share no layer')
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
    const printed = await runHere(['compare', ...both(), ...words])
    expect(printed.status).toBe(status)
    if (status !== 2) expect(printed.stdout).toContain('crop')
  })

  it('prints results before it fails, and writes Markdown', async () => {
    const [before, after] = both()
    const words = ['compare', before, after, '--max-worse', 'diagonal change=0.02', '--markdown', folder('c.md')]
    const { stdout, stderr } = await runHere(words)
    expect(`${stdout}\n${stderr}`.replaceAll(folder(), 'FOLDER')).toMatchSnapshot()
    expect(readFileSync(folder('c.md'), 'utf8')).toMatchSnapshot()
  })

  it('names the network whose limit is exceeded where there are several', async () => {
    const before = writeConsistencyFolder(folder('before'), { a: LOW, b: LOW })
    const after = writeConsistencyFolder(folder('after'), { a: LOW, b: HIGH })
    const { stderr } = await runHere(['compare', before, after, '--max-worse', 'diagonal change=0.02'])
    expect(stderr).toContain('the limit: b, diagonal change by 0.1333 (limit 0.02)')
  })

  it('writes nothing after an error', async () => {
    const [before] = both()
    const { status } = await runHere(['compare', before, folder('none'), '--markdown', folder('c.md')])
    expect(status).toBe(3)
    expect(() => readFileSync(folder('c.md'))).toThrow('ENOENT')
  })
})
