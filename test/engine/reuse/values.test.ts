import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { threadBackend } from '../../../src/engine/backends/thread.js'
import { largestDistance } from '../../../src/engine/features/distance.js'
import { cellBackend } from '../../../src/engine/reuse/cellBackend.js'
import { cellGraphs } from '../../../src/engine/reuse/cellGraphs.js'
import { CELL_OPERATORS, OPERATOR_SETS } from '../../../src/engine/reuse/cellOperators.js'
import { cellSteps } from '../../../src/engine/reuse/cellSteps.js'
import { plannedReuse } from '../../../src/engine/reuse/expected.js'
import { sceneKeys } from '../../../src/engine/reuse/sceneKeys.js'
import { positionGrid, positionRange } from '../../../src/engine/scene/positions.js'
import { sceneOf } from '../../../src/engine/scene/scene.js'
import type { Scene } from '../../../src/engine/scene/task.js'
import type { Network } from '../../../src/network.js'
import { readOnnxFile } from '../../../src/onnx/format/onnxFile.js'
import { type Attribute, type Initializer, type Node, writeModel } from '../../../src/onnx/format/onnxModel.js'
import { analysedGraph } from '../../../src/onnx/graph/analysis.js'
import { type Background, noise } from '../../../src/patches/background.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { sharedNetworkFolder } from '../../support/networkFolder.js'
import { randomOf } from '../../support/random.js'
import { randomCases } from '../../support/randomCases.js'
import { describedNetwork } from '../../support/smallNetwork.js'
import { stripes } from '../../support/stripes.js'

const FRAME = 16
const PATCH = 6
const CHANNELS = 4

const inFolder = sharedNetworkFolder()

/** What layers write their nodes and constants to. */
interface Writer {
  readonly operatorSet: number
  node(operator: string, inputs: readonly string[], attributes?: Readonly<Record<string, Attribute>>): string
  /** @param from the smallest value */
  floats(shape: readonly number[], from?: number): string
  scalar(value: number): string
  numbers(values: readonly number[]): string
  integers(values: readonly number[]): string
}

/** Makes a map of four channels of another one. */
type Layer = (writer: Writer, input: string) => string

function writer(operatorSet: number) {
  const nodes: Node[] = []
  const initializers: Initializer[] = []
  const add = (
    shape: readonly number[],
    values: { int64: readonly number[] } | { float32: () => Promise<Float32Array> },
  ) => {
    const name = `constant${initializers.length}`
    initializers.push({ name, shape, ...values })
    return name
  }
  const made: Writer = {
    operatorSet,
    node: (operator, inputs, attributes = {}) => {
      const name = `${operator}${nodes.length}`
      const outputs = operator === 'Split' ? [name, `${name}.1`] : [name]
      nodes.push({ operator, name, inputs, outputs, attributes })
      return name
    },
    floats: (shape, from = -0.5) => {
      const length = shape.reduce((product, size) => product * size, 1)
      const values = Float32Array.from({ length }, (_, i) => from + (Math.sin(i + initializers.length) + 1) / 2)
      return add(shape, { float32: async () => values })
    },
    scalar: (value) => add([], { float32: async () => Float32Array.of(value) }),
    numbers: (values) => add([values.length], { float32: async () => Float32Array.from(values) }),
    integers: (values) => add([values.length], { int64: values }),
  }
  return { writer: made, nodes, initializers }
}

/** Weights fit the group of the attributes. */
function convolution(kernel: readonly number[], attributes: Record<string, Attribute> = {}, hasBias = true): Layer {
  return ({ node, floats }, input) => {
    const { group = 1 } = attributes
    const weights = floats([CHANNELS, CHANNELS / (group as number), ...kernel])
    return node('Conv', hasBias ? [input, weights, floats([CHANNELS])] : [input, weights], attributes)
  }
}

function alone(operator: string, attributes: Record<string, Attribute> = {}): Layer {
  return ({ node }, input) => node(operator, [input], attributes)
}

