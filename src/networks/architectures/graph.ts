import { readCheckpoint } from '../../checkpoint/checkpoint.js'
import { InputError } from '../../errors.js'
import type { OpenFile } from '../../files/openFile.js'
import { type CachedGraph, cachedGraph } from '../../onnx/edit/graphCache.js'
import { type Initializer, type Model, type Node, writeModel } from '../../onnx/format/onnxModel.js'
import {
  type Activation,
  type Architecture,
  type Blur,
  type Convolution,
  type Crop,
  type Deconvolution,
  type Layer,
  type Linear,
  outputsOf,
  parametersOf,
} from './layer.js'
import { type Weights, weightsFor } from './weights.js'

/**
 * Version of the graphs that this code makes. Increase it when the same weights give another graph, so that graphs in
 * users' caches are built again.
 */
const graphVersion = 1

/** The graph with the weights of a checkpoint, from the cache if it was built before. */
export function graphFile(architecture: Architecture, checkpoint: OpenFile, sha256: string): Promise<CachedGraph> {
  return cachedGraph(`${architecture.id}-${sha256.slice(0, 16)}-v${graphVersion}.onnx`, async (path) => {
    const weights = weightsFor(architecture, await readCheckpoint(checkpoint))
    await writeModel(path, graphOf(architecture, weights))
  })
}

/**
 * The input and all outputs have a batch axis, N, in front. Each feature is an output [N, dims] with a name such as
 * `fc6`. Batch normalisation is merged into the convolutions. Weights are read only when the graph is written.
 */
function graphOf(architecture: Architecture, weights: Weights): Model {
  const graph: Graph = { weights, nodes: [], initializers: [] }
  const { id, input, layers } = architecture
  addLayers(graph, layers, input.name)
  return {
    name: id,
    inputs: [{ name: input.name, shape: ['N', ...input.shape] }],
    outputs: outputsOf(layers).map(({ name, shape }) => ({ name, shape: ['N', ...shape] })),
    initializers: graph.initializers,
    nodes: graph.nodes,
  }
}

interface Graph {
  readonly weights: Weights
  readonly nodes: Node[]
  readonly initializers: Initializer[]
}

/** Each `add…` function appends nodes that read the tensor `input`, and returns the name of their output tensor. */
function addLayers(graph: Graph, layers: readonly Layer[], input: string): string {
  return layers.reduce((tensor, layer) => addLayer(graph, layer, tensor), input)
}

function addLayer(graph: Graph, layer: Layer, input: string): string {
  switch (layer.kind) {
    case 'convolution':
      return addConvolution(graph, layer, input)
    case 'deconvolution':
      return addDeconvolution(graph, layer, input)
    case 'max-pool':
      return addNode(graph, 'MaxPool', [input], { ...windowOf(layer), ...(layer.isCeiled && { ceil_mode: 1 }) })
    case 'blur':
      return addBlur(graph, layer, input)
    case 'local-response-norm': {
      const { size, alpha, beta } = layer
      return addNode(graph, 'LRN', [input], {
        size,
        alpha: { float: alpha },
        beta: { float: beta },
        bias: { float: 1 },
      })
    }
    case 'residual': {
      const shortcut = addLayers(graph, layer.shortcut, input)
      const sum = addNode(graph, 'Add', [addLayers(graph, layer.branch, input), shortcut])
      return addActivation(graph, layer.activation, sum)
    }
    case 'concatenation': {
      const joined = layer.branches.map((branch) => addLayers(graph, branch, input))
      return addNode(graph, 'Concat', joined, { axis: 1 })
    }
    case 'global-average-pool':
      return addNode(graph, 'GlobalAveragePool', [input])
    case 'flatten':
      return addNode(graph, 'Flatten', [input], { axis: 1 })
    case 'unflatten': {
      const { channels, rows, cols } = layer
      const shape = addOnce(graph, { name: 'unflatten.shape', shape: [4], int64: [-1, channels, rows, cols] })
      return addNode(graph, 'Reshape', [input, shape])
    }
    case 'linear':
      return addLinear(graph, layer, input)
    case 'pooled-feature':
      addNode(graph, 'Flatten', [addNode(graph, 'GlobalAveragePool', [input])], { axis: 1 }, layer.feature)
      return input
    case 'crop':
      return addCrop(graph, layer, input)
  }
}

function addConvolution(graph: Graph, layer: Convolution, input: string): string {
  const { batchNorm, groups, activation } = layer
  const weights = batchNorm === null ? graph.weights : mergedWeights(graph.weights, batchNorm)
  const tensors = [input, ...addWeights({ ...graph, weights }, { ...layer, batchNorm: null })]
  return addActivation(graph, activation, addNode(graph, 'Conv', tensors, { ...windowOf(layer), group: groups }))
}

/** Adds the tensors that a layer needs, and returns their names. */
function addWeights({ weights, initializers }: Graph, layer: Layer): readonly string[] {
  return parametersOf([layer]).map(({ key, shape }) => {
    initializers.push({ name: key, shape, float32: () => weights.read(key) })
    return key
  })
}

