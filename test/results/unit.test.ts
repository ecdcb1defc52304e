import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { fileName } from '../../src/files/fileName.js'
import { readNpy } from '../../src/files/npy.js'
import { sha256, sha256OfFile } from '../../src/files/sha256.js'
import { openUnit, unitWithArrays } from '../../src/results/store/openUnit.js'
import { findUnit, isUnitThere, unitFolder, unitVersion, writeUnit } from '../../src/results/store/units.js'
import { unitArrays } from '../../src/results/unit/arrays.js'
import { type Unit, type UnitInputs, unitSchema } from '../../src/results/unit/schema.js'
import { leftOut } from '../support/leftOut.js'
import { randomCases } from '../support/randomCases.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { arraysOf, atAnchors, inputs, madeUnit, storeUnit } from '../support/unit.js'

const inFolder = temporaryFolder()
/** Where the unit of `inputs` lies. */
const inUnit = (...way: readonly string[]) => join(unitFolder(inFolder(), inputs), ...way)
const stateOf = async (wanted: UnitInputs = inputs) => (await findUnit(inFolder(), wanted)).state

const READOUT = { samples: 800, seed: 0 }
const SEPARABILITY = { loss: 'hinge', C: 1, seed: 0, cv: ['ordered', 'shuffled'] } satisfies UnitInputs['separability']

/** A stored unit with every array that a unit may have. */
async function storeWhole() {
  const { unit, maps } = madeUnit({ keepsFeatures: true, sketches: true, separability: SEPARABILITY })
  const numbers = (length: number) => Float32Array.from({ length }, (_, i) => i / 7)
  const center = { class: 1, probability: 0.5 }
  const answers = { center, anchors: atAnchors(center), right: null, kept: 0.5, least: 0.25, names: { 12: 'dog' } }
  const layers = unit.layers.map((layer) => (layer.name === 'fc8' ? { ...layer, sketch: 3, answers } : layer))
  const arrays = {
    ...arraysOf(unit, maps, 0.5),
    // Shared memory, as workers fill it, which a larger buffer holds.
    features: layers.map(({ dims }) => {
      const shared = new Float32Array(new SharedArrayBuffer((4 * dims + 1) * 4)).map((_, i) => i)
      return shared.subarray(0, 4 * dims)
    }),
    sketch: [undefined, numbers(12)],
    answers: [undefined, numbers(12)],
  }
  return { written: await writeUnit(inFolder(), { ...unit, layers }, arrays), arrays }
}

const KINDS = 'anchors-fc6 anchors-fc8 answers-fc8 features-fc6 features-fc8 similarity sketch-fc8'
const ARRAYS = KINDS.split(' ').map((name) => `${name}.npy`)

/** Names as files, manifests and networks may carry them, the worst among them. */
const names = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }),
  fc.constantFrom(
    ...['..', '.', 'a/b', '../../etc', 'a\\b', '"', 'CON', 'nul.txt', 'a.', 'a ', '%', '\0', '\ud800', '日本'],
  ),
  fc
    .array(fc.constantFrom('.', '/', '\\', '%', '2', 'E', ' ', 'a', '\ud83d', '\ude00'), { minLength: 1 })
    .map((parts) => parts.join('')),
)

