import { AttributeType, ElementType } from '../../src/networks/onnx/messages.js'
import type { Attribute, Initializer, Model, Node } from '../../src/networks/onnx/model.js'
import { modelMessage } from '../../src/networks/onnx/model.js'
import { integerField, messageField, stringField } from '../../src/networks/protobuf/wire.js'
import { oddInteger } from './documents.js'
import { oddNumber } from './mutation.js'
import type { Random } from './random.js'

/** What an operator takes beside the tensor before it, and how it is set. */
interface Operator {
  readonly inputs?: (random: Random, draw: Drawing) => readonly string[]
  readonly attributes?: (random: Random) => Readonly<Record<string, Attribute>>
}

/** Constants and tensors of a graph as it is drawn. */
interface Drawing {
  readonly floats: (shape: readonly number[]) => string
  readonly integers: (values: readonly number[]) => string
  readonly earlier: () => string
}

const none: Operator = {}
const axis: Operator = { attributes: (random) => ({ axis: near(random, 1) }) }
const window: Operator['attributes'] = (random) => ({
  kernel_shape: [near(random, 3), near(random, 3)],
  ...(random.chance(0.5) && { strides: [near(random, 2), near(random, 2)] }),
  ...(random.chance(0.5) && { pads: [1, 1, near(random, 1), 1] }),
  ...(random.chance(0.2) && { dilations: [near(random, 1), 1] }),
  ...(random.chance(0.2) && { auto_pad: random.pick(['SAME_UPPER', 'VALID', 'x']) }),
})

/** Mostly the number itself. */
function near(random: Random, value: number): number {
  return random.chance(0.93) ? value : Math.trunc(oddInteger(random)) % 2 ** 53
}

const operators: Readonly<Record<string, Operator>> = {
  Conv: {
    inputs: (random, draw) => [draw.floats([near(random, 4) % 9, 3, 3, 3])],
    attributes: (random) => ({ ...window(random), group: near(random, 1) }),
  },
  ConvTranspose: { inputs: (_, draw) => [draw.floats([3, 2, 3, 3])], attributes: window },
  MaxPool: { attributes: window },
  AveragePool: { attributes: window },
  LpPool: { attributes: window },
  GlobalAveragePool: none,
  GlobalMaxPool: none,
  Relu: none,
  Sigmoid: none,
  Erf: none,
  Sqrt: none,
  Log: none,
  Neg: none,
  Identity: none,
  Shape: none,
  Size: none,
  NonZero: none,
  Softmax: axis,
  LogSoftmax: axis,
  ArgMax: axis,
  Flatten: axis,
  Hardmax: axis,
  Add: { inputs: (_, draw) => [draw.earlier()] },
  Mul: { inputs: (_, draw) => [draw.earlier()] },
  Div: { inputs: (_, draw) => [draw.earlier()] },
  Pow: { inputs: (_, draw) => [draw.floats([1])] },
  MatMul: { inputs: (random, draw) => [draw.floats([8, near(random, 4) % 9])] },
  Gemm: { inputs: (_, draw) => [draw.floats([192, 5])], attributes: (random) => ({ transB: near(random, 0) }) },
  Concat: { inputs: (_, draw) => [draw.earlier()], attributes: (random) => ({ axis: near(random, 1) }) },
  BatchNormalization: { inputs: (_, draw) => ['scale', 'B', 'mean', 'var'].map(() => draw.floats([3])) },
  LRN: { attributes: (random) => ({ size: near(random, 5) }) },
  Transpose: { attributes: (random) => ({ perm: random.chance(0.8) ? [0, 2, 3, 1] : [near(random, 1), 0] }) },
  Reshape: { inputs: (random, draw) => [draw.integers([near(random, 0), near(random, -1)])] },
  Squeeze: { inputs: (random, draw) => [draw.integers([near(random, 1)])] },
  Unsqueeze: { inputs: (random, draw) => [draw.integers([near(random, 1)])] },
  Expand: { inputs: (random, draw) => [draw.integers([1, 3, near(random, 8), near(random, 8)])] },
  Tile: { inputs: (random, draw) => [draw.integers([1, 1, near(random, 2), near(random, 1)])] },
  Pad: { inputs: (random, draw) => [draw.integers([0, 0, near(random, 1), 0, 0, 0, 1, near(random, 1)])] },
  Slice: { inputs: (random, draw) => [draw.integers([near(random, 0)]), draw.integers([near(random, 5)])] },
  Gather: {
    inputs: (random, draw) => [draw.integers([near(random, 0)])],
    attributes: (random) => ({ axis: near(random, 1) }),
  },
  Resize: { inputs: (random, draw) => ['', '', draw.integers([1, 3, near(random, 12), near(random, 12)])] },
  DepthToSpace: { attributes: (random) => ({ blocksize: near(random, 1) }) },
  SpaceToDepth: { attributes: (random) => ({ blocksize: near(random, 2) }) },
  TopK: { inputs: (random, draw) => [draw.integers([near(random, 2)])] },
  OneHot: { inputs: (random, draw) => [draw.integers([near(random, 4)]), draw.floats([2])] },
  Cast: { attributes: (random) => ({ to: random.chance(0.8) ? random.pick([1, 6, 7, 10, 11]) : near(random, 8) }) },
  ReduceMean: { attributes: (random) => ({ axes: [near(random, 2), 3], keepdims: near(random, 1) }) },
  ReduceSum: { inputs: (random, draw) => [draw.integers([near(random, 1)])] },
  CumSum: { inputs: (random, draw) => [draw.integers([near(random, 1)])] },
  Einsum: { attributes: (random) => ({ equation: random.pick(['nchw->nhwc', 'nchw->nc', 'n...->...', 'x', '']) }) },
  ConstantOfShape: none,
  EyeLike: none,
  RandomNormalLike: none,
  Dropout: none,
  Loop: none,
  StringNormalizer: none,
  NoSuchOperator: none,
}