/** The weights and the bias of a convolution after its batch normalisation was merged into them. */
function mergedWeights(weights: Weights, batchNorm: string): Weights {
  let known: Promise<ChannelTransform> | undefined
  const transform = () => {
    known ??= batchNormTransform(weights, batchNorm)
    return known
  }
  return {
    path: weights.path,
    read: async (key) => {
      if (key.endsWith('.bias')) return Float32Array.from((await transform()).shift)
      return scaleOutputs(await weights.read(key), (await transform()).scale)
    },
  }
}

function addDeconvolution(graph: Graph, layer: Deconvolution, input: string): string {
  const tensors = [input, ...addWeights(graph, layer)]
  return addActivation(graph, layer.activation, addNode(graph, 'ConvTranspose', tensors, windowOf(layer)))
}

function addBlur(graph: Graph, layer: Blur, input: string): string {
  const pads = addOnce(graph, { name: 'blur.pads', shape: [8], int64: [0, 0, 2, 2, 0, 0, 2, 2] })
  const padded = addNode(graph, 'Pad', [input, pads], { mode: 'reflect' })
  const attributes = { kernel_shape: both(5), strides: both(2), group: layer.channels }
  return addNode(graph, 'Conv', [padded, ...addWeights(graph, layer)], attributes)
}

function addLinear(graph: Graph, layer: Linear, input: string): string {
  const tensors = [input, ...addWeights(graph, layer)]
  return addActivation(graph, layer.activation, addNode(graph, 'Gemm', tensors, { transB: 1 }, layer.feature))
}

function addCrop(graph: Graph, { output, offset, side }: Crop, input: string): string {
  const bounds = [
    addOnce(graph, { name: 'crop.starts', shape: [2], int64: both(offset) }),
    addOnce(graph, { name: 'crop.ends', shape: [2], int64: both(offset + side) }),
    addOnce(graph, { name: 'crop.axes', shape: [2], int64: [2, 3] }),
  ]
  return addNode(graph, 'Slice', [input, ...bounds], {}, output)
}

function addActivation(graph: Graph, activation: Activation, input: string): string {
  if (activation === 'none') return input
  if (activation === 'relu') return addNode(graph, 'Relu', [input])
  if (activation !== 'relu6') return addNode(graph, 'LeakyRelu', [input], { alpha: { float: activation.leakyRelu } })
  const zero = addOnce(graph, { name: 'relu6.minimum', shape: [], float32: async () => Float32Array.of(0) })
  const six = addOnce(graph, { name: 'relu6.maximum', shape: [], float32: async () => Float32Array.of(6) })
  return addNode(graph, 'Clip', [input, zero, six])
}

function addNode(
  graph: Graph,
  operator: string,
  inputs: readonly string[],
  attributes: Node['attributes'] = {},
  output: string | null = null,
): string {
  const name = output ?? `${operator}_${graph.nodes.length}`
  graph.nodes.push({ operator, name, inputs, outputs: [name], attributes })
  return name
}

function addOnce(graph: Graph, initializer: Initializer): string {
  const { name } = initializer
  if (!graph.initializers.some((present) => present.name === name)) graph.initializers.push(initializer)
  return name
}

function both(size: number): number[] {
  return [size, size]
}

function windowOf({ kernel, stride, padding }: Pick<Convolution, 'kernel' | 'stride' | 'padding'>): Node['attributes'] {
  return { kernel_shape: both(kernel), strides: both(stride), pads: [padding, padding, padding, padding] }
}

/** The ε of batch normalisation: the default of torch.nn.BatchNorm2d, which all networks here use. */
const epsilon = 1e-5

interface ChannelTransform {
  readonly scale: Float64Array
  readonly shift: Float64Array
}

/** Scale and shift of the batch normalisation `key`, in float64: scale = γ/√(σ²+ε), shift = β − μ·scale. */
async function batchNormTransform(weights: Weights, key: string): Promise<ChannelTransform> {
  const [gamma, beta, mean, variance] = await Promise.all([
    weights.read(`${key}.weight`),
    weights.read(`${key}.bias`),
    weights.read(`${key}.running_mean`),
    weights.read(`${key}.running_var`),
  ])
  const negative = variance.findIndex((value) => value < 0)
  if (negative >= 0) {
    throw new InputError(
      `${weights.path}: ${key}.running_var has a negative variance at element ${negative}; use another checkpoint`,
    )
  }
  const scale = Float64Array.from(gamma, (value, channel) => value / Math.sqrt(variance[channel]! + epsilon))
  const shift = Float64Array.from(beta, (value, channel) => value - mean[channel]! * scale[channel]!)
  return { scale, shift }
}

/** Multiplies the weights of each output channel (the first axis) by the channel's factor, and rounds to float32. */
function scaleOutputs(weight: Float32Array, scale: Float64Array): Float32Array {
  const perChannel = weight.length / scale.length
  const scaled = new Float32Array(weight.length)
  for (const [channel, factor] of scale.entries()) {
    const start = channel * perChannel
    for (let i = start; i < start + perChannel; i++) scaled[i] = weight[i]! * factor
  }
  return scaled
}
