import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { sha256OfFile } from '../../src/files/sha256.js'
import { checkNotAnother, modelEntry } from '../../src/networks/catalog.js'
import {
  catalogEntry,
  checkGenerator,
  chooseGenerator,
  chooseNetwork,
  importWeights,
  listGenerators,
  listNetworks,
  pullWeights,
  verifyNetwork,
} from '../../src/networks/index.js'
import { writeCaffeModel, writeCaffeWeights } from '../support/caffeFile.js'
import type { FormulaTensor } from '../support/formulas.js'
import { type GeneratorForm, writeGenerator, writeWithMetadata } from '../support/generatorFile.js'
import { messageOf } from '../support/messageOf.js'
import { formulaTensor, narrowCatalog, tensorsOf } from '../support/narrowNetworks.js'
import { networkFolder } from '../support/networkFolder.js'
import { node } from '../support/smallNetwork.js'

narrowCatalog()
const folder = networkFolder()
const usage = (action: Promise<unknown>) => messageOf(action, UsageError)

async function caffeModel(tensors: readonly FormulaTensor[]): Promise<string> {
  await writeCaffeWeights(folder('generator.caffemodel'), tensors, 2)
  return folder('generator.caffemodel')
}

describe('a published generator', () => {
  it('is imported, verified, and plain data', async () => {
    const imported = await importWeights('deepsim-fc8', await caffeModel(tensorsOf('deepsim-fc8')))
    expect(imported).toMatchObject({ path: folder('cache/weights/deepsim-fc8.caffemodel'), published: false })
    const generator = await chooseGenerator('deepsim-fc8')
    expect(structuredClone(generator)).toEqual(generator)
    expect(generator).toMatchObject({
      ...{ id: 'deepsim-fc8', weightsPath: imported.path, weightsSha256: imported.sha256, encoder: 'caffenet' },
      ...{ encoderSha256: null, layer: 'fc8', dims: 1000, feature: 'pre-relu', input: catalogEntry('caffenet').input },
    })
    const { layers, published } = await verifyNetwork('deepsim-fc8')
    expect(published).toBe(false)
    expect(layers).toMatchObject([{ name: 'image', dims: 3 * 227 * 227 }])
    expect(layers[0]?.norm).toBeGreaterThan(0)
    const states = new Map((await listNetworks()).map(({ entry, state }) => [entry.id, state]))
    expect([states.get('deepsim-fc8'), states.get('deepsim-fc6')]).toEqual(['present', 'missing'])
    expect(await usage(chooseGenerator('deepsim-fc8', { feature: 'post-relu' }))).toContain('fc8 has no ReLU')
  })

  it('of other weights takes features before ReLU unless it is told', async () => {
    const file = await caffeModel(tensorsOf('deepsim-fc7'))
    expect((await chooseGenerator('deepsim-fc7', { weights: file })).feature).toBe('pre-relu')
    expect((await chooseGenerator('deepsim-fc7', { weights: file, feature: 'post-relu' })).feature).toBe('post-relu')
  })

  it('is not taken for the one of another layer, whose file has the same shapes', () => {
    const [fc6, fc7] = ['deepsim-fc6', 'deepsim-fc7'].map((id) => modelEntry(id))
    if (!fc6 || !fc7) throw new Error('the catalog lacks a generator')
    const sha256 = fc7.sources[0]?.sha256 as string
    expect(() => checkNotAnother(fc7, 'file', sha256)).not.toThrow()
    expect(() => checkNotAnother(fc6, 'file', sha256)).toThrow('file is the published file of deepsim-fc7')
    expect(() => checkNotAnother(fc6, 'file', '0'.repeat(64))).not.toThrow()
  })

  it('has a name of its own in the cache and at mirrors', async () => {
    const names = listGenerators().flatMap(({ sources }) => sources.map(({ name }) => name))
    expect(new Set(names).size).toBe(names.length)
    writeFileSync(folder('deepsim-fc7.caffemodel'), 'not the published file')
    expect(await messageOf(pullWeights('deepsim-fc7', { mirror: folder() }))).toContain(
      `${folder('deepsim-fc7.caffemodel')} has 22 bytes instead of 224394262`,
    )
  })
})

