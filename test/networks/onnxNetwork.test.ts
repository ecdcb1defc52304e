import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import type { Pool } from '../../src/network.js'
import { networkFile } from '../../src/networks/file/networkFile.js'
import { inspectModel } from '../../src/networks/models/inspection.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { adapterOf } from '../../src/networks/open/setUpNetwork.js'
import { parseReference } from '../../src/networks/reference/reference.js'
import { readOnnxFile } from '../../src/onnx/format/onnxFile.js'
import { writeModel } from '../../src/onnx/format/onnxModel.js'
import { nearestNames } from '../../src/support/text.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'
import { expectClose, expectOnnxGoldens, onnxFeatures, onnxGolden, runOnnxGolden } from '../support/onnxGoldens.js'
import { node, weightsOf } from '../support/smallNetwork.js'

const folder = networkFolder()
const exported = (name: string) => join(import.meta.dirname, '../golden/exports', `${name}.onnx`)
const inputOf = async (model: string) => adapterOf(await networkFile(parseReference({ model })))
const layers = ['/relu/Relu_output_0', 'features', 'conv', 'flat']

describe('any ONNX file', () => {
  it('gives every float tensor in its graph, flattened', async () => {
    const network = await chooseNetwork({ model: onnxGolden('plain'), layers })
    expect(network.layers).toEqual([
      { name: '/relu/Relu_output_0', dims: 4 * 6 * 6, isMap: true },
      { name: 'features', dims: 5 },
      { name: 'conv', dims: 4 * 6 * 6, isMap: true },
      { name: 'flat', dims: 4 },
    ])
    expect(network.input).toMatchObject({ name: 'image', rows: 8, cols: 8, batch: null })
    await expectOnnxGoldens(network)
  })

  it('is run as it stands when only its outputs are asked for', async () => {
    const path = onnxGolden('plain')
    const network = await chooseNetwork({ model: path, layers: ['features', 'features'] })
    expect(network).toMatchObject({ id: 'plain', onnxPath: path, layers: [{ name: 'features', dims: 5 }] })
  })

  it('may have a name as long as the file system takes', async () => {
    const path = folder(`${'ü'.repeat(125)}.onnx`)
    copyFileSync(onnxGolden('plain'), path)
    await expectOnnxGoldens(await chooseNetwork({ model: path, layers }))
  })

  it('may take its channels last', async () => {
    const network = await chooseNetwork({ model: onnxGolden('channels-last'), layers })
    const name = 'image.channels_first'
    expect(network.input).toMatchObject({ name, rows: 8, cols: 8, batch: null })
    expect(readOnnxFile(network.onnxPath).inputs).toEqual([{ name, type: 'float32', shape: ['N', 3, 8, 8] }])
    await expectOnnxGoldens(network)
  })

  it.each<[string, readonly (number | string)[], string]>([
    ['first', ['N', 1, 8, 8], 'image.rgb'],
    ['last', ['N', 8, 8, 1], 'image.rgb'],
    ['last in an open frame', ['N', 'rows', 'cols', 1], 'image.rgb'],
  ])('may take a single channel, %s', async (_, shape, name) => {
    const { input } = await inputOf(await copying(shape))
    const grey = { divisor: 255, mean: [0, 0, 0], std: [1, 1, 1], channelOrder: 'grey' }
    expect(input).toMatchObject({ name, ...grey, rows: typeof shape[2] === 'number' ? 8 : 224 })
  })

  it('may insist on a batch size, openly or not', async () => {
    const open = await chooseNetwork({ model: onnxGolden('batch-of-4'), layers })
    expect(open.input.batch).toBe(4)
    await expectOnnxGoldens(open)
    const hidden = await chooseNetwork({ model: onnxGolden('hidden-batch'), layers: ['row', 'conv'] })
    expect(hidden.input.batch).toBe(1)
    const { row } = await runOnnxGolden(hidden)
    expectClose(row, onnxFeatures.features)
  })

  it('may keep its data in a file beside it, where nothing is written', async () => {
    const model = folder('own.onnx')
    const data = readFileSync(join(dirname(onnxGolden('external')), 'external.data'))
    copyFileSync(onnxGolden('external'), model)
    writeFileSync(folder('external.data'), data)
    for (const layers of [['conv', 'features'], ['features']])
      await expectOnnxGoldens(await chooseNetwork({ model, layers }))
    expect(readdirSync(folder()).sort()).toEqual(['cache', 'external.data', 'own.onnx'])
    data.writeFloatLE(Number.NaN, 0)
    writeFileSync(folder('external.data'), data)
    expect(await messageOf(chooseNetwork({ model, layers: ['flat', 'features'] }))).toContain(
      'gives NaN, so the network',
    )
  })
})

