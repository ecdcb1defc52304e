import { type Initializer, type Node, writeModel } from '../../src/onnx/format/onnxModel.js'
import { constantOf, node, weightsOf } from './smallNetwork.js'

/** A network whose features of an image may depend on the other images of a batch. */
export interface BatchNetwork {
  /** How it mixes the images. */
  readonly name: string
  /** Nodes that compute `mixed` from `image`, both [N, 3, 32, 32], or from `feature`, both [N, 8]. */
  readonly nodes: readonly Node[]
  readonly initializers?: readonly Initializer[]
  readonly of?: 'image' | 'feature'
}

const ALL = { keepdims: 1 }
const FIRST = { axes: [0], keepdims: 1 }
const integers = (name: string, ...int64: readonly number[]) => ({ name, shape: [int64.length], int64 })
const half = constantOf('half', [], 0.5)
const branch = (name: string, factor: string) => ({
  graph: {
    name,
    nodes: [node('Mul', ['image', factor], name)],
    inputs: [],
    outputs: [{ name, shape: ['N', 3, 32, 32] }],
  },
})
/** Mixes by one of two branches, which multiply the image by 1 or by 2. */
const branches = (statistic: string) => ({
  nodes: [
    node(statistic, ['image'], 'statistic', { keepdims: 0 }),
    node('Greater', ['statistic', 'half'], 'isLarge'),
    node('If', ['isLarge'], 'mixed', { then_branch: branch('then', 'one'), else_branch: branch('else', 'two') }),
  ],
  initializers: [half, constantOf('one', [], 1), constantOf('two', [], 2)],
})
const added = (made: string) => node('Add', ['image', made], 'mixed')
const first = [node('Gather', ['image', 'zero'], 'first', { axis: 0 })]
const zero = integers('zero', 0)
/** The images of a batch above each other as one, [1, 3, N · 32, 32], and back. */
const tall = [
  node('Transpose', ['image'], 'byChannel', { perm: [1, 0, 2, 3] }),
  node('Reshape', ['byChannel', 'one'], 'tall'),
]
const short = [
  node('Reshape', ['changed', 'many'], 'again'),
  node('Transpose', ['again'], 'mixed', { perm: [1, 0, 2, 3] }),
]
const shapes = [integers('one', 1, 3, -1, 32), integers('many', 3, -1, 32, 32)]
const ones = [constantOf('scale', [3], 1), constantOf('shift', [3], 0.5)]

/** Networks in which other images change what an image alone gives. */
export const batchNetworks: readonly BatchNetwork[] = [
  {
    name: 'min-max over the batch',
    nodes: [
      node('ReduceMin', ['image'], 'least', ALL),
      node('ReduceMax', ['image'], 'most', ALL),
      node('Sub', ['image', 'least'], 'above'),
      node('Sub', ['most', 'least'], 'range'),
      node('Div', ['above', 'range'], 'mixed'),
    ],
  },
  {
    name: 'division by the maximum of the batch',
    nodes: [node('ReduceMax', ['image'], 'most', ALL), node('Div', ['image', 'most'], 'mixed')],
  },
  {
    name: 'minus the mean of the batch',
    nodes: [node('ReduceMean', ['image'], 'mean', ALL), node('Sub', ['image', 'mean'], 'mixed')],
  },
  {
    name: 'minus the mean image',
    nodes: [node('ReduceMean', ['image'], 'mean', FIRST), node('Sub', ['image', 'mean'], 'mixed')],
  },
  {
    name: 'division by the standard deviation of the batch',
    nodes: [
      node('ReduceMean', ['image'], 'mean', ALL),
      node('Sub', ['image', 'mean'], 'centred'),
      node('Mul', ['centred', 'centred'], 'squares'),
      node('ReduceMean', ['squares'], 'variance', ALL),
      node('Sqrt', ['variance'], 'deviation'),
      node('Div', ['image', 'deviation'], 'mixed'),
    ],
  },
  { name: 'If on the mean of the batch', ...branches('ReduceMean') },
  { name: 'If on the maximum of the batch', ...branches('ReduceMax') },
  {
    name: 'Where with the mean of the batch',
    nodes: [
      node('ReduceMean', ['image'], 'mean', ALL),
      node('Greater', ['image', 'mean'], 'isLarge'),
      node('Where', ['isLarge', 'image', 'half'], 'mixed'),
    ],
    initializers: [half],
  },
  {
    name: 'plus the sum of the images',
    nodes: [node('ReduceSum', ['image', 'zero'], 'sum', { keepdims: 1 }), added('sum')],
    initializers: [zero],
  },
  {
    name: 'plus the largest values over the images (TopK)',
    nodes: [{ ...node('TopK', ['image', 'k'], 'top', { axis: 0 }), outputs: ['top', 'places'] }, added('top')],
    initializers: [integers('k', 1)],
  },
  {
    name: 'plus the index of the brightest image (ArgMax)',
    nodes: [
      node('ArgMax', ['image'], 'index', { axis: 0, keepdims: 1 }),
      node('Cast', ['index'], 'number', { to: 1 }),
      added('number'),
    ],
  },
  { name: 'Softmax over the images', of: 'feature', nodes: [node('Softmax', ['feature'], 'mixed', { axis: 0 })] },
  {
    name: 'CumSum over the images',
    nodes: [node('CumSum', ['image', 'axis'], 'mixed')],
    initializers: [{ name: 'axis', shape: [], int64: [0] }],
  },
  { name: 'plus image 0 (Gather)', nodes: [...first, added('first')], initializers: [zero] },
  {
    name: 'reversal of the batch (Slice)',
    nodes: [node('Slice', ['image', 'last', 'end', 'zero', 'back'], 'mixed')],
    initializers: [integers('last', -1), integers('end', -10000), zero, integers('back', -1)],
  },
  {
    name: 'BatchNormalization in training mode',
    nodes: [
      {
        ...node('BatchNormalization', ['image', 'scale', 'shift', 'shift', 'scale'], 'mixed', { training_mode: 1 }),
        outputs: ['mixed', 'means', 'variances'],
      },
    ],
    initializers: ones,
  },
  {
    name: 'InstanceNormalization over the reshaped batch',
    nodes: [...tall, node('InstanceNormalization', ['tall', 'scale', 'shift'], 'changed'), ...short],
    initializers: [...shapes, ...ones],
  },
  {
    name: 'LayerNormalization over the reshaped batch',
    nodes: [
      node('Reshape', ['image', 'row'], 'values'),
      node('Shape', ['values'], 'extent', { start: 1 }),
      node('ConstantOfShape', ['extent'], 'zeros'),
      node('Exp', ['zeros'], 'ones'),
      node('LayerNormalization', ['values', 'ones'], 'normal', { axis: -1 }),
      node('Reshape', ['normal', 'images'], 'mixed'),
    ],
    initializers: [integers('row', 1, -1), integers('images', -1, 3, 32, 32)],
  },
  {
    name: 'Reshape of the batch into channels',
    nodes: [
      node('Reshape', ['image', 'channels'], 'stacked'),
      node('ReduceMax', ['stacked'], 'most', { axes: [1], keepdims: 1 }),
      added('most'),
    ],
    initializers: [integers('channels', 1, -1, 32, 32)],
  },
  {
    name: 'a convolution across neighbouring images',
    nodes: [...tall, node('Conv', ['tall', 'across'], 'changed', { pads: [2, 2, 2, 2] }), ...short],
    initializers: [...shapes, weightsOf('across', 3, 3, 5, 5)],
  },
  {
    name: 'DynamicQuantizeLinear',
    nodes: [
      { ...node('DynamicQuantizeLinear', ['image'], 'bytes'), outputs: ['bytes', 'step', 'middle'] },
      node('DequantizeLinear', ['bytes', 'step', 'middle'], 'mixed'),
    ],
  },
  {
    name: 'Gram matrix of the images',
    of: 'feature',
    nodes: [
      node('Transpose', ['feature'], 'columns', { perm: [1, 0] }),
      node('MatMul', ['columns', 'feature'], 'gram'),
      node('MatMul', ['feature', 'gram'], 'mixed'),
    ],
  },
  {
    name: 'the mean image in place of image 0 (ScatterND)',
    nodes: [node('ReduceMean', ['image'], 'mean', FIRST), node('ScatterND', ['image', 'index', 'mean'], 'mixed')],
    initializers: [{ name: 'index', shape: [1, 1], int64: [0] }],
  },
  {
    name: 'Concat with image 0',
    nodes: [
      ...first,
      node('Shape', ['image'], 'shape'),
      node('Expand', ['first', 'shape'], 'copies'),
      node('Concat', ['image', 'copies'], 'both', { axis: 1 }),
      node('Conv', ['both', 'joining'], 'mixed'),
    ],
    initializers: [zero, weightsOf('joining', 3, 6, 1, 1)],
  },
]