describe('a Caffe model that is no generator', () => {
  it.each<[string, string, () => FormulaTensor[], string]>([
    ['deepsim-fc6', 'has a layer less', () => [formulaTensor('defc6.weight', [4, 4])], 'defc7.0 [512, 512] is missing'],
    [
      'deepsim-fc8',
      'has another shape',
      () => [formulaTensor('defc7.weight', [16, 1000])],
      'is [16, 1000] instead of [512',
    ],
    ['deepsim-fc8', 'is of another layer', () => tensorsOf('deepsim-fc7'), 'use it as deepsim-fc6 or deepsim-fc7'],
    [
      'deepsim-fc8',
      'has a layer more',
      () => [...tensorsOf('deepsim-fc8'), formulaTensor('more.weight', [1])],
      'it holds more.0, which',
    ],
    ['caffenet', 'is a generator', () => tensorsOf('deepsim-fc8'), 'conv1.0 [12, 3, 11, 11] is missing'],
  ])('is refused as %s: it %s', async (id, _, tensors, message) => {
    expect(await messageOf(importWeights(id, await caffeModel(tensors())))).toContain(message)
    expect(existsSync(folder('cache/weights'))).toBe(false)
  })

  it('may not have more axes than four, of which some are missing in old files', async () => {
    const blobs = [{ shape: [1, 1, 1, 1, 12, 3], values: Array<number>(36).fill(0) }]
    writeCaffeModel(folder('axes'), [{ name: 'conv1', blobs }], { layers: 2, shape: 'dims', elements: 'packed' })
    expect(await messageOf(importWeights('caffenet', folder('axes')))).toContain('conv1.0 is [1, 1, 1, 1, 12, 3]')
  })
})

const colour: GeneratorForm = {
  ...{ dims: 768, rows: 224, cols: 224, batch: 'N', input: 'feature', output: 'image' },
  metadata: { encoder: 'tiny-alexnet', layer: 'fc6', feature: 'pre-relu' },
}

async function generatorWith(change: Partial<GeneratorForm>, metadata: Record<string, string> = {}): Promise<string> {
  const path = folder('own.onnx')
  await writeGenerator(path, { ...colour, metadata: { ...colour.metadata, ...metadata }, ...change })
  return path
}

describe('an ONNX file as a generator', () => {
  it('is what its metadata say', async () => {
    const encoderSha256 = catalogEntry('tiny-alexnet').sha256 as string
    const others = { training: 'x'.repeat(20_000), toString: 'x' }
    const path = await generatorWith({}, { encoder_sha256: encoderSha256, ...others })
    expect(await chooseGenerator(path)).toEqual({
      ...{ id: 'own', onnxPath: path, weightsPath: path, weightsSha256: await sha256OfFile(path) },
      ...{ weightsBytes: readFileSync(path).length, encoder: 'tiny-alexnet', encoderSha256, layer: 'fc6', dims: 768 },
      ...{ feature: 'pre-relu', input: catalogEntry('tiny-alexnet').input },
    })
    const rectified = await chooseGenerator(await generatorWith({}, { feature: 'post-relu' }))
    expect(rectified).toMatchObject({ feature: 'post-relu', encoderSha256: null })
  })

  it.each([
    ['without an encoder', {}, { encoder: '' }, 'lacks the metadata "encoder"'],
    ['of an unknown encoder', {}, { encoder: 'vgg\n16' }, 'is a generator for the network "vgg?16", which is not in'],
    ['of a generator', {}, { encoder: 'deepsim-fc6' }, 'is a generator for the network "deepsim-fc6", which is not'],
    ['of an unknown layer', {}, { layer: 'fc9' }, 'for layer "fc9", but tiny-alexnet has only fc6, fc7, fc8'],
    ['of an unknown stage', {}, { feature: 'raw' }, 'is "raw"; it must be pre-relu or post-relu'],
    [
      'of other weights of its encoder',
      {},
      { encoder_sha256: 'ab'.repeat(32) },
      'for the weights of tiny-alexnet with SHA-256 ab',
    ],
    ['of another number of features', {}, { layer: 'fc8' }, 'from feature float32 [N, 627]'],
    ['of another frame', { rows: 227, cols: 227 }, {}, 'must make image float32 [N, 3, 224, 224]'],
    ['of single features', { batch: 1 }, {}, 'must make image float32 [N, 3, 224, 224]'],
    ['with another input', { input: 'z' }, {}, 'from z float32 [N, 768]'],
    ['with another output', { output: 'pixels' }, {}, 'makes pixels float32'],
  ])('%s is refused', async (_, change, metadata, message) => {
    expect(await messageOf(chooseGenerator(await generatorWith(change, metadata)))).toContain(message)
  })

  it('that makes something else than it states is refused', async () => {
    await writeWithMetadata(folder('lies.onnx'), colour.metadata, {
      ...{ name: 'test', initializers: [], nodes: [node('Identity', ['feature'], 'image')] },
      inputs: [{ name: 'feature', shape: ['N', 768] }],
      outputs: [{ name: 'image', shape: ['N', 3, 224, 224] }],
    })
    expect(await messageOf(chooseGenerator(folder('lies.onnx')))).toContain(
      'gives an output of shape [2, 768] for 2 features, instead of [2, 3, 224, 224]; export it for any batch',
    )
  })

  it('takes neither weights nor another stage', async () => {
    const path = await generatorWith({})
    expect(await usage(chooseGenerator(path, { weights: 'other.caffemodel' }))).toContain('already contains weights')
    expect(await usage(chooseGenerator(path, { feature: 'post-relu' }))).toContain('needs features before ReLU')
  })
})