/** A model that gives the image as its features, if the operator exists. */
async function copying(shape: readonly (number | string)[], operator = 'Identity'): Promise<string> {
  const about = { inputs: [{ name: 'image', shape }], outputs: [{ name: 'features', shape: [] }] }
  const nodes = [node(operator, ['image'], 'features')]
  await writeModel(folder('copying.onnx'), { name: 'copying', ...about, initializers: [], nodes })
  return folder('copying.onnx')
}

describe('an ONNX file is refused', () => {
  it.each([
    ['two-inputs', 'has 2 inputs, "image", "other"'],
    ['vector', 'float32 [N, 5], which is not a batch of images'],
    ['oblong', '[N, 3, 8, 9], which is not square'],
  ])('for what it takes: %s', async (name, message) => {
    expect(await messageOf(inputOf(onnxGolden(name)))).toContain(message)
  })

  it.each([
    [[1, 3, 5000, 5000], 'images larger than 4096 pixels'],
    [[100_000, 3, 100, 100], 'a batch of more than 1 GiB'],
  ])('for what it takes too much of: %j', async (shape, message) => {
    expect(await messageOf(inputOf(await copying(shape)))).toContain(message)
  })

  it('for a number of channels other than 3 and 1', async () => {
    for (const shape of [
      ['N', 4, 8, 8],
      ['N', 8, 8, 2],
      ['N', 5, 8, 'w'],
    ])
      expect(await messageOf(inputOf(await copying(shape)))).toContain('which has neither 3 channels nor 1')
  })

  it('for a mean of each colour, if its pictures are grey', async () => {
    const reference = parseReference({ model: onnxGolden('grey'), input: 'imagenet' })
    expect(await messageOf(networkFile(reference).then(adapterOf), UsageError)).toContain(
      'expects grey images, but the preprocessing (options) has a mean or std for each colour; give one number each',
    )
  })

  it('for no length of −1, which is any', async () => {
    const { input } = await inputOf(await copying([1, 3, -1, -1]))
    expect(input).toMatchObject({ batch: 1, rows: 224, cols: 224 })
  })

  it.each([
    ['plain', [], UsageError, 'its outputs "features"'],
    ['plain', ['features', 'relu'], UsageError, 'the most similar tensors that can be read are "/relu/Relu_output_0"'],
    ['plain', ['feautres'], UsageError, 'that can be read are "features"'],
    ['types', ['features', 'class'], InputError, 'layer "class" of'],
    [
      'types',
      ['class'],
      InputError,
      'has values of type int64, but features must be float32, float16, float64, uint8, int8',
    ],
    ['types', ['mean'], InputError, 'has the shape [5] for 1 image, but features need one row per image'],
  ] as const)('%s with the layers %j', async (name, asked, type, message) => {
    expect(await messageOf(chooseNetwork({ model: onnxGolden(name), layers: asked }), type)).toContain(message)
  })

  it('when it does not run', async () => {
    const model = readFileSync(onnxGolden('plain'))
    model.write('X', model.indexOf('GlobalAveragePool'))
    writeFileSync(folder('broken.onnx'), model)
    for (const broken of [folder('broken.onnx'), await copying([1, 3, 8, 8], 'constructor')])
      expect(await messageOf(chooseNetwork({ model: broken }))).toContain('ONNX Runtime cannot open')
  })
})