const OF_IMAGE = { axes: [1, 2, 3], keepdims: 1 }

/** Networks with the same operators that treat each image by itself. */
export const imageNetworks: readonly BatchNetwork[] = [
  {
    name: 'min-max over each image',
    nodes: [
      node('ReduceMin', ['image'], 'least', OF_IMAGE),
      node('ReduceMax', ['image'], 'most', OF_IMAGE),
      node('Sub', ['image', 'least'], 'above'),
      node('Sub', ['most', 'least'], 'range'),
      node('Div', ['above', 'range'], 'mixed'),
    ],
  },
  {
    name: 'Where with the mean of each image',
    nodes: [
      node('ReduceMean', ['image'], 'mean', OF_IMAGE),
      node('Greater', ['image', 'mean'], 'isLarge'),
      node('Where', ['isLarge', 'image', 'half'], 'mixed'),
    ],
    initializers: [half],
  },
  {
    name: 'InstanceNormalization',
    nodes: [node('InstanceNormalization', ['image', 'scale', 'shift'], 'mixed')],
    initializers: ones,
  },
  {
    name: 'BatchNormalization in evaluation mode',
    nodes: [node('BatchNormalization', ['image', 'scale', 'shift', 'shift', 'scale'], 'mixed')],
    initializers: ones,
  },
  { name: 'Softmax over the classes', of: 'feature', nodes: [node('Softmax', ['feature'], 'mixed', { axis: 1 })] },
]

/** Writes a network [N, 3, 32, 32] → [N, 8]: a convolution, ReLU and global pooling, behind or before the mixing. */
export async function writeBatchNetwork(
  path: string,
  { nodes, initializers = [], of = 'image' }: BatchNetwork,
  batch: number | string = 'N',
): Promise<void> {
  const body = (from: string, to: string) => [
    node('Conv', [from, 'filters'], 'map', { pads: [1, 1, 1, 1] }),
    node('Relu', ['map'], 'relu'),
    node('GlobalAveragePool', ['relu'], 'pooled'),
    node('Flatten', ['pooled'], to),
  ]
  await writeModel(path, {
    name: 'batch',
    inputs: [{ name: 'image', shape: [batch, 3, 32, 32] }],
    outputs: [{ name: 'output', shape: [batch, 8] }],
    nodes:
      of === 'image'
        ? [...nodes, ...body('mixed', 'output')]
        : [...body('image', 'feature'), ...nodes, node('Identity', ['mixed'], 'output')],
    initializers: [weightsOf('filters', 8, 3, 3, 3), ...initializers],
  })
}