/** A model of images that is valid, or nearly: a few operators one after the other, with odd settings now and then. */
export function drawModel(random: Random, metadata: Readonly<Record<string, string>> = {}): Buffer {
  const constants: Initializer[] = []
  const nodes: Node[] = []
  const tensors = ['image']
  const draw: Drawing = {
    floats: (shape) => {
      const sizes = shape.map((size) => Math.min(256, Math.max(0, Math.trunc(size))))
      const count = sizes.reduce((product, size) => product * size, 1)
      return added({ name: `c${constants.length}`, shape: sizes, float32: async () => elements(count) })
    },
    integers: (values) => {
      const int64 = values.map((value) => (Number.isSafeInteger(value) ? value : -1))
      return added({ name: `c${constants.length}`, shape: [int64.length], int64 })
    },
    earlier: () => random.pick(tensors),
  }
  const added = (constant: Initializer) => {
    constants.push(constant)
    return constant.name
  }
  for (let count = 1 + random.below(5); count > 0; count--) {
    const operator = random.chance(0.5)
      ? random.pick(['Conv', 'Relu', 'MaxPool', 'Add', 'Flatten', 'Concat'])
      : random.pick(Object.keys(operators))
    const { inputs, attributes } = operators[operator] as Operator
    const name = random.chance(0.98) ? `t${nodes.length}` : random.pick(['', 'a\nb', 'image', 'x'.repeat(5000)])
    const from = tensors.at(-1) as string
    const more = inputs?.(random, draw) ?? []
    nodes.push({ operator, name, inputs: [from, ...more], outputs: [name], attributes: attributes?.(random) ?? {} })
    tensors.push(name)
  }
  const side = random.chance(0.9) ? 8 : near(random, 16) % 512
  const batch = random.pick<number | string>(['N', 1, 2])
  const model: Model = {
    name: 'case',
    inputs: [{ name: 'image', shape: random.chance(0.9) ? [batch, 3, side, side] : [batch, side, side, 3] }],
    outputs: random.chance(0.9)
      ? [{ name: tensors.at(-1) as string, shape: [] }]
      : [{ name: random.pick(tensors), shape: ['N', 3] }],
    initializers: constants,
    nodes,
  }
  return encoded(model, metadata)
}

function elements(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((i * 7) % 11) / 11 - 0.4)
}

/** All at once: what is read later is the elements of constants. */
function encoded(model: Model, metadata: Readonly<Record<string, string>>): Buffer {
  const properties = Object.entries(metadata).flatMap(([key, value]) =>
    messageField(14, [...stringField(1, key), ...stringField(2, value)]),
  )
  const pieces = [...modelMessage(model), ...properties].map((chunk) => {
    if (chunk instanceof Uint8Array) return chunk
    if (!('read' in chunk)) throw new Error('a model that is made has no ranges of a file')
    return new Uint8Array(elements(chunk.byteLength / 4).buffer)
  })
  return Buffer.concat(pieces)
}

/** A model that runs its body as often as a constant says, which may be for ever. */
export function drawLoop(random: Random): Buffer {
  const name = (text: string) => stringField(1, text)
  const info = (text: string, type: number) => [
    ...name(text),
    ...messageField(2, messageField(1, [...integerField(1, type), ...messageField(2, [])])),
  ]
  const identity = (from: string, to: string) =>
    messageField(1, [...name(from), ...stringField(2, to), ...stringField(4, 'Identity')])
  const body = [
    ...identity('go', 'goes'),
    ...identity('state', 'next'),
    ...stringField(2, 'body'),
    ...messageField(11, info('count', ElementType.INT64)),
    ...messageField(11, info('go', ElementType.BOOL)),
    ...messageField(11, info('state', ElementType.FLOAT)),
    ...messageField(12, info('goes', ElementType.BOOL)),
    ...messageField(12, info('next', ElementType.FLOAT)),
  ]
  const times = random.chance(0.99) ? random.below(100) : Number(oddNumber(random, 100) >> 12n)
  const model = modelMessage({
    name: 'loop',
    inputs: [{ name: 'image', shape: ['N', 3, 8, 8] }],
    outputs: [{ name: 'features', shape: [] }],
    initializers: [{ name: 'times', shape: [], int64: [times] }],
    nodes: [],
  })
  const loop = messageField(1, [
    ...[...name('times'), ...name(''), ...name('image'), ...stringField(2, 'features'), ...stringField(4, 'Loop')],
    ...messageField(5, [...stringField(1, 'body'), ...messageField(6, body), ...integerField(20, AttributeType.GRAPH)]),
  ])
  // Graphs of a file are merged, field by field.
  return Buffer.concat([...model, ...messageField(7, loop)] as Uint8Array[])
}