describe('layers that are not named', () => {
  it('are the last output and what enters the last fully connected layer', async () => {
    const layersOf = async (path: string) => (await chooseNetwork({ model: path })).layers
    const both = [
      { name: 'flat', dims: 4 },
      { name: 'features', dims: 5 },
    ]
    for (const name of ['plain', 'types']) expect(await layersOf(onnxGolden(name))).toEqual(both)
    expect(await layersOf(exported('squeezenet'))).toEqual([{ name: 'feature', dims: 20 }])
    expect(await layersOf(exported('vit'))).toMatchObject([{ dims: 32 }, { dims: 20 }])
  })

  it('are found once: a second time nothing is run', async () => {
    const choice = { model: onnxGolden('types'), layers: ['half', 'conv'], pool: 'center' } as const
    const first = await chooseNetwork(choice)
    expect(first.pool).toBe('center')
    expect(await chooseNetwork(choice)).toEqual(first)
    const whole = readFileSync(first.onnxPath)
    writeFileSync(first.onnxPath, whole.subarray(0, 100))
    expect(await chooseNetwork(choice)).toEqual(first)
    expect(readFileSync(first.onnxPath).equals(whole)).toBe(true)
    const [name = ''] = readdirSync(folder('cache/graphs')).filter((entry) => entry.startsWith('layers-'))
    const change = (from: string, to: string) => {
      const text = readFileSync(folder('cache/graphs', name), 'utf8')
      writeFileSync(folder('cache/graphs', name), text.replace(from, to))
    }
    change('"dims":5', '"dims":6')
    expect((await chooseNetwork(choice)).layers[0]?.dims).toBe(6)
    // A graph outside of the cache is not taken.
    for (const end of ['', '.sha256'])
      copyFileSync(`${first.onnxPath}${end}`, folder(`${basename(first.onnxPath)}${end}`))
    change('"graph":"', '"graph":"../../')
    expect(await chooseNetwork(choice)).toEqual(first)
  })
})

describe('networks of other types', () => {
  it.each([
    ['in float16, which they take and give', 'half', ['conv', 'features'], 2],
    ['in float64, channels last', 'double', ['features64', 'conv'], 5],
    ['layers of other types inside', 'types', ['half'], 2],
  ] as const)('compute %s', async (_, name, layers, digits) => {
    const found = await runOnnxGolden(await chooseNetwork({ model: onnxGolden(name), layers }))
    for (const layer of layers) expectClose(found[layer], onnxFeatures[layer === 'conv' ? layer : 'features'], digits)
  })

  it('take bytes', async () => {
    const network = await chooseNetwork({ model: onnxGolden('bytes'), layers: ['features'] })
    const scaled = onnxFeatures.features?.map((value) => value * 17)
    expectClose((await runOnnxGolden(network, 17)).features, scaled, 3)
  })

  it('compute in eight bits', async () => {
    const { features = [] } = await runOnnxGolden(await chooseNetwork({ model: onnxGolden('quantised') }))
    const largest = Math.max(...(onnxFeatures.features as number[]).map(Math.abs))
    onnxFeatures.features?.forEach((value, i) => {
      expect(Math.abs(value - (features[i] as number))).toBeLessThan(0.05 * largest)
    })
  })
})

describe('pooled maps', () => {
  const map = (channel: number) => (onnxFeatures.conv as number[]).slice(channel * 36, (channel + 1) * 36)
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const pools: [Pool, (values: readonly number[]) => number][] = [
    ['mean', mean],
    ['max', (values) => Math.max(...values)],
    ['center', (values) => values[2 * 6 + 2] as number],
  ]

  it.each(pools)('have one value a channel, without that of a class token: %s', async (pool, of) => {
    const layers = ['conv', 'last', 'rows', 'tokens', 'features']
    const network = await chooseNetwork({ model: onnxGolden('tokens'), layers, pool })
    expect(network.layers).toEqual(
      layers.map((name) => expect.objectContaining({ name, dims: name === 'features' ? 5 : 4 })),
    )
    expect(network.layers.some(({ isMap }) => isMap)).toBe(false)
    const features = await runOnnxGolden(network)
    const maps = [0, 1, 2, 3].map(map)
    for (const layer of ['conv', 'last', 'rows', 'tokens']) expectClose(features[layer], maps.map(of))
    expectClose(features.features, onnxFeatures.features)
  })

  it('are flattened without a pool, and a map of the catalog’s networks can be read too', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet', layers: ['pool3', 'fc6'] })
    expect(network.layers).toEqual([
      { name: 'pool3', dims: 64 * 36, isMap: true },
      { name: 'fc6', dims: 768 },
    ])
    const pooled = await chooseNetwork({ model: 'tiny-alexnet', layers: ['pool3'], pool: 'mean' })
    expect(pooled).toMatchObject({ id: 'tiny-alexnet', layers: [{ name: 'pool3', dims: 64 }], pool: 'mean' })
    expect(pooled.weightsSha256).toBe(network.weightsSha256)
    await expect(chooseNetwork({ model: 'tiny-alexnet', layers: ['pool33'] })).rejects.toThrow(
      /no tensor "pool33"; the most similar tensors that can be read are "pool3"/,
    )
    await expect(chooseNetwork({ model: 'tiny-alexnet', layers: [] })).rejects.toThrow(UsageError)
  })
})

