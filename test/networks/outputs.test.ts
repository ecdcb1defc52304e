import { writeFileSync } from 'node:fs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/errors.js'
import { outputOf } from '../../src/network.js'
import { inspectModel } from '../../src/networks/models/inspection.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import type { GivenReference } from '../../src/networks/reference/reference.js'
import { ElementType } from '../../src/onnx/format/messages.js'
import { type Initializer, type Node, writeModel } from '../../src/onnx/format/onnxModel.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'
import { constantOf, node, weightsOf } from '../support/smallNetwork.js'

const folder = networkFolder()
type Options = Omit<GivenReference, 'model'>

const BODY = [
  node('Conv', ['image', 'filters'], 'map', { strides: [2, 2] }),
  node('GlobalAveragePool', ['map'], 'pooled'),
  node('Flatten', ['pooled'], 'flat'),
  node('Relu', ['flat'], 'feature'),
]
const INITIALIZERS = [
  weightsOf('filters', 8, 3, 3, 3),
  weightsOf('ten', 8, 10),
  weightsOf('seven', 8, 7),
  weightsOf('wide', 8, 16),
  weightsOf('pointwise', 10, 8, 1, 1),
  { name: 'rows', shape: [3], int64: [-1, 8, 49] },
  { name: 'zero', shape: [1], int64: [0] },
  { name: 'many', shape: [1], int64: [48] },
  { name: 'two', shape: [1], int64: [2] },
]
const SCORES = node('MatMul', ['feature', 'ten'], 'y')

/** Writes a network of 16 pixels with these nodes after `BODY`, and returns its path. The shapes are left open. */
async function written(
  nodes: readonly Node[],
  outputs: Readonly<Record<string, readonly (number | string)[]>>,
  more: readonly Initializer[] = [],
) {
  const path = folder('net.onnx')
  await writeModel(path, {
    name: 'net',
    inputs: [{ name: 'image', shape: ['N', 3, 16, 16] }],
    outputs: Object.entries(outputs).map(([name, shape]) => ({
      ...{ name, shape },
      ...(name === 'label' && { elements: ElementType.INT32 }),
    })),
    nodes: [...BODY, ...nodes],
    initializers: [...INITIALIZERS, ...more],
  })
  return path
}

const read = async (model: string, options: Options = {}) => {
  const { layers, classes } = await chooseNetwork({ model, ...options })
  return { layers: layers.map(({ name }) => name), classes: classes?.layer }
}

describe('by default, a network is read at', () => {
  it.each<[string, readonly Node[], Readonly<Record<string, readonly string[]>>, readonly string[], string?]>([
    ['scores and the input of their layer', [SCORES], { y: ['N', 'C'] }, ['feature', 'y'], 'y'],
    ['scores that come before an embedding', [SCORES], { y: ['N', 'C'], flat: ['N', 'D'] }, ['flat', 'y'], 'y'],
    [
      'scores that come before a label',
      [SCORES, node('ArgMax', ['y'], 'best', { axis: 1 }), node('Cast', ['best'], 'label', { to: ElementType.INT32 })],
      { y: ['N', 'C'], label: ['N', '?'] },
      ['feature', 'y'],
      'y',
    ],
    [
      'the deepest of several scores',
      [node('MatMul', ['flat', 'ten'], 'early'), SCORES],
      { y: ['N', 'C'], early: ['N', 'C'] },
      ['feature', 'y'],
      'y',
    ],
    [
      'scores of a 1×1 convolution and the pooled map before it',
      [node('Conv', ['pooled', 'pointwise'], 'scores'), node('Flatten', ['scores'], 'y')],
      { y: ['N', 'C'] },
      ['pooled', 'y'],
      'y',
    ],
    ['an embedding', [], { feature: ['N', 'D'] }, ['feature']],
    ['an embedding that comes before a map', [], { feature: ['N', 'D'], map: ['N', '8', '7', '7'] }, ['feature']],
    ['a map', [], { map: ['N', '8', '7', '7'] }, ['map']],
    ['tokens', [node('Reshape', ['map', 'rows'], 'y')], { y: ['N', '8', '49'] }, ['y']],
  ])('%s', async (_, nodes, outputs, layers, classes) => {
    const model = await written(nodes, outputs)
    expect(await read(model)).toEqual({ layers, classes })
    const { tensors } = await inspectModel(model)
    expect(tensors.flatMap((tensor) => (tensor.default ? [tensor.name] : [])).sort()).toEqual([...layers].sort())
  })
})

