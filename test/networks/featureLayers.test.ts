import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { chooseNetwork, inspectModel, type Pool } from '../../src/networks/index.js'
import { networkFolder } from '../support/networkFolder.js'
import {
  expectClose,
  onnxFeatures as expected,
  onnxGolden as golden,
  runOnnxGolden as run,
} from '../support/onnxGoldens.js'

const folder = networkFolder()
const exported = (name: string) => join(import.meta.dirname, '../golden/exports', `${name}.onnx`)

describe('layers that are not named', () => {
  it('are the last output and what enters the last fully connected layer', async () => {
    const layersOf = async (path: string) => (await chooseNetwork({ model: path })).layers
    const both = [
      { name: 'flat', dims: 4 },
      { name: 'features', dims: 5 },
    ]
    for (const name of ['plain', 'types']) expect(await layersOf(golden(name))).toEqual(both)
    expect(await layersOf(exported('squeezenet'))).toEqual([{ name: 'feature', dims: 20 }])
    expect(await layersOf(exported('vit'))).toMatchObject([{ dims: 32 }, { dims: 20 }])
  })

  it('are found once: a second time nothing is run', async () => {
    const choice = { model: golden('types'), layers: ['half', 'conv'], pool: 'center' } as const
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
    const found = await run(await chooseNetwork({ model: golden(name), layers }))
    for (const layer of layers) expectClose(found[layer], expected[layer === 'conv' ? layer : 'features'], digits)
  })

  it('take bytes', async () => {
    const network = await chooseNetwork({ model: golden('bytes'), layers: ['features'] })
    const scaled = expected.features?.map((value) => value * 17)
    expectClose((await run(network, 17)).features, scaled, 3)
  })

  it('compute in eight bits', async () => {
    const { features = [] } = await run(await chooseNetwork({ model: golden('quantised') }))
    const largest = Math.max(...(expected.features as number[]).map(Math.abs))
    expected.features?.forEach((value, i) => {
      expect(Math.abs(value - (features[i] as number))).toBeLessThan(0.05 * largest)
    })
  })
})

describe('pooled maps', () => {
  const map = (channel: number) => (expected.conv as number[]).slice(channel * 36, (channel + 1) * 36)
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const pools: [Pool, (values: readonly number[]) => number][] = [
    ['mean', mean],
    ['max', (values) => Math.max(...values)],
    ['center', (values) => values[2 * 6 + 2] as number],
  ]

  it.each(pools)('have one value a channel: %s', async (pool, of) => {
    const network = await chooseNetwork({ model: golden('tokens'), layers: ['conv', 'last', 'rows', 'features'], pool })
    expect(network.layers.map(({ dims, isMap }) => [dims, isMap])).toEqual(
      [4, 4, 4, 5].map((dims) => [dims, undefined]),
    )
    const wanted = [0, 1, 2, 3].map((channel) => of(map(channel)))
    const features = await run(network)
    for (const layer of ['conv', 'last', 'rows']) expectClose(features[layer], wanted, 5)
    expectClose(features.features, expected.features, 5)
  })

  it.each(pools)('have a class token among them, where there is one: %s', async (pool, of) => {
    const { tokens } = await run(await chooseNetwork({ model: golden('tokens'), layers: ['tokens'], pool }))
    const withMean = (values: readonly number[]) => (pool === 'center' ? values : [mean(values), ...values])
    const wanted = [0, 1, 2, 3].map((channel) => of(withMean(map(channel))))
    expectClose(tokens, wanted, 5)
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
      /no tensor "pool33"; the most similar of those that can be read are "pool3"/,
    )
    await expect(chooseNetwork({ model: 'tiny-alexnet', layers: [] })).rejects.toThrow(UsageError)
  })
})

describe('an inspected network', () => {
  it('lists every tensor that can be read, with what suggests itself', async () => {
    const { inputs, outputs, input, tensors, classes } = await inspectModel(golden('types'))
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
    const { tensors } = await inspectModel(golden(name))
    const side = name === 'open-size' ? 222 : 6
    expect(tensors).toContainEqual(expect.objectContaining({ name: 'conv', op: 'Conv', shape: [4, side, side] }))
    expect(tensors).toContainEqual(expect.objectContaining({ name: 'flat', dims: 4, default: true }))
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