/** A node that takes constants of such shapes beside its input. @param from their smallest value */
function withConstants(operator: string, shapes: readonly number[][], from = -0.5): Layer {
  return ({ node, floats }, input) => node(operator, [input, ...shapes.map((shape) => floats(shape, from))])
}

/** @param value of the border, where the mode uses one */
function border(mode: string, [top = 0, left = 0, bottom = 0, right = 0]: readonly number[], value?: number): Layer {
  const pads = [0, 0, top, left, 0, 0, bottom, right]
  return ({ operatorSet, node, integers, scalar }, input) => {
    if (operatorSet < 11)
      return node('Pad', [input], { mode, pads, ...(value !== undefined && { value: { float: value } }) })
    return node('Pad', [input, integers(pads), ...(value === undefined ? [] : [scalar(value)])], { mode })
  }
}

/** Leaves a layer out of networks whose operators are older than a version. */
function since(version: number, layer: Layer): Layer {
  return (to, input) => (to.operatorSet < version ? input : layer(to, input))
}

function chain(...layers: readonly Layer[]): Layer {
  return (to, input) => layers.reduce((name, layer) => layer(to, name), input)
}

/** The sum, or another join, of what two layers make of the same input. */
function joined(operator: string, one: Layer, other: Layer): Layer {
  return (to, input) => to.node(operator, [one(to, input), other(to, input)], operator === 'Concat' ? { axis: 1 } : {})
}

const same: Layer = (_, input) => input
const padded = { pads: [1, 1, 1, 1] }
const perChannel = [CHANNELS, 1, 1]
const clip: Layer = ({ operatorSet, node, scalar }, input) =>
  operatorSet < 11
    ? node('Clip', [input], { min: { float: -0.3 }, max: { float: 0.4 } })
    : node('Clip', [input, scalar(-0.3)])
const bothHalves: Layer = (to, input) => {
  const halves = [input, convolution([3, 3], padded)(to, input)]
  return convolutionOf(to, to.node('Concat', halves, { axis: 1 }), 2 * CHANNELS, [1, 1])
}
function convolutionOf({ node, floats }: Writer, input: string, channels: number, kernel: readonly number[]): string {
  return node('Conv', [input, floats([CHANNELS, channels, ...kernel]), floats([CHANNELS])])
}

/** A Slice with these bounds. @param steps from operator set 10 on */
function sliced(starts: number[], ends: number[], axes?: number[], steps?: number[]): Layer {
  return ({ operatorSet, node, integers }, input) => {
    if (operatorSet < 10) return node('Slice', [input], { starts, ends, ...(axes && { axes }) })
    const lists = [starts, ends, ...(axes ? [axes] : []), ...(steps ? [steps] : [])]
    return node('Slice', [input, ...lists.map(integers)])
  }
}

/** A Resize by constant scales. */
function resized(scales: readonly number[], attributes: Record<string, Attribute> = {}): Layer {
  return since(13, ({ node, numbers }, input) => node('Resize', [input, '', numbers(scales)], attributes))
}

/** Channels in parts of these sizes, joined with the last part first. Without sizes, there are two equal parts. */
function splitAndJoined(sizes?: number[]): Layer {
  return ({ operatorSet, node, integers }, input) => {
    const isInput = sizes !== undefined && operatorSet >= 13
    const split = node('Split', isInput ? [input, integers(sizes)] : [input], {
      axis: 1,
      ...(sizes && !isInput && { split: sizes }),
      ...(!sizes && operatorSet >= 18 && { num_outputs: 2 }),
    })
    return node('Concat', [`${split}.1`, split], { axis: 1 })
  }
}

function castTo({ operatorSet }: Writer, to: number): Layer {
  return alone('Cast', { to, ...(operatorSet >= 19 && { saturate: 1 }) })
}

const ACTIVATIONS = ['Abs', 'Erf', 'Identity', 'Neg', 'Relu', 'Sigmoid', 'Softplus', 'Softsign', 'Tanh']