const TWO_HEADS = { y: ['N', 10], other: ['N', 7] }
const OTHER = node('MatMul', ['flat', 'seven'], 'other')

describe('the layer with class scores', () => {
  it('is the one that the user names', async () => {
    const model = await written([SCORES, OTHER], TWO_HEADS)
    expect(await read(model)).toMatchObject({ classes: 'y' })
    expect(await read(model, { layers: ['other'] })).toEqual({ layers: ['other'], classes: 'other' })
    expect(await read(model, { layers: ['flat'] })).toEqual({ layers: ['flat'], classes: undefined })
  })

  it('is the one with as many values as NAME.labels.json has names', async () => {
    const model = await written([SCORES, OTHER], TWO_HEADS)
    expect(await read(model)).toEqual({ layers: ['feature', 'y'], classes: 'y' })
    writeFileSync(folder('net.labels.json'), JSON.stringify([...'abcdefg']))
    expect(await read(model)).toEqual({ layers: ['y', 'other'], classes: 'other' })
    const { outputs, classes } = await inspectModel(model)
    expect(outputs.map(({ kind }) => kind)).toEqual(['embedding', 'scores'])
    expect(classes?.names).toEqual([...'abcdefg'])
    writeFileSync(folder('net.labels.json'), JSON.stringify(['a']))
    await expect(read(model)).rejects.toThrow('names 1 class, but the network has 10')
  })

  it('must be read where the user says what its scores mean', async () => {
    const model = await written([SCORES], { y: ['N', 10] })
    const message = await messageOf(chooseNetwork({ model, layers: ['flat'], scores: 'sigmoid' }), UsageError)
    expect(message).toBe(
      `no layer that is read from ${model} has class scores, so \`scores sigmoid\` has no effect; leave it out, or say which output has them with \`outputKind NAME=scores\``,
    )
  })
})

describe('the integers of an 8-bit graph', () => {
  it('are read as the values that they stand for', async () => {
    const places = ['scale', 'offset']
    const initializers = [constantOf('scale', [], 0.25), constantOf('offset.float', [], -100)]
    const nodes = [
      node('Cast', ['offset.float'], 'offset', { to: ElementType.INT8 }),
      node('QuantizeLinear', ['map', ...places], 'integers'),
      node('DequantizeLinear', ['integers', ...places], 'values'),
      node('Flatten', ['values'], 'y'),
    ]
    const model = await written(nodes, { y: ['N', 392] }, initializers)
    const network = await chooseNetwork({ model, layers: ['integers', 'values'] })
    const session = await InferenceSession.create(network.onnxPath, { logSeverityLevel: 4 })
    const image = new Tensor(
      'float32',
      Float32Array.from({ length: 768 }, (_, i) => Math.sin(i)),
      [1, 3, 16, 16],
    )
    const results = await session.run({ [network.input.name]: image }, network.layers.map(outputOf))
    const [integers, values] = network.layers.map((layer) => results[outputOf(layer)]?.data)
    expect(integers).toEqual(values)
    expect(new Set(values as Float32Array).size).toBeGreaterThan(5)
    const pooled = await chooseNetwork({ model, layers: ['integers'], pool: 'mean' })
    expect(pooled.layers).toMatchObject([{ dims: 8 }])
  })
})

