import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { sha256OfFile } from '../../src/files/sha256.js'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { parametersOf } from '../../src/networks/architectures/layer.js'
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
import { readOnnxFile } from '../../src/networks/onnx/onnxFile.js'
import { type CaffeParameter, writeCaffeModel, writeCaffeWeights } from '../support/caffeFile.js'
import { weight } from '../support/formulas.js'
import { type GeneratorForm, writeGenerator, writeWithMetadata } from '../support/generatorFile.js'
import { messageOf } from '../support/messageOf.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
})

const usage = (action: Promise<unknown>) => messageOf(action, UsageError)

function parametersFor(id: string): CaffeParameter[] {
  const layers = architectures.find((candidate) => candidate.id === id)?.layers ?? []
  return parametersOf(layers).map(({ key, shape }) => ({ key, shape, data: () => weight(key, shape) }))
}

async function caffeModel(parameters: readonly CaffeParameter[]): Promise<string> {
  await writeCaffeWeights(folder('generator.caffemodel'), parameters, 2)
  return folder('generator.caffemodel')
}

describe('a published generator', () => {
  it('is imported, verified, and plain data', { timeout: 120_000 }, async () => {
    const file = await caffeModel(parametersFor('deepsim-fc8'))
    const imported = await importWeights('deepsim-fc8', file)
    expect(imported).toMatchObject({ path: folder('cache/weights/deepsim-fc8.caffemodel'), published: false })
    const generator = await chooseGenerator('deepsim-fc8')
    expect(structuredClone(generator)).toEqual(generator)
    expect(generator).toMatchObject({
      id: 'deepsim-fc8',
      weightsPath: imported.path,
      weightsSha256: imported.sha256,
      encoder: 'caffenet',
      encoderSha256: null,
      layer: 'fc8',
      dims: 1000,
      feature: 'pre-relu',
      input: catalogEntry('caffenet').input,
    })
    const { layers, published } = await verifyNetwork('deepsim-fc8')
    expect(published).toBe(false)
    expect(layers).toMatchObject([{ name: 'image', dims: 3 * 227 * 227 }])
    expect(layers[0]?.norm).toBeGreaterThan(0)
    const states = new Map((await listNetworks()).map(({ entry, state }) => [entry.id, state]))
    expect(states.get('deepsim-fc8')).toBe('present')
    expect(states.get('deepsim-fc6')).toBe('missing')
    expect(await usage(chooseGenerator('deepsim-fc8', undefined, 'post-relu'))).toContain('fc8 has no ReLU')
  })

  it('of other weights takes features before ReLU unless it is told', { timeout: 120_000 }, async () => {
    const file = await caffeModel(parametersFor('deepsim-fc7'))
    expect((await chooseGenerator('deepsim-fc7', file)).feature).toBe('pre-relu')
    expect((await chooseGenerator('deepsim-fc7', file, 'post-relu')).feature).toBe('post-relu')
    const message = await messageOf(chooseGenerator('deepsim-fc8', file))
    expect(message).toContain('defc7.0 is [4096, 4096] instead of [4096, 1000]')
    expect(message).toContain('use it as deepsim-fc6 or deepsim-fc7')
    expect(await messageOf(chooseNetwork({ model: 'caffenet', weights: file }))).toContain(
      'conv1.0 [96, 3, 11, 11] is missing',
    )
  })

  it('says where its weights come from when there are none', async () => {
    const message = await messageOf(chooseGenerator('deepsim-fc6'))
    expect(message).toContain('shiftscope models pull deepsim-fc6')
    expect(message).toContain('shiftscope models import deepsim-fc6 FILE')
    expect(message).not.toContain('`weights')
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
      `${folder('deepsim-fc7.caffemodel')} is 22 bytes instead of 224394262`,
    )
  })
})

