import { appendFileSync, cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../../src/errors.js'
import { sha256 } from '../../../src/files/sha256.js'
import { type AnsweredNetwork, readAnsweredNetworks } from '../../../src/results/answers/read.js'
import { answersSchema, bucketOf } from '../../../src/results/answers/schema.js'
import { answersFolder, findAnswers, readAnswers } from '../../../src/results/answers/store.js'
import { constantSentences, constantText } from '../../../src/results/answers/variety.js'
import { messageOf } from '../../support/messageOf.js'
import { type MadePhotograph, madeInputs, storeAnswers } from '../../support/storedAnswers.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** The values of a measure by photograph. */
function valuesOf({ measures, photographs }: AnsweredNetwork, protocol: string, measure: string) {
  const at = measures.findIndex((one) => one.protocol === protocol && one.measure === measure)
  return Object.fromEntries(photographs.map(({ name, values }) => [name, values[at]]))
}

const meanOf = ({ measures }: AnsweredNetwork, protocol: string, measure: string) =>
  measures.find((one) => one.protocol === protocol && one.measure === measure)

async function readOne(results = inFolder()): Promise<AnsweredNetwork> {
  const [network] = await readAnsweredNetworks(results)
  return network as AnsweredNetwork
}

describe('stored answers', () => {
  it('are measured over all buckets, network by network', async () => {
    await storeAnswers(inFolder(), [{ name: 'a.png' }, { name: 'b.png', answers: [0, 1] }])
    await storeAnswers(inFolder(), [{ name: 'a.png' }], { model: 'Net' })
    const networks = await readAnsweredNetworks(inFolder())
    expect(networks.map(({ model }) => model)).toEqual(['Net', 'net'])
    const network = networks[1] as AnsweredNetwork
    expect(network).toMatchObject({ layer: 'fc', frame: 32, protocols: [{ name: 'diagonal' }], copies: [], failed: [] })
    expect(valuesOf(network, 'diagonal', 'change')).toEqual({ 'a.png': 0, 'b.png': 1 })
    expect(meanOf(network, 'diagonal', 'change')).toMatchObject({
      ...{ mean: 0.5, standardError: 0.5, count: 2 },
      confident: { mean: 0.5, standardError: 0.5, count: 2 },
    })
    expect(meanOf(network, 'diagonal', 'probability-change')).toMatchObject({ mean: 0.375 })
  })

  it('are read again frame by frame, with the names of classes', async () => {
    await storeAnswers(inFolder(), [{ name: 'a.png', answers: [0, 1] }, { name: 'b.png' }])
    const network = await readOne()
    const { answers, names } = (await network.answersTo('diagonal', sha256('a.png'))) ?? {}
    expect(answers?.map(({ answer }) => answer)).toEqual([0, 1, 0, 1, 0, 1])
    expect(answers?.[0]).toMatchObject({ index: 0, probability: 0.75, next: 0.375, isRight: undefined })
    expect(names).toEqual({ 0: 'ant', 1: 'bee' })
    expect(await network.answersTo('crop', sha256('a.png'))).toBeUndefined()
    expect(await network.answersTo('diagonal', sha256('c.png'))).toBeUndefined()
  })

  it('have a hash of their labels, which depends neither on their order nor on the names of photographs', async () => {
    const labelsOf = async (folder: string, ...photographs: readonly MadePhotograph[]) => {
      await storeAnswers(inFolder(folder), photographs)
      return (await readOne(inFolder(folder))).labelsSha256
    }
    const one = { name: 'a', content: 'A', label: 'ant', right: [0] }
    const other = { name: 'b', content: 'B', label: 'bee', right: [1] }
    const hash = await labelsOf('labelled', one, other, { name: 'c' })
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(await labelsOf('renamed', { ...other, name: 'a' }, { ...one, name: 'z' })).toBe(hash)
    expect(await labelsOf('changed', one, { ...other, label: 'ant' })).not.toBe(hash)
    expect(await labelsOf('fewer', one)).not.toBe(hash)
    expect(await labelsOf('none', { name: 'c' })).toBeUndefined()
  })

  it('say what is known of the network, unless an earlier version stored them', async () => {
    const facts = { classes: 2, classesSha256: sha256('ant bee'), parameters: 12 }
    await storeAnswers(inFolder(), [{ name: '0.png' }], {}, facts)
    await storeAnswers(inFolder(), [{ name: '0.png' }], { model: 'earlier' })
    const networks = await readAnsweredNetworks(inFolder())
    expect(networks.map(({ model, facts }) => [model, facts])).toEqual([
      ['earlier', undefined],
      ['net', facts],
    ])
  })

  it('to photographs of equal content count once, under the first name', async () => {
    const photographs = ['b', 'a', 'c'].map((name) => ({ name, content: name === 'c' ? 'c' : 'same' }))
    await storeAnswers(inFolder(), photographs)
    const network = await readOne()
    expect(network.photographs.map(({ name }) => name)).toEqual(['a', 'c'])
    expect(network.copies).toEqual(['b'])
  })

  it('under several names are those of one photograph, whose protocols are put together', async () => {
    await storeAnswers(inFolder(), [{ name: 'a', content: 'same' }], { protocol: 'crop' })
    await storeAnswers(inFolder(), [{ name: 'b', content: 'same', label: 'ant', right: [0], answers: [0, 1] }])
    const network = await readOne()
    expect(network.photographs).toMatchObject([{ name: 'a', label: 'ant' }])
    expect(valuesOf(network, 'crop', 'agreement')).toEqual({ a: 1 })
    expect(valuesOf(network, 'diagonal', 'change')).toEqual({ a: 1 })
    expect((await network.answersTo('diagonal', sha256('same')))?.answers.length).toBe(6)
  })

  it('without the column of answers, or with one twice, are no answers', async () => {
    await storeAnswers(inFolder(), [{ name: 'a' }])
    const folder = answersFolder(inFolder(), madeInputs({ bucket: bucketOf('a') }))
    const answers = await readAnswers(folder)
    for (const columns of [[], ['probability'], [...answers.columns, 'answer']])
      expect(answersSchema.safeParse({ ...answers, columns }).success).toBe(false)
    expect(answersSchema.safeParse(answers).success).toBe(true)
  })

  it('of a protocol that has not measured a photograph are NaN', async () => {
    await storeAnswers(inFolder(), [{ name: 'a' }, { name: 'b' }])
    await storeAnswers(inFolder(), [{ name: 'a' }], { protocol: 'crop' })
    const network = await readOne()
    expect(network.protocols).toEqual([{ name: 'crop', draws: 2, seed: 0 }, { name: 'diagonal' }])
    expect(valuesOf(network, 'crop', 'agreement')).toEqual({ a: 1, b: Number.NaN })
    expect(meanOf(network, 'crop', 'agreement')?.count).toBe(1)
  })

  it('with a label are measured as right or wrong, even if its probability was not stored', async () => {
    const label = { label: 'ant', right: [0] }
    await storeAnswers(inFolder(), [
      { name: 'a', ...label, rightProbability: 0.5 },
      { name: 'relabelled', ...label, answers: [0, 1] },
      { name: 'unlabelled' },
    ])
    const network = await readOne()
    const [nan, half] = [Number.NaN, 0.5]
    expect(valuesOf(network, 'diagonal', 'mean-accuracy')).toEqual({ a: 1, relabelled: half, unlabelled: nan })
    expect(valuesOf(network, 'diagonal', 'worst-case-accuracy')).toEqual({ a: 1, relabelled: 0, unlabelled: nan })
    expect(valuesOf(network, 'diagonal', 'right-probability')).toEqual({ a: half, relabelled: nan, unlabelled: nan })
    expect(network.photographs.map(({ label }) => label)).toEqual(['ant', 'ant', undefined])
  })

  it('of a changed file are those of its content now, besides those of protocols that measured it before', async () => {
    await storeAnswers(inFolder(), [{ name: 'a', content: 'old' }], { protocol: 'crop' })
    await storeAnswers(inFolder(), [{ name: 'a', content: 'new' }])
    const network = await readOne()
    const found = network.photographs.map(({ name, sha256, values }) => [
      name,
      sha256,
      values.filter(Number.isFinite).length,
    ])
    expect(found).toEqual([
      ['a', sha256('old'), 3],
      ['a', sha256('new'), 4],
    ])
  })
})

describe('agreement relative to chance', () => {
  const PHOTOGRAPHS = [
    { name: 'a', answers: [0, 0, 0, 0, 0, 0] },
    { name: 'b', answers: [1, 1, 1, 1, 1, 1] },
    { name: 'c', answers: [0, 1, 1, 1, 1, 1] },
    { name: 'd', answers: [2, 2, 2, 2, 2, 2], probability: 0.25 },
  ]

  it('comes from the answers of all buckets, also of a folder that was stored before', async () => {
    await storeAnswers(inFolder(), PHOTOGRAPHS)
    const network = await readOne()
    // Of the six pairs, a and c agree in 1 of 6 frames, and b and c in 5.
    const chance = 1 / 6
    expect(meanOf(network, 'diagonal', 'chance')?.mean).toBeCloseTo(chance, 12)
    const agreement = 1 - 0.2 / 4
    const relative = meanOf(network, 'diagonal', 'relative-agreement')
    expect(relative?.mean).toBeCloseTo((agreement - chance) / (1 - chance), 12)
    // Confident photographs are compared among themselves.
    expect(relative?.confident.mean).toBeCloseTo((1 - 0.2 / 3 - 1 / 3) / (1 - 1 / 3), 12)
    expect(network.measures[0]).toMatchObject({ protocol: 'diagonal', measure: 'relative-agreement' })
    expect(network.varieties).toEqual([
      {
        protocol: 'diagonal',
        pictures: 4,
        distinct: 3,
        effective: 1 / (0.25 + 2 / 16),
        confidence: 0.625,
        most: 1,
        isConstant: false,
      },
    ])
  })

  it('is computed again for some photographs', async () => {
    await storeAnswers(inFolder(), PHOTOGRAPHS)
    const { chanceOn } = await readOne()
    const some = new Set(['a', 'd'].map((name) => sha256(name)))
    expect([...(chanceOn({ protocol: 'diagonal', measure: 'chance' }, some) ?? [])]).toEqual(
      ['a', 'd'].map((name) => [sha256(name), 0]),
    )
    expect(chanceOn({ protocol: 'diagonal', measure: 'change' }, some)).toBeUndefined()
  })

  it('has no value for a constant network, which is named', async () => {
    await storeAnswers(
      inFolder(),
      PHOTOGRAPHS.map(({ name }) => ({ name })),
    )
    const network = await readOne()
    expect(meanOf(network, 'diagonal', 'relative-agreement')).toMatchObject({ mean: null, count: 0 })
    expect(meanOf(network, 'diagonal', 'chance')?.mean).toBe(1)
    const text = 'gives the same answer to 4 of 4 photographs; its consistency says nothing'
    expect(constantText(network, 'diagonal')).toBe(text)
    expect(constantText(network, 'crop')).toBeUndefined()
    expect(constantSentences([network])).toEqual([`In diagonal: net ${text}.`])
  })
})

describe('reading stops', () => {
  const folderOf = (name: string, changes = {}) =>
    answersFolder(inFolder(), { ...madeInputs(changes), bucket: bucketOf(name) })

  it('at a damaged array, and at a damaged description', async () => {
    await storeAnswers(inFolder(), [{ name: 'a' }])
    const array = join(folderOf('a'), 'answers.npy')
    appendFileSync(array, 'x')
    expect(await messageOf(readAnsweredNetworks(inFolder()), InputError)).toContain(`${array} is damaged`)
    const inputs = { ...madeInputs(), bucket: bucketOf('a') }
    expect(await findAnswers(inFolder(), inputs, true)).toEqual({ state: 'missing' })
    expect(await findAnswers(inFolder(), inputs, false)).toMatchObject({ state: 'found' })
    const document = join(folderOf('a'), 'answers.json')
    writeFileSync(document, '{}')
    expect(await messageOf(readAnsweredNetworks(inFolder()), InputError)).toContain(document)
  })

  it('at an array of other values', async () => {
    await storeAnswers(inFolder(), [{ name: 'a' }])
    await storeAnswers(inFolder('other'), [{ name: 'a', answers: [1] }])
    const array = join('answers', 'net', 'diagonal', bucketOf('a'), 'answers.npy')
    cpSync(inFolder('other', array), inFolder(array))
    expect(await messageOf(readAnsweredNetworks(inFolder()), InputError)).toContain('is damaged')
  })

  it('at a folder with another name', async () => {
    await storeAnswers(inFolder(), [{ name: 'a' }])
    const [right, wrong] = [folderOf('a'), inFolder('answers', 'copy', 'diagonal', bucketOf('a'))]
    mkdirSync(dirname(wrong), { recursive: true })
    renameSync(right, wrong)
    expect(await messageOf(readAnsweredNetworks(inFolder()), InputError)).toBe(
      `${wrong} contains results that belong in ${right}; rename the folder to that, or remove it`,
    )
  })

  it('at a bucket with other settings, and at a protocol with another network', async () => {
    const [first = '', second = ''] = ['a', 'b'].sort((a, b) => (bucketOf(a) < bucketOf(b) ? -1 : 1))
    await storeAnswers(inFolder(), [{ name: first }], { protocol: 'crop' })
    await storeAnswers(inFolder(), [{ name: second }], { protocol: 'crop', draws: 3 })
    expect(await messageOf(readAnsweredNetworks(inFolder()), InputError)).toContain('draws 3 instead of 2')
    rmSync(folderOf(second, { protocol: 'crop' }), { recursive: true })
    await storeAnswers(inFolder(), [{ name: first }], { weightsSha256: sha256('others') })
    expect(await messageOf(readAnsweredNetworks(inFolder()), InputError)).toContain('another checkpoint')
  })
})