describe('a generator', () => {
  it('is for one layer of one network, and refused for others', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    const generator = await chooseGenerator('tiny-deepsim-fc6')
    checkGenerator(generator, network, 'fc6')
    const full = { encoder: 'caffenet', encoderSha256: null }
    const cases = [
      [{}, network, 'fc7', UsageError, 'makes images from fc6, not from fc7; use tiny-deepsim-fc7'],
      [
        full,
        { ...network, catalogId: 'caffenet' },
        'fc7',
        UsageError,
        'makes images from fc6, not from fc7; use deepsim-fc7',
      ],
      [
        {},
        { ...network, catalogId: 'vgg16' },
        'fc6',
        UsageError,
        'of tiny-alexnet, not of vgg16; use another generator',
      ],
      [
        { encoderSha256: 'ab'.repeat(32) },
        network,
        'fc6',
        InputError,
        'for the weights of tiny-alexnet with SHA-256 ab',
      ],
    ] as const
    for (const [change, asked, layer, type, message] of cases) {
      const check = () => checkGenerator({ ...generator, ...change }, asked, layer)
      expect(check).toThrow(type)
      expect(check).toThrow(message)
    }
  })
})

it.each(listGenerators().filter(({ kind }) => kind === 'embedded'))(
  'embedded generator $id is there without any weights, for the encoder that is here, and runs',
  async ({ id, encoder, layer, sha256 }) => {
    const generator = await chooseGenerator(id)
    expect(generator).toMatchObject({ id, encoder, layer, feature: 'pre-relu', weightsSha256: sha256 })
    expect(generator.encoderSha256).toBe(catalogEntry(encoder).sha256)
    const { rows, cols } = generator.input
    expect(await verifyNetwork(id)).toMatchObject({
      published: true,
      layers: [{ name: 'image', dims: 3 * rows * cols }],
    })
    expect((await listNetworks()).find(({ entry }) => entry.id === id)?.state).toBe('embedded')
  },
)

it('an embedded generator takes no other weights', async () => {
  const id = 'tiny-deepsim-fc6'
  expect(await usage(chooseGenerator(id, { weights: 'other.caffemodel' }))).toContain('is built in')
  expect(await usage(chooseGenerator(id, { feature: 'post-relu' }))).toContain('needs features before ReLU')
  expect(await usage(importWeights(id, 'other.caffemodel'))).toContain('is built in')
})

it('the name of a generator is not taken where a network is needed, nor the other way', async () => {
  expect(await usage(chooseNetwork({ model: 'deepsim-fc6' }))).toContain('a generator, which makes images')
  expect(await usage(chooseGenerator('alexnet'))).toContain('alexnet is a network, not a generator')
  expect(await usage(chooseGenerator('deepsim-fc5'))).toContain(
    'no generator is called "deepsim-fc5"; the most similar generators are deepsim-fc',
  )
  expect(await usage(importWeights('deepsim-fc5', 'file'))).toContain('no network or generator is called')
})