it('a network that gives only a label is refused with a layer that can be read', async () => {
  const model = await written(
    [SCORES, node('ArgMax', ['y'], 'best', { axis: 1 }), node('Cast', ['best'], 'label', { to: ElementType.INT32 })],
    { label: ['N', '?'] },
  )
  expect(await messageOf(chooseNetwork({ model }))).toBe(
    `${model} has no output with features: "label" has values of type int32; name the layer that they are computed from, such as \`layers y\`, or export the network with its class scores as an output`,
  )
  expect(await read(model, { layers: ['y'] })).toMatchObject({ layers: ['y'] })
})

describe('the option outputKind', () => {
  const ALL = node('Reshape', ['map', 'rows'], 'rows.all')

  it('turns class scores into an embedding, and an embedding into class scores', async () => {
    const model = await written([SCORES], { y: ['N', 10] })
    expect(await read(model, { outputKind: 'embedding' })).toEqual({ layers: ['feature', 'y'], classes: undefined })
    const features = await written([], { feature: ['N', 8] })
    expect(await read(features)).toMatchObject({ classes: undefined })
    expect(await read(features, { outputKind: 'scores' })).toMatchObject({ classes: 'feature' })
  })

  it('chooses the class scores among several outputs', async () => {
    const model = await written([SCORES, OTHER], TWO_HEADS)
    expect(await read(model, { outputKind: 'other=scores' })).toEqual({ layers: ['y', 'other'], classes: 'other' })
    expect(await messageOf(read(model, { outputKind: 'scores' }), UsageError)).toBe(
      `${model} has several outputs; use \`outputKind NAME=scores\` with one of its outputs "y", "other"`,
    )
    expect(await messageOf(read(model, { outputKind: 'z=scores' }), UsageError)).toContain('has no output "z"')
  })

  it('is asked for where an output can be tokens or boxes', async () => {
    const model = await written([node('Slice', ['rows.all', 'zero', 'many', 'two'], 'y'), ALL], { y: ['N', 'A', 'B'] })
    const message = await messageOf(chooseNetwork({ model }), UsageError)
    expect(message).toBe(
      `the output "y" of ${model} has the shape [8, 48] for each image, which fits tokens and boxes; say which with \`outputKind tokens\` or \`outputKind boxes\`, or name other \`layers\``,
    )
    expect(await read(model, { outputKind: 'boxes' })).toEqual({ layers: ['y'], classes: undefined })
    expect(await read(model, { layers: ['flat'] })).toMatchObject({ layers: ['flat'] })
    const { outputs, tensors } = await inspectModel(model)
    expect(outputs).toMatchObject([{ kind: null, shape: ['N', 8, 48] }])
    expect(tensors.filter((tensor) => tensor.default)).toEqual([])
    expect(await messageOf(chooseNetwork({ model, outputKind: 'scores' }), UsageError)).toContain(
      'the output "y" has the shape [8, 48] for each image, so it cannot be read as scores',
    )
  })

  it('cannot make class scores of one value, and is not advised for it', async () => {
    const nodes = [node('MatMul', ['feature', 'single'], 'product'), node('Sigmoid', ['product'], 'y')]
    const model = await written(nodes, { y: ['N', 1] }, [weightsOf('single', 8, 1)])
    expect(await messageOf(chooseNetwork({ model, outputKind: 'scores' }), UsageError)).toBe(
      'the output "y" has one value for each image, but an answer needs a score for each of at least two classes; export the network with two scores',
    )
    expect(await messageOf(chooseNetwork({ model, scores: 'sigmoid' }), UsageError)).toMatch(
      /has no effect; leave it out$/,
    )
    expect(await read(model)).toEqual({ layers: ['feature', 'y'], classes: undefined })
  })

  it('must be a kind', async () => {
    expect(await messageOf(chooseNetwork({ model: 'x.onnx', outputKind: 'y=vector' }), UsageError)).toBe(
      'option outputKind must be KIND or NAME=KIND, where KIND is scores, embedding, labels, tokens, map, boxes, other, not the text "y=vector"',
    )
    const own = chooseNetwork({ model: 'tiny-alexnet', outputKind: 'embedding' })
    expect(await messageOf(own, UsageError)).toContain('leave `outputKind` out')
  })
})
