import type { Network } from '../../src/network.js'
import type { GraphConstant, GraphNode } from '../../src/onnx/format/graphNodes.js'
import { type Initializer, type Node, writeModel } from '../../src/onnx/format/onnxModel.js'
import { imagenetInput } from './imagenetInput.js'

export interface SmallNetwork {
  readonly name?: string
  /** Pixels along a side of the image. */
  readonly side?: number
  /** Length of the feature. */
  readonly dims: number
  /** Nodes that compute `feature` from `image`; the last one gives `feature`. */
  readonly nodes: readonly Node[]
  readonly initializers?: readonly Initializer[]
  /** Whether the weights are also inputs of the graph. */
  readonly listsWeights?: boolean
}

/** Writes a network to a file, and describes it as the catalog does, with pixels from 0 to 1 and one layer. */
export async function smallNetwork(path: string, network: SmallNetwork): Promise<Network> {
  const { name = 'small', side = 32, dims, nodes, initializers = [], listsWeights = false } = network
  const weights = listsWeights ? initializers.map(({ name, shape }) => ({ name, shape })) : []
  const inputs = [{ name: 'image', shape: ['N', 3, side, side] }, ...weights]
  const outputs = [{ name: 'feature', shape: ['N', 'D'] }]
  await writeModel(path, { name, inputs, outputs, nodes, initializers })
  const input = { ...imagenetInput, mean: [0, 0, 0], std: [1, 1, 1], rows: side, cols: side } as const
  return describedNetwork({ id: name, title: name, onnxPath: path, layers: [{ name: 'feature', dims }], input })
}

/** A network for tests that only use its description. Its file need not exist. */
export function describedNetwork(changes: Partial<Network> = {}): Network {
  const { onnxPath = 'network.onnx' } = changes
  return {
    ...{ id: 'network', title: 'Network', onnxPath, layers: [{ name: 'fc', dims: 10 }], input: imagenetInput },
    ...{ inputSource: 'catalog', weightsPath: onnxPath, weightsSha256: '', weightsBytes: 0, ...changes },
  }
}

/** A node with one output, whose name is also the node's. */
export function node(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Node['attributes'] = {},
): Node {
  return { operator, name: output, inputs, outputs: [output], attributes }
}

/** A node with one output, in the form that reading a file gives. */
export function graphNode(
  operator: string,
  inputs: readonly string[],
  output = 'map',
  attributes: Readonly<Record<string, number | string | readonly number[] | GraphConstant | null>> = {},
): GraphNode {
  return { operator, domain: '', inputs, outputs: [output], attributes: new Map(Object.entries(attributes)) }
}

/** A constant with the same value everywhere. */
export function constantOf(name: string, shape: readonly number[], value: number): Initializer {
  const length = shape.reduce((product, size) => product * size, 1)
  return { name, shape, float32: async () => new Float32Array(length).fill(value) }
}

/** Weights of the given shape. */
export function weightsOf(name: string, ...shape: number[]): Initializer {
  const length = shape.reduce((product, size) => product * size, 1)
  return { name, shape, float32: async () => Float32Array.from({ length }, (_, i) => Math.sin(i)) }
}

/** A network of wide maps behind a node that cannot be computed cell by cell. */
export function behindAtan(path: string): Promise<Network> {
  return smallNetwork(path, {
    side: 224,
    dims: 64 * 56 * 56,
    nodes: [
      node('Atan', ['image'], 'atan'),
      node('Conv', ['atan', 'filters'], 'map', { strides: [2, 2], pads: [3, 3, 3, 3] }),
      node('MaxPool', ['map'], 'pool', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
      node('Transpose', ['pool'], 'turned', { perm: [0, 2, 3, 1] }),
      node('Flatten', ['pool'], 'feature'),
    ],
    initializers: [weightsOf('filters', 64, 3, 7, 7)],
  })
}

/**
 * A network of two convolutions on an image of 32 pixels, so that images share many values. Its feature is the whole
 * map of the second convolution, 4 × 14 × 14.
 */
export function convolutions(path: string): Promise<Network> {
  return smallNetwork(path, {
    dims: 4 * 14 * 14,
    nodes: [
      node('Conv', ['image', 'first'], 'map', { pads: [2, 2, 2, 2] }),
      node('Relu', ['map'], 'relu'),
      node('AveragePool', ['relu'], 'pool', { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Conv', ['pool', 'second'], 'last'),
      node('Flatten', ['last'], 'feature'),
    ],
    initializers: [weightsOf('first', 8, 3, 5, 5), weightsOf('second', 4, 8, 3, 3)],
  })
}