const LAYERS: Readonly<Record<string, Layer>> = {
  'a convolution': convolution([3, 2], { kernel_shape: [3, 2] }),
  'one without a bias': convolution([2, 3], {}, false),
  'one with strides and a border of rows alone': convolution([3, 3], { strides: [2, 1], pads: [1, 0, 2, 0] }),
  'one with dilations': convolution([3, 2], { dilations: [2, 3] }),
  'one that keeps the size by a border before': convolution([3, 4], { auto_pad: 'SAME_LOWER', strides: [2, 1] }),
  'one that keeps the size by a border behind': convolution([4, 3], { auto_pad: 'SAME_UPPER', strides: [1, 2] }),
  'one of each channel': convolution([3, 3], { group: CHANNELS, ...padded }),
  'one of each channel without a bias': convolution([3, 3], { group: CHANNELS }, false),
  'one of two groups': convolution([2, 3], { group: 2 }),
  'one of two groups without a bias': convolution([2, 3], { group: 2, ...padded }, false),
  'one of a pixel': convolution([1, 1]),
  'one of a pixel with a stride': convolution([1, 1], { strides: [2, 3] }),
  'a maximum': alone('MaxPool', { kernel_shape: [2, 3], strides: [2, 1], pads: [1, 1, 0, 2] }),
  'a maximum beyond the border': (to, input) =>
    to.node('MaxPool', [input], { kernel_shape: [3, 3], strides: [2, 2], ...(to.operatorSet > 9 && { ceil_mode: 1 }) }),
  'a maximum with all attributes': (to, input) =>
    to.node('MaxPool', [input], {
      ...{ kernel_shape: [3, 2], strides: [1, 2], storage_order: 0 },
      ...(to.operatorSet > 9 && { dilations: [1, 2], ceil_mode: 1 }),
    }),
  'a maximum that keeps the size': alone('MaxPool', { kernel_shape: [3, 2], auto_pad: 'SAME_UPPER' }),
  'a mean': alone('AveragePool', { kernel_shape: [3, 2], strides: [1, 2] }),
  'a mean with the border': alone('AveragePool', { kernel_shape: [3, 3], ...padded, count_include_pad: 1 }),
  'a mean that keeps the size': alone('AveragePool', {
    ...{ kernel_shape: [3, 2], auto_pad: 'SAME_LOWER', count_include_pad: 1 },
  }),
  'a mean of the last windows, too': since(10, alone('AveragePool', { kernel_shape: [2, 2], ceil_mode: 1 })),
  'a mean with dilations': since(19, alone('AveragePool', { kernel_shape: [2, 3], dilations: [2, 1] })),
  'zeros before a convolution': chain(border('constant', [1, 0, 2, 1]), convolution([3, 3])),
  'stated zeros before a convolution': chain(border('constant', [0, 1, 1, 0], 0), convolution([3, 3])),
  'a mirror': border('reflect', [2, 1, 0, 3]),
  'an edge': border('edge', [0, 2, 1, 0]),
  'a bound': clip,
  'a slope': withConstants('PRelu', [perChannel]),
  'a normalisation': (to, input) =>
    to.node('BatchNormalization', [input, ...[-0.5, -0.5, -0.5, 0.5].map((from) => to.floats([CHANNELS], from))], {
      ...{ epsilon: { float: 0.01 }, momentum: { float: 0.8 } },
      ...(to.operatorSet >= 14 && { training_mode: 0 }),
    }),
  'a normalisation over channels': alone('LRN', {
    ...{ size: 3, alpha: { float: 0.5 }, beta: { float: 0.6 }, bias: { float: 1.5 } },
  }),
  ...Object.fromEntries(ACTIVATIONS.map((operator) => [operator, alone(operator)])),
  Elu: alone('Elu', { alpha: { float: 0.7 } }),
  Exp: chain(alone('Tanh'), alone('Exp')),
  Gelu: since(20, alone('Gelu', { approximate: 'none' })),
  'Gelu by tanh': since(20, alone('Gelu', { approximate: 'tanh' })),
  HardSigmoid: alone('HardSigmoid', { alpha: { float: 0.3 }, beta: { float: 0.4 } }),
  HardSwish: since(14, alone('HardSwish')),
  LeakyRelu: alone('LeakyRelu', { alpha: { float: 0.2 } }),
  Mish: since(18, alone('Mish')),
  Selu: alone('Selu', { alpha: { float: 1.5 }, gamma: { float: 0.9 } }),
  'nothing dropped': (to, input) =>
    to.node('Dropout', [input], to.operatorSet < 12 ? { ratio: { float: 0.4 } } : { seed: 3 }),
  'a summand': withConstants('Add', [[1, ...perChannel]]),
  'a divisor': withConstants('Div', [perChannel], 0.5),
  'a difference from a constant': ({ node, floats }, input) => node('Sub', [floats([1]), input]),
  'a power': ({ node, scalar }, input) => node('Pow', [input, scalar(2)]),
  'the smaller of two windows': joined('Min', alone('MaxPool', { kernel_shape: [1, 3], pads: [0, 1, 0, 1] }), same),
  'the mean of two layers': joined('Mean', alone('Abs'), convolution([1, 3], { pads: [0, 1, 0, 1] })),
  'the sum of two layers': joined('Sum', alone('Neg'), convolution([3, 1], { pads: [1, 0, 1, 0] })),
  'a residual block': joined('Add', same, convolution([3, 3], padded)),
  'a product with what a wider window sees': joined('Mul', convolution([3, 3], padded), same),
  'the larger of two windows': joined('Max', alone('MaxPool', { kernel_shape: [3, 1], pads: [1, 0, 1, 0] }), same),
  'each row twice and each column three times': resized([1, 1, 2, 3]),
  ...Object.fromEntries(
    [
      ['asymmetric', 'floor'],
      ...['half_pixel', 'pytorch_half_pixel'].flatMap((mode) => [
        [mode, 'round_prefer_floor'],
        [mode, 'round_prefer_ceil'],
      ]),
    ].map(([coordinate_transformation_mode = '', nearest_mode = '']) => [
      `each pixel four times by ${nearest_mode}, ${coordinate_transformation_mode}`,
      resized([1, 1, 2, 2], { nearest_mode, coordinate_transformation_mode, mode: 'nearest' }),
    ]),
  ),
  'the same size': resized([1, 1, 1, 1], { mode: 'cubic', cubic_coeff_a: { float: -0.5 } }),
  'channels joined': bothHalves,
  'channels by their indices': ({ node, integers }, input) =>
    node('Gather', [input, integers([3, -2, 1, 1])], { axis: 1 }),
  'channels backwards': since(10, sliced([-1], [Number.MIN_SAFE_INTEGER], [1], [-1])),
  'channels between others, twice': joined('Concat', sliced([1], [3], [1]), sliced([-3], [-1], [-3])),
  'channels up to an end beyond the last': joined('Concat', sliced([2], [99], [1]), sliced([0, 0], [2, 99], [1, 3])),
  'all channels, by a bound of every axis': sliced([0, 0, 0, 0], [99, 4, 99, 99]),
  'channels split and joined in another order': splitAndJoined([1, 3]),
  'channels split into equal parts': splitAndJoined(),
  'another type and back': (to, input) =>
    chain(castTo(to, 11), alone('Abs'), border('edge', [1, 0, 0, 2]), castTo(to, 1))(to, input),
}