describe('a Caffe model that is no generator', () => {
  const small = (name: string, ...shapes: number[][]) => ({
    name,
    blobs: shapes.map((shape) => ({ shape, values: Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0) })),
  })
  const form = { layers: 2, shape: 'dims', elements: 'packed' } as const

  it('is refused by the first layer that is missing or has another shape', async () => {
    const path = folder('small.caffemodel')
    writeCaffeModel(path, [small('defc6', [4, 4], [4])], form)
    expect(await messageOf(importWeights('deepsim-fc6', path))).toContain('defc7.0 [4096, 4096] is missing')
    writeCaffeModel(path, [small('defc7', [16, 1000], [16])], form)
    const message = await messageOf(importWeights('deepsim-fc8', path))
    expect(message).toContain('defc7.0 is [16, 1000] instead of [4096, 1000]')
    expect(message).toContain('not a checkpoint of the DeePSiM generator of fc8')
    writeCaffeModel(path, [small('conv1', [1, 1, 1, 1, 96, 3], [96])], form)
    expect(await messageOf(importWeights('caffenet', path))).toContain('conv1.0 is [1, 1, 1, 1, 96, 3]')
    expect(existsSync(folder('cache/weights'))).toBe(false)
  })

  it('is refused when it has more layers', { timeout: 120_000 }, async () => {
    const zeros = parametersFor('deepsim-fc8').map(({ key, shape }) => ({
      key,
      shape,
      data: () => new Float32Array(shape.reduce((product, size) => product * size, 1)),
    }))
    const extra = { key: 'discriminator.weight', shape: [1], data: () => new Float32Array(1) }
    const message = await messageOf(chooseGenerator('deepsim-fc8', await caffeModel([...zeros, extra])))
    expect(message).toContain('it holds discriminator.0, which DeePSiM generator of fc8 does not have')
  })

  it('is refused when it is cut off', async () => {
    const path = folder('small.caffemodel')
    writeCaffeModel(path, [small('defc7', [16, 1000], [16])], form)
    writeFileSync(path, readFileSync(path).subarray(0, 40_000))
    expect(await messageOf(chooseGenerator('deepsim-fc8', path))).toContain('is a damaged Caffe model')
    expect(await messageOf(chooseGenerator('deepsim-fc8', folder('none.caffemodel')))).toContain('does not exist')
  })
})

const colour: GeneratorForm = {
  dims: 768,
  rows: 224,
  cols: 224,
  batch: 'N',
  metadata: { encoder: 'tiny-alexnet', layer: 'fc6', feature: 'pre-relu' },
  input: 'feature',
  output: 'image',
}

async function generatorWith(change: Partial<GeneratorForm>, metadata: Record<string, string> = {}): Promise<string> {
  const path = folder('own.onnx')
  const form = { ...colour, ...change }
  await writeGenerator(path, { ...form, metadata: { ...form.metadata, ...metadata } })
  return path
}

describe('an ONNX file as a generator', () => {
  it('is what its metadata say', async () => {
    const encoderSha256 = catalogEntry('tiny-alexnet').sha256 as string
    const path = await generatorWith({}, { encoder_sha256: encoderSha256, training: 'x'.repeat(20_000) })
    expect(await chooseGenerator(path)).toEqual({
      id: 'own',
      path,
      weightsPath: path,
      weightsSha256: await sha256OfFile(path),
      weightsBytes: readFileSync(path).length,
      encoder: 'tiny-alexnet',
      encoderSha256,
      layer: 'fc6',
      dims: 768,
      feature: 'pre-relu',
      input: catalogEntry('tiny-alexnet').input,
    })
    expect(await chooseGenerator(await generatorWith({}, { feature: 'post-relu' }))).toMatchObject({
      feature: 'post-relu',
      encoderSha256: null,
    })
  })

  it.each([
    ['without an encoder', {}, { encoder: '' }, 'needs the metadata "encoder"'],
    ['of an unknown encoder', {}, { encoder: 'vgg\n16' }, 'is a generator of "vgg?16", which is no network'],
    ['of a generator', {}, { encoder: 'deepsim-fc6' }, 'is a generator of "deepsim-fc6", which is no network'],
    ['of an unknown layer', {}, { layer: 'fc9' }, 'of layer "fc9" of tiny-alexnet, which has fc6, fc7, fc8'],
    ['of an unknown stage', {}, { feature: 'raw' }, 'features "raw"'],
    ['of other weights of its encoder', {}, { encoder_sha256: 'ab'.repeat(32) }, 'for other weights of tiny-alexnet'],
    ['of another number of features', {}, { layer: 'fc8' }, 'from feature float32 [N, 627]'],
    ['of another frame', { rows: 227, cols: 227 }, {}, 'makes image float32 [N, 3, 224, 224]'],
    ['of single features', { batch: 1 }, {}, 'makes image float32 [N, 3, 224, 224]'],
    ['with another input', { input: 'z' }, {}, 'from z float32 [N, 768]'],
    ['with another output', { output: 'pixels' }, {}, 'makes pixels float32'],
  ])('%s is refused', async (_, change, metadata, message) => {
    expect(await messageOf(chooseGenerator(await generatorWith(change, metadata)))).toContain(message)
  })

  it('that makes something else than it states is refused', async () => {
    const path = folder('lies.onnx')
    await writeWithMetadata(path, colour.metadata, {
      name: 'test',
      inputs: [{ name: 'feature', shape: ['N', 768] }],
      outputs: [{ name: 'image', shape: ['N', 3, 224, 224] }],
      initializers: [],
      nodes: [{ operator: 'Identity', name: 'image', inputs: ['feature'], outputs: ['image'], attributes: {} }],
    })
    await messageOf(chooseGenerator(path))
    writeFileSync(path, readFileSync(path).subarray(0, 60))
    expect(await messageOf(chooseGenerator(path))).toContain('is not an ONNX model')
    expect(await messageOf(chooseGenerator(folder('none.onnx')))).toContain('does not exist')
    mkdirSync(folder('folder.onnx'))
    expect(await messageOf(chooseGenerator(folder('folder.onnx')))).toContain('is not a file')
  })

  it('takes neither weights nor another stage', async () => {
    const path = await generatorWith({})
    expect(await usage(chooseGenerator(path, 'other.caffemodel'))).toContain('holds its own weights')
    expect(await usage(chooseGenerator(path, undefined, 'post-relu'))).toContain('takes features before ReLU')
  })

  it('is asked for the network and the layer that it is for', async () => {
    const generator = await chooseGenerator(await generatorWith({}))
    const [tiny, other] = [
      await chooseNetwork({ model: 'tiny-alexnet' }),
      await chooseNetwork({ model: 'tiny-alexnet-noflip' }),
    ]
    checkGenerator(generator, tiny, 'fc6')
    expect(() => checkGenerator(generator, tiny, 'fc7')).toThrow(UsageError)
    const ofCaffenet = { ...generator, encoder: 'caffenet', encoderSha256: null }
    expect(() => checkGenerator(ofCaffenet, { ...tiny, id: 'caffenet' }, 'fc7')).toThrow(
      new UsageError('own makes images from fc6, not from fc7; use deepsim-fc7'),
    )
    expect(() => checkGenerator(generator, other, 'fc6')).toThrow('not of tiny-alexnet-noflip')
    expect(() => checkGenerator({ ...generator, encoderSha256: 'ab'.repeat(32) }, tiny, 'fc6')).toThrow(InputError)
  })
})

