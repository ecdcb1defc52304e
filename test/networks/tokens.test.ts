import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { featureMapOf } from '../../src/engine/features/featureMap.js'
import { UsageError } from '../../src/errors.js'
import { type Network, outputOf, type Pool } from '../../src/network.js'
import { inspectModel } from '../../src/networks/models/inspection.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'
import { node, smallNetwork, weightsOf } from '../support/smallNetwork.js'

const folder = networkFolder()
const golden = (name: string) => join(import.meta.dirname, '../golden/tokens', `${name}.onnx`)
/** PyTorch's maps [channels][rows][cols], by network and output. */
const expected: Readonly<Record<string, Readonly<Record<string, { map: number[][][]; stride: number }>>>> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/tokens/expected.json'), 'utf8'),
)
const SIZE = 12
const MEAN = [0.485, 0.456, 0.406]
const STD = [0.229, 0.224, 0.225]

/** The image of test/golden/make_tokens.py: an object, given by formula, in the center of a white frame. */
function image(side: number): Float32Array {
  const start = (side - SIZE) / 2
  return Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const [channel, row, col] = [Math.floor(i / side / side), Math.floor(i / side) % side, i % side]
    const [y, x] = [row - start, col - start]
    const value = (k: number) => ((4 * (y * SIZE + x) + k) * 37) % 256
    const isObject = y >= 0 && x >= 0 && y < SIZE && x < SIZE && value(3) >= 128
    return ((isObject ? value(channel) : 255) / 255 - (MEAN[channel] as number)) / (STD[channel] as number)
  })
}

async function featuresOf({ onnxPath, input, layers }: Network): Promise<readonly (readonly number[])[]> {
  const session = await InferenceSession.create(onnxPath)
  const { rows, cols } = input
  const images = new Tensor('float32', image(rows), [1, 3, rows, cols])
  const results = await session.run({ [input.name]: images }, layers.map(outputOf))
  return layers.map((layer) => Array.from((results[outputOf(layer)] as Tensor).data as Float32Array))
}

function expectNear(found: readonly number[] | undefined, wanted: readonly number[]) {
  const norm = Math.max(...wanted.map(Math.abs))
  expect(found?.map((value) => value / norm)).toEqual(wanted.map((value) => expect.closeTo(value / norm, 5)))
}

const POOLS: readonly (readonly [Pool, (map: number[][]) => number])[] = [
  ['mean', (map) => map.flat().reduce((sum, value) => sum + value) / map.flat().length],
  ['max', (map) => Math.max(...map.flat())],
  ['center', (map) => map[(map.length - 2) / 2]?.[(map.length - 2) / 2] as number],
]

describe.each(Object.entries(expected))('the maps of the transformer %s', (name, layers) => {
  const names = Object.keys(layers)

  it.each(POOLS)('are pooled without class and register tokens, as in PyTorch: %s', async (pool, of) => {
    const features = await featuresOf(await chooseNetwork({ model: golden(name), layers: names, pool }))
    for (const [i, { map }] of Object.values(layers).entries()) expectNear(features[i], map.map(of))
  })

  it('are PyTorch’s, and features that are not pooled stay as the graph has them', async () => {
    const network = await chooseNetwork({ model: golden(name), layers: names })
    expect(network.onnxPath).toBe(golden(name))
    const features = await featuresOf(network)
    for (const [i, { map, stride }] of Object.values(layers).entries()) {
      const found = featureMapOf(network, network.layers[i] as Network['layers'][number])
      const [channels, side] = [map.length, map[0]?.length]
      expect(found).toMatchObject({ channels, rows: side, cols: side, stride })
      const { first = 0, channelStep = 0, cellStep = 0 } = found?.order ?? {}
      const values = map.flatMap((rows, channel) =>
        rows.flat().map((_, cell) => features[i]?.[first + channel * channelStep + cell * cellStep] as number),
      )
      expectNear(values, map.flat(2))
    }
  })
})

const stated = (tokens?: number) => (tokens === undefined ? {} : { tokens })

describe('the number of tokens before a map', () => {
  it('is found by the graph, or stated', async () => {
    const choice = { model: golden('registers'), layers: ['tokens'] }
    const tokensOf = async (tokens?: number) =>
      (await chooseNetwork({ ...choice, ...stated(tokens) })).layers[0]?.tokens
    expect(await tokensOf()).toEqual({ axis: 1, before: 5, side: 4, channels: 8 })
    expect(await tokensOf(5)).toEqual(await tokensOf())
    // Another reading of 21 tokens.
    expect(await tokensOf(12)).toEqual({ axis: 1, before: 12, side: 3, channels: 8 })
    expect(await messageOf(tokensOf(2), UsageError)).toBe(
      'layer "tokens" has the shape [2, 21, 8], and no axis has a square map after 2 tokens; use another number of `tokens`',
    )
    expect(await messageOf(tokensOf(-1), UsageError)).toBe(
      'option tokens must be a whole number of at least 0, not number -1',
    )
  })

  it('is shown by inspectModel, which also takes a statement', async () => {
    const tokensOf = async (tokens?: number) =>
      (await inspectModel(golden('registers'), stated(tokens))).tensors.find(({ name }) => name === 'tokens')?.tokens
    expect(await tokensOf()).toEqual({ axis: 1, before: 5, side: 4 })
    expect(await tokensOf(12)).toEqual({ axis: 1, before: 12, side: 3 })
    expect(await tokensOf(2)).toBeUndefined()
  })

  it('is asked for when the graph tells nothing, and tokens are pooled', async () => {
    const { onnxPath: model } = await smallNetwork(folder('squares.onnx'), {
      side: 12,
      dims: 432,
      nodes: [node('Reshape', ['image', 'shape'], 'parts'), node('Flatten', ['parts'], 'feature')],
      initializers: [{ name: 'shape', shape: [3], int64: [0, 16, 27] }, weightsOf('unused', 1)],
    })
    const read = (pool: Pool, tokens?: number) => chooseNetwork({ model, layers: ['parts'], pool, ...stated(tokens) })
    expect(await messageOf(read('mean'), UsageError)).toBe(
      'layer "parts" has the shape [2, 16, 27], and nothing tells which values are a map of rows and columns; leave `pool` out, or state the number of tokens before a map, such as `tokens 1`',
    )
    expect((await read('mean', 0)).layers[0]).toMatchObject({ dims: 27, tokens: { axis: 1, side: 4 } })
    expect((await read('mean', 2)).layers[0]).toMatchObject({ dims: 16, tokens: { axis: 2, side: 5 } })
    expect((await read('none')).layers[0]).toEqual({ name: 'parts', dims: 432, isMap: true })
  })
})