interface Written {
  readonly network: Network
  readonly steps: ReturnType<typeof cellSteps>
  readonly graph: ReturnType<typeof readOnnxFile>['graph']
}

let written = 0

/** A network whose feature is the whole map of the last of some layers. */
function networkOf(made: readonly Layer[], operatorSet: number): Promise<Written> {
  return networkOfImage(
    chain((to, image) => convolutionOf(to, image, 3, [3, 3]), ...made),
    operatorSet,
    imagenetInput,
  )
}

async function networkOfImage(layer: Layer, operatorSet: number, recipe: Network['input']): Promise<Written> {
  const { writer: to, nodes, initializers } = writer(operatorSet)
  const last = layer(to, 'image')
  to.node('Flatten', [last])
  const output = nodes.at(-1)?.outputs[0] as string
  const onnxPath = inFolder(`${written++}.onnx`)
  const inputs = [{ name: 'image', shape: ['N', 3, FRAME, FRAME] }]
  const outputs = [{ name: output, shape: ['N', 'D'] }]
  await writeModel(onnxPath, { name: 'layers', inputs, outputs, initializers, nodes, operatorSet })
  const input = { ...recipe, rows: FRAME, cols: FRAME }
  const { graph } = readOnnxFile(onnxPath)
  const steps = cellSteps(analysedGraph(graph, input))
  const { channels, rows, cols } = steps.shapes.get(last) ?? { channels: 0, rows: 0, cols: 0 }
  const layers = [{ name: 'map', output, dims: channels * rows * cols }]
  return { network: describedNetwork({ onnxPath, input, layers }), steps, graph }
}