describe('an inspected network', () => {
  it('lists every tensor that can be read, with what suggests itself', async () => {
    const { inputs, outputs, input, tensors, classes } = await inspectModel(onnxGolden('types'))
    expect(inputs).toEqual([{ name: 'image', type: 'float32', shape: ['N', 3, 8, 8] }])
    expect(outputs.map(({ name }) => name)).toEqual(['features'])
    expect(input).toMatchObject({ name: 'image', rows: 8, source: 'assumed' })
    expect(classes).toMatchObject({ layer: 'features', source: 'their numbers, since nothing names them' })
    const of = (name: string) => tensors.find((tensor) => tensor.name === name)
    // The class is a whole number, the mean has no row for each image.
    expect(tensors.map(({ name }) => name)).toEqual(['conv', '/relu/Relu_output_0', 'pool', 'flat', 'features', 'half'])
    const conv = { name: 'conv', op: 'Conv', shape: [4, 6, 6], dims: 144, type: 'float32' }
    expect(of('conv')).toEqual({ ...conv, suggested: false, default: false })
    expect(of('/relu/Relu_output_0')).toMatchObject({ suggested: true, default: false })
    expect(of('flat')).toMatchObject({ op: 'Flatten', shape: [4], suggested: true, default: true })
    expect(of('features')).toMatchObject({ suggested: true, default: true })
    expect(of('half')).toMatchObject({ type: 'float16', suggested: false })
  })

  it.each([
    ...['channels-last', 'batch-of-4', 'hidden-batch', 'external', 'half', 'double', 'bytes', 'quantised', 'open-size'],
  ])('may be %s', async (name) => {
    const { tensors } = await inspectModel(onnxGolden(name))
    const side = name === 'open-size' ? 222 : 6
    expect(tensors).toContainEqual(expect.objectContaining({ name: 'conv', op: 'Conv', shape: [4, side, side] }))
    expect(tensors).toContainEqual(expect.objectContaining({ name: 'flat', dims: 4, default: true }))
  })

  it('marks the tensors that are read by default, and no tensor of five axes', async () => {
    const model = folder('five.onnx')
    await writeModel(model, {
      ...{ name: 'five', inputs: [{ name: 'image', shape: ['N', 3, 8, 8] }] },
      outputs: [{ name: 'features', shape: ['N', 192] }],
      initializers: [{ name: 'shape', shape: [5], int64: [-1, 3, 2, 4, 8] }, weightsOf('weight', 8, 8)],
      nodes: [
        node('Reshape', ['image', 'shape'], 'windows'),
        node('MatMul', ['windows', 'weight'], 'product'),
        node('Flatten', ['product'], 'features'),
      ],
    })
    const { tensors } = await inspectModel(model)
    expect(tensors.find(({ name }) => name === 'windows')?.shape).toEqual([3, 2, 4, 8])
    const marked = tensors.filter((tensor) => tensor.default).map(({ name }) => name)
    expect(marked).toEqual((await chooseNetwork({ model })).layers.map(({ name }) => name))
  })

  it('may be one of the catalog, and a transformer', async () => {
    const { tensors, classes } = await inspectModel('tiny-alexnet')
    expect(tensors.filter((tensor) => tensor.default).map(({ name }) => name)).toEqual(['fc6', 'fc7', 'fc8'])
    expect(classes?.names).toHaveLength(627)
    const vit = await inspectModel(exported('vit'))
    expect(vit.tensors.filter((tensor) => tensor.suggested).map(({ shape }) => shape)).toEqual([[17, 32], [32], [20]])
    const resnet = await inspectModel(exported('resnet18'))
    const ends = resnet.tensors.filter((tensor) => tensor.suggested).map(({ op, shape }) => `${op} ${shape}`)
    expect(ends).toEqual([
      ...['Relu 8,32,32', 'Relu 8,16,16', 'Relu 16,8,8', 'Relu 32,4,4', 'Relu 64,2,2', 'Flatten 64', 'Gemm 20'],
    ])
  })
})

describe('names like a mistyped one', () => {
  it('contain it, or differ from it in few letters', () => {
    const names = ['conv1', 'fc7', '/features/fc6/Gemm_output_0', 'fc60', 'relu']
    expect(nearestNames('fc6', names, 2)).toEqual(['fc60', '/features/fc6/Gemm_output_0'])
    expect(nearestNames('fc7', names, 1)).toEqual(['fc7'])
    expect(nearestNames('reul', names, 1)).toEqual(['relu'])
    expect(nearestNames('fc6', [], 3)).toEqual([])
  })
})