const embedded = listGenerators().filter(({ kind }) => kind === 'embedded')
describe.each(embedded)('embedded generator $id', ({ id, encoder, layer, sha256 }) => {
  it('is there without any weights, for the encoder that is here, and runs', async () => {
    const generator = await chooseGenerator(id)
    expect(generator).toMatchObject({ id, encoder, layer, feature: 'pre-relu', weightsSha256: sha256 })
    expect(generator.encoderSha256).toBe(catalogEntry(encoder).sha256)
    checkGenerator(generator, await chooseNetwork({ model: encoder }), layer)
    const { rows, cols } = generator.input
    const { layers, published } = await verifyNetwork(id)
    expect(published).toBe(true)
    expect(layers).toMatchObject([{ name: 'image', dims: 3 * rows * cols }])
    expect((await listNetworks()).find(({ entry }) => entry.id === id)?.state).toBe('embedded')
  })

  it('takes no other weights', async () => {
    expect(await usage(chooseGenerator(id, 'other.caffemodel'))).toContain('is built in')
    expect(await usage(chooseGenerator(id, undefined, 'post-relu'))).toContain('takes features before ReLU')
    expect(await usage(importWeights(id, 'other.caffemodel'))).toContain('is built in')
    expect(await usage(pullWeights(id))).toContain('is built in')
  })
})

describe('the name of a generator', () => {
  it('is not taken where a network is needed, nor the other way', async () => {
    expect(await usage(chooseNetwork({ model: 'deepsim-fc6' }))).toContain(
      'is a generator, which makes images from features',
    )
    expect(await usage(chooseGenerator('alexnet'))).toContain('alexnet is a network and no generator')
    const message = await usage(chooseGenerator('deepsim-fc5'))
    expect(message).toContain('no generator is called "deepsim-fc5"; the nearest of them are deepsim-fc')
    expect(await usage(importWeights('deepsim-fc5', 'file'))).toContain('no network or generator is called')
  })
})

describe('the metadata of an ONNX file', () => {
  it('are read by their keys, whatever else there is', async () => {
    const dictionary = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), {
      noNullPrototype: true,
    })
    const known = fc.dictionary(fc.constantFrom('encoder', 'layer', 'classes'), fc.string({ unit: 'grapheme' }))
    await fc.assert(
      fc.asyncProperty(dictionary, known, async (others, metadata) => {
        const path = folder('drawn.onnx')
        await writeGenerator(path, { ...colour, rows: 1, cols: 1, dims: 1, metadata: { ...others, ...metadata } })
        expect(Object.fromEntries(readOnnxFile(path).metadata)).toMatchObject(metadata)
      }),
      { numRuns: 200 },
    )
    expect(readdirSync(folder())).toEqual(['drawn.onnx'])
  })
})