/** A patch with a transparent corner and holes. */
const patch = stripes(PATCH, (pixel) =>
  pixel % PATCH < 1 || pixel < PATCH ? 0 : ([255, 60, 200][pixel % 3] as number),
)
const backgrounds: readonly Background[] = [{ rgb: [20, 90, 250] }, { image: noise(1, FRAME, FRAME) }]
/** A patch that is larger than the frame, so that each image is a part of it. */
const larger = stripes(FRAME + 10, (pixel) => [255, 255, 200][pixel % 3] as number)
const SCENES = backgrounds.flatMap((one) =>
  [patch, larger].flatMap((drawn) => [sceneOf(drawn, one), sceneOf(drawn, one, 'soft')]),
)

/** The corners, the borders and a few places between, in no order. */
function offsetsOf({ patch: { size } }: Scene): Int32Array {
  const { first } = positionRange(FRAME, size)
  const along = [0, 10, 3, 1, 7]
  return Int32Array.from(along.flatMap((row) => along.flatMap((col) => [row, col === 3 ? 4 : col]))).map(
    (index) => first + index,
  )
}

/** Backends of a network: one that computes every image in full, and one that computes so many steps once. */
async function backendsOf({ network, graph, steps }: Written, scene: Scene, count: number) {
  const { input } = network
  const { output = '' } = network.layers[0] as Network['layers'][number]
  const graphs = await cellGraphs(network, graph, [output], steps, count, sceneKeys(steps, scene, input).sources)
  const work = { graphs, steps: steps.steps.slice(0, count), shapes: steps.shapes }
  const data = { input, outputs: [output], threads: 1 }
  return {
    plain: await threadBackend({ backend: 'thread', onnxPath: network.onnxPath, ...data }),
    reusing: await cellBackend({ backend: 'cells', cells: work, ...data }),
  }
}

/** How far features of a scene are from the plain way's when so many steps are computed once. */
async function distanceWith(made: Written, scene: Scene, count: number): Promise<number> {
  const { plain, reusing } = await backendsOf(made, scene, count)
  const { dims } = made.network.layers[0] as Network['layers'][number]
  const offsets = offsetsOf(scene)
  const featuresBy = async (backend: typeof plain) => {
    const found = new Float32Array((offsets.length / 2) * dims)
    await backend([{ task: { id: 1, scene, batch: 10 }, offsets }], (first, images, [layer]) => {
      expect(layer).toHaveLength(images * dims)
      found.set((layer as Float32Array).subarray(0, found.length - first * dims), first * dims)
    })
    return found
  }
  return largestDistance(await featuresBy(reusing), await featuresBy(plain), dims)
}

