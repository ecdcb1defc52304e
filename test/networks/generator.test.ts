import { existsSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { catalogEntry, checkNotAnother, listGenerators, modelEntry } from '../../src/networks/catalog/catalog.js'
import { importWeights, listNetworks } from '../../src/networks/models/imported.js'
import { pullWeights } from '../../src/networks/models/pullWeights.js'
import { verifyNetwork } from '../../src/networks/models/verification.js'
import { checkGenerator, chooseGenerator } from '../../src/networks/open/generator.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { writeCaffeModel, writeCaffeWeights } from '../support/caffeFile.js'
import type { FormulaTensor } from '../support/formulas.js'
import { messageOf } from '../support/messageOf.js'
import { formulaTensor, narrowCatalog, tensorsOf } from '../support/narrowNetworks.js'
import { networkFolder } from '../support/networkFolder.js'

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
      ...{ layer: 'fc8', dims: 1000, feature: 'pre-relu', input: catalogEntry('caffenet').input },
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

describe('a generator', () => {
  it('is for one layer of one network, and refused for others', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    const generator = await chooseGenerator('tiny-deepsim-fc6')
    checkGenerator(generator, network, 'fc6')
    const full = { encoder: 'caffenet' }
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