describe('names of files and folders', () => {
  it('stay one part of a path that every file system takes, and are distinct where the names are', () => {
    fc.assert(
      fc.property(names, names, (name, other) => {
        const made = fileName(name)
        expect(made).not.toMatch(/[/\\:*?"<>|\p{Cc}\p{Cs}]|^$|^\.|[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/iu)
        expect(Buffer.byteLength(made)).toBeLessThanOrEqual(200)
        expect(made === fileName(other)).toBe(name === other)
        const way = relative(inFolder(), unitFolder(inFolder(), { model: name, size: 75, patch: other }))
        expect(way.split(sep)).toEqual(['units', made, '75', fileName(other)])
      }),
      { numRuns: randomCases(200) },
    )
  })

  it.each([
    // These stay as they are.
    ...['fc6', 'zebra (2)', 'Müller.v2', '犬', 'a+b=c,d@e', 'console', 'x'.repeat(200)].map((name) => [name, name]),
    ['.', '%2E'],
    ['..', '%2E%2E'],
    ['%2E', '%252E'],
    ['a/b: c', 'a%2Fb%3A c'],
    ['a.', 'a%2E'],
    ['a ', 'a%20'],
    ['con', '%63on'],
    ['Lpt1.txt', '%4Cpt1.txt'],
    ['com1', '%63om1'],
    ['x.con', 'x.con'],
    ['\ud800', '%uD800'],
    ['😀\n', '%F0%9F%98%80%0A'],
    ['x'.repeat(201), `${'x'.repeat(166)}%~${sha256('x'.repeat(201)).slice(0, 32)}`],
  ])('of %j is %j', (name, expected) => expect(fileName(name)).toBe(expected))
})

it('a detector’s unit also has what it sees at the positions and the anchors', () => {
  const { unit } = madeUnit({ head: { kind: 'detector', threshold: 0.25, boxes: 'x' } })
  const center = { class: 1, probability: 0.5 }
  const answers = { center, anchors: atAnchors(center), right: null, kept: 0.5, least: 0.25, names: {}, seen: {} }
  const layers = unit.layers.map((layer) => (layer.name === 'fc8' ? { ...layer, answers } : layer))
  const sightings = unitArrays({ ...unit, layers }).filter(({ kind }) => kind === 'sightings')
  // For each of 4 positions and 5 anchors: what becomes of the object, the overlap, and two boxes.
  expect(sightings).toEqual([{ kind: 'sightings', layer: 1, file: 'boxes-fc8.npy', shape: [9, 10] }])
})

describe('a unit', () => {
  it('is its description and arrays under their hashes, each with its shape, and read as it was written', async () => {
    const { written, arrays } = await storeWhole()
    expect(readdirSync(inUnit()).sort()).toEqual([...ARRAYS, 'measures.json', 'unit.json'].sort())
    const digests = await Promise.all(ARRAYS.map(async (file) => [file, await sha256OfFile(inUnit(file))]))
    expect(written.arrays).toEqual(Object.fromEntries(digests))
    const unit = await openUnit(inFolder(), inUnit())
    const { rows, cols, layers } = written
    expect(unit).toMatchObject({ folder: inUnit(), description: written, inputs: written.inputs, rows, cols, layers })
    expect(await unit.maps()).toEqual({ shape: [2, 5, 2, 2], data: arrays.maps })
    for (const [i, layer] of ['fc6', 'fc8'].entries()) {
      expect(await unit.anchorFeatures(layer)).toEqual({ shape: [5, 8], data: arrays.anchorFeatures[i] })
      const features = await unit.features(layer)
      expect([features?.shape, [...(features?.data ?? [])]]).toEqual([[2, 2, 8], [...(arrays.features[i] ?? [])]])
    }
    expect(await unit.sketch('fc8')).toEqual({ shape: [2, 2, 3], data: arrays.sketch[1] })
    expect(await unit.answers('fc8')).toEqual({ shape: [3, 2, 2], data: arrays.answers[1] })
    expect([await unit.sketch('fc6'), await unit.answers('fc6')]).toEqual([undefined, undefined])
    const refusal = new UsageError(`${inUnit()} has no layer fc7; its layers are fc6, fc8`)
    await expect(unit.features('fc7')).rejects.toThrow(refusal)
    expect(await findUnit(inFolder(), written.inputs)).toEqual({ state: 'finished', unit: written })
    expect(await isUnitThere(inFolder(), written.inputs)).toBe(true)
  })

  it.each(['a1', '1a', ''])('names answers by class index, which %j is not', async (index) => {
    const { written } = await storeWhole()
    const layers = written.layers.map(({ answers, ...layer }) => ({
      ...layer,
      answers: answers && { ...answers, names: { [index]: 'dog' } },
    }))
    expect(unitSchema.safeParse(written).success).toBe(true)
    expect(unitSchema.safeParse({ ...written, layers }).success).toBe(false)
  })

  const classifier = (changes: object) => ({ separability: { ...SEPARABILITY, ...changes } })
  it.each<[string | undefined, Partial<UnitInputs>, Partial<UnitInputs>]>([
    ['another checkpoint', {}, { weightsSha256: 'other' }],
    ['another picture', {}, { patchSha256: 'other' }],
    ['category null instead of "cat"', {}, { category: 'cat' }],
    ['layers ["fc6","fc8"] instead of ["fc6,fc8"]', {}, { layers: ['fc6,fc8'] }],
    ['stride 50 instead of 49', {}, { stride: 49 }],
    ['background white instead of #000000', {}, { background: '#000000' }],
    ['blend hard instead of soft', {}, { blend: 'soft' }],
    ['precision fp32 instead of fp16', {}, { precision: 'fp16' }],
    ['precision fp16 instead of fp32', { precision: 'fp16' }, {}],
    ['pool none instead of mean', {}, { pool: 'mean' }],
    ['pool mean instead of mean (1 + 14×14 tokens)', { pool: 'mean' }, { pool: 'mean', tokens: '1 + 14×14' }],
    ['tokens none instead of 1 + 14×14', { equivariance: true }, { equivariance: true, tokens: '1 + 14×14' }],
    ['input the network’s own instead of clip', {}, { input: 'clip' }],
    ['scores none instead of probabilities', {}, { scores: 'probabilities' }],
    ['scores sigmoid instead of logits', { scores: 'sigmoid' }, { scores: 'logits' }],
    ['no features kept', {}, { keepsFeatures: true }],
    ['no separability', {}, classifier({})],
    ['no equivariance', {}, { equivariance: true }],
    ['C 1 instead of 2', classifier({}), classifier({ C: 2 })],
    ['seed 0 instead of 1', classifier({}), classifier({ seed: 1 })],
    ['folds ordered,shuffled instead of ordered,blocks', classifier({}), classifier({ cv: ['ordered', 'blocks'] })],
    ['no readout', {}, { readout: READOUT }],
    [
      'readout 800 samples, seed 0 instead of 800 samples, seed 1',
      { readout: READOUT },
      { readout: { ...READOUT, seed: 1 } },
    ],
    // More than is wanted will do; so will a unit without sketches.
    [undefined, {}, {}],
    [undefined, classifier({}), {}],
    [undefined, { readout: READOUT }, {}],
    [undefined, classifier({}), classifier({ cv: ['shuffled'] })],
    [undefined, {}, { sketches: true }],
    [undefined, { equivariance: true }, {}],
    [undefined, { equivariance: true, tokens: '1 + 14×14' }, {}],
  ])('must be made again because of %j', async (difference, has, wants) => {
    await storeUnit(inFolder(), has)
    const found = await findUnit(inFolder(), { ...inputs, ...wants })
    if (difference === undefined) expect(found.state).toBe('finished')
    else expect(found).toEqual({ state: 'other', differences: [difference] })
    expect(await isUnitThere(inFolder(), { ...inputs, ...wants })).toBe(difference === undefined)
  })

  it('is missing if it has another format', async () => {
    await storeUnit(inFolder())
    const file = JSON.parse(readFileSync(inUnit('unit.json'), 'utf8'))
    file.inputs.format += 1
    writeFileSync(inUnit('unit.json'), JSON.stringify(file))
    expect(await stateOf()).toBe('missing')
    expect(await isUnitThere(inFolder(), inputs)).toBe(false)
  })

  it('will do with features and sketches where none are asked for, and names all differences', async () => {
    await storeWhole()
    expect(await stateOf()).toBe('finished')
    const other = { ...inputs, stride: 49, blend: 'soft' as const, separability: { ...SEPARABILITY, C: 2 } }
    expect(await findUnit(inFolder(), other)).toMatchObject({
      differences: ['stride 50 instead of 49', 'blend hard instead of soft', 'C 1 instead of 2'],
    })
  })

  it('is missing where another one lies, or one of another network, object or size, and in no folder', async () => {
    await storeUnit(inFolder())
    for (const elsewhere of [{ model: 'resnet50' }, { patch: 'dog' }, { size: 75 }])
      expect(await stateOf({ ...inputs, ...elsewhere })).toBe('missing')
    const folder = join(dirname(inUnit()), 'dog')
    renameSync(inUnit(), folder)
    expect(await findUnit(inFolder(), { ...inputs, patch: 'dog' })).toEqual({
      state: 'other',
      differences: ['patch car instead of dog'],
    })
    await expect(openUnit(inFolder(), folder)).rejects.toThrow(
      new InputError(`${folder} contains results that belong in ${inUnit()}; rename the folder to that, or remove it`),
    )
  })

  const damages: Readonly<Record<string, (path: string) => void>> = {
    'a flipped bit at its end': (path) => {
      const bytes = readFileSync(path)
      bytes[bytes.length - 3] = (bytes[bytes.length - 3] as number) ^ 1
      writeFileSync(path, bytes)
    },
    'half of its length': (path) => writeFileSync(path, readFileSync(path).subarray(0, readFileSync(path).length / 2)),
    'no file': (path) => rmSync(path),
    'a pipe in its place': (path) => {
      rmSync(path)
      execFileSync('mkfifo', [path])
    },
  }
  it.skipIf(leftOut(process.platform !== 'linux', 'they need Linux')).each([...ARRAYS, 'unit.json'])(
    'with a damaged %s must be made again, and is not read',
    async (file) => {
      const { written } = await storeWhole()
      cpSync(inUnit(), inFolder('whole'), { recursive: true })
      const [kind, layer = ''] = file.split(/[-.]/)
      for (const [damage, apply] of Object.entries(damages)) {
        apply(inUnit(file))
        expect([damage, await stateOf(written.inputs)]).toEqual([damage, 'missing'])
        const unit = unitWithArrays(inUnit(), written)
        const { maps: similarity, anchorFeatures: anchors, answers, features, sketch } = unit
        const reading = { unit: () => openUnit(inFolder(), inUnit()), similarity, anchors, answers, features, sketch }
        await expect(reading[kind as keyof typeof reading](layer), damage).rejects.toThrow(InputError)
        rmSync(inUnit(), { recursive: true })
        cpSync(inFolder('whole'), inUnit(), { recursive: true })
      }
      expect(await stateOf(written.inputs)).toBe('finished')
    },
  )

  it('is not read with the arrays of another, or of another shape', async () => {
    const written = await storeUnit(inFolder())
    const message = `${inUnit('similarity.npy')} is damaged; run reproduce on this folder again`
    await expect(unitWithArrays(inUnit(), { ...written, rows: 4, cols: 1 }).maps()).rejects.toThrow(message)
    await storeUnit(inFolder(), {}, 0.8)
    await expect(unitWithArrays(inUnit(), written).maps()).rejects.toThrow(message)
  })

  const firstLayer = (unit: Unit, changes: object) => ({ layers: [{ ...unit.layers[0], ...changes }, unit.layers[1]] })
  const corner = ({ anchors }: Unit, changes: object) => ({
    anchors: { ...anchors, 'top-left': { ...anchors['top-left'], ...changes } },
  })
  const ofInputs = (unit: Unit, changes: object) => ({ inputs: { ...unit.inputs, ...changes } })
  it.each<[string, (unit: Unit) => object]>([
    ['no layers', (unit) => ({ ...ofInputs(unit, { layers: [] }), layers: [] })],
    ['fewer layers than its inputs name', (unit) => ({ layers: unit.layers.slice(1) })],
    ['layers in another order', (unit) => ({ layers: unit.layers.toReversed() })],
    [
      'one name for two layers',
      (unit) => ({
        ...ofInputs(unit, { layers: ['a', 'a'] }),
        layers: unit.layers.map((layer) => ({ ...layer, name: 'a' })),
      }),
    ],
    ['a stride of 0', (unit) => ofInputs(unit, { stride: 0 })],
    ['a size of 0', (unit) => ofInputs(unit, { size: 0 })],
    ['no rows', () => ({ rows: 0 })],
    ['no columns', () => ({ cols: 0 })],
    ['no features', (unit) => firstLayer(unit, { dims: 0 })],
    ['a frame of 0', () => ({ frame: 0 })],
    ['a share above 1', (unit) => firstLayer(unit, { consistency: { horizontal: 1.1, vertical: 1 } })],
    ['an anchor outside', (unit) => corner(unit, { row: -1 })],
    ['an anchor between pixels', (unit) => corner(unit, { col: 0.5 })],
    ['an anchor less', ({ anchors: { center, ...others } }) => ({ anchors: others })],
  ])('that contradicts itself is not read, whatever its hash: %s', async (_, change) => {
    const written = await storeUnit(inFolder())
    const seal = (unit: object) =>
      writeFileSync(inUnit('unit.json'), JSON.stringify({ ...unit, sha256: sha256(JSON.stringify(unit)) }))
    seal(written)
    expect((await openUnit(inFolder(), inUnit())).description).toEqual(written)
    seal({ ...written, ...change(written) })
    await expect(openUnit(inFolder(), inUnit())).rejects.toThrow(
      `${inUnit('unit.json')} is damaged, or of another version; run reproduce on this folder again, or remove ${inUnit()}`,
    )
  })

  it('is replaced as a whole, which its version shows', async () => {
    expect(await unitVersion(inFolder(), inputs)).toBeUndefined()
    await storeUnit(inFolder())
    const first = await unitVersion(inFolder(), inputs)
    writeFileSync(inUnit('stray'), '')
    expect(await unitVersion(inFolder(), inputs)).toBe(first)
    const written = await storeUnit(inFolder(), { weightsSha256: 'other' }, 0.5)
    expect(readdirSync(inUnit())).not.toContain('stray')
    expect(readdirSync(dirname(inUnit()))).toEqual(['car'])
    expect(await stateOf(written.inputs)).toBe('finished')
    expect(await unitVersion(inFolder(), inputs)).not.toBe(first)
    expect((await readNpy(inUnit('similarity.npy'))).data).toEqual(madeUnit({}, 0.5).maps)
  })
})