describe('values computed once', () => {
  it.each(Object.keys(LAYERS))('are those of every image by itself: %s', async (name) => {
    const random = randomOf(1, name, 0)
    for (const operatorSet of [OPERATOR_SETS.oldest, OPERATOR_SETS.newest]) {
      const made = await networkOf([LAYERS[name] as Layer, convolution([2, 2], { strides: [2, 2] })], operatorSet)
      expect(made.steps.reason).toMatch(/^Flatten ".*" cannot be computed cell by cell$/)
      const { length } = made.steps.steps
      // The plan shares the values of all layers, because this is faster.
      const planned = await plannedReuse(made.network, SCENES[0] as Scene, positionGrid(FRAME, PATCH, 1).offsets)
      expect(planned).toMatchObject({ plan: { steps: length } })
      expect(await distanceWith(made, random.pick(SCENES), length)).toBeLessThan(1e-5)
    }
  })

  // Element types of bytes, 64-bit integers and float16.
  it.each([2, 7, 10])('may be handed on as pixels of another type (%i)', async (type) => {
    const raw = { ...imagenetInput, divisor: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const
    for (const operatorSet of [OPERATOR_SETS.oldest, OPERATOR_SETS.newest]) {
      const layers: Layer = (to, image) => {
        const { node, integers, scalar } = to
        const swapped = node('Gather', [castTo(to, type)(to, image), integers([2, 1, 0])], { axis: 1 })
        const scaled = node('Mul', [castTo(to, 1)(to, swapped), scalar(1 / 128)])
        return convolutionOf(to, scaled, 3, [3, 3])
      }
      const made = await networkOfImage(layers, operatorSet, raw)
      expect(made.steps.steps).toHaveLength(5)
      for (const cut of [1, 2, 3, 5]) expect(await distanceWith(made, SCENES[3] as Scene, cut)).toBeLessThan(1e-5)
    }
  })

  it('are computed by no further forward pass once the batch is stopped', async () => {
    const made = await networkOf([convolution([3, 3])], OPERATOR_SETS.newest)
    const scene = SCENES[0] as Scene
    const { plain, reusing } = await backendsOf(made, scene, 1)
    const images: number[] = []
    const put = (_first: number, count: number) => void images.push(count)
    const isStopped = () => images.length > 0
    await reusing([{ task: { id: 1, scene, batch: 10 }, offsets: offsetsOf(scene) }], put, { isStopped })
    expect(images).toEqual([9])
    await reusing([{ task: { id: 1, scene, batch: 10 }, offsets: offsetsOf(scene) }], put, { isStopped })
    await plain([{ task: { id: 1, scene }, offsets: offsetsOf(scene) }], put, { isStopped })
    expect(images).toEqual([9])
  })

  it('are tested with every operator and attribute that the table has', () => {
    const used = new Map<string, Set<string>>()
    for (const operatorSet of [OPERATOR_SETS.oldest, OPERATOR_SETS.newest]) {
      const { writer: to, nodes } = writer(operatorSet)
      for (const layer of Object.values(LAYERS)) layer(to, 'image')
      for (const { operator, attributes } of nodes)
        used.set(operator, new Set([...(used.get(operator) ?? []), ...Object.keys(attributes)]))
    }
    const listed = (attributes: Iterable<string> = []) => [...attributes].sort()
    for (const [operator, { attributes }] of CELL_OPERATORS)
      expect([operator, listed(used.get(operator))]).toEqual([operator, listed(attributes)])
  })

  it('are those of every image by itself for any stack of layers, cut anywhere', async () => {
    const layer = fc.constantFrom(...Object.keys(LAYERS))
    const drawn = fc.record({
      names: fc.array(layer, { minLength: 2, maxLength: 4 }),
      operatorSet: fc.integer({ min: OPERATOR_SETS.oldest, max: OPERATOR_SETS.newest }),
      scene: fc.constantFrom(...SCENES),
      cut: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(drawn, async ({ names, operatorSet, scene, cut }) => {
        const layers = names.map((name) => LAYERS[name] as Layer)
        const made = await networkOf(layers, operatorSet)
        const { length } = made.steps.steps
        fc.pre(made.network.layers[0]?.dims !== 0)
        expect(await distanceWith(made, scene, 1 + Math.round(cut * (length - 1)))).toBeLessThan(1e-5)
      }),
      { numRuns: randomCases(10), seed: 1 },
    )
  })
})
