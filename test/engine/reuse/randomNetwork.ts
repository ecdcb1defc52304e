import { imagenetInput, type Network } from '../../../src/networks/network.js'
import { type Attribute, type Initializer, type Node, writeModel } from '../../../src/networks/onnx/model.js'

/** Numbers of a sequence that a seed decides. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed * 2654435761 + 12345) % 2 ** 32
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state * 1664525 + 1013904223) % 2 ** 32
    return this.#state / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  floats(length: number, scale: number): Float32Array {
    return Float32Array.from({ length }, () => (this.next() - 0.5) * 2 * scale)
  }
}

interface Tensor {
  readonly name: string
  readonly channels: number
  readonly side: number
}

/**
 * A network of a few random layers whose feature is the whole map of the last one: convolutions, pools, borders, activations,
 * sums and joins of branches.
 */
export async function randomNetwork(path: string, seed: number, frame: number): Promise<Network> {
  const random = new Random(seed)
  const nodes: Node[] = []
  const initializers: Initializer[] = []
  const add = (operator: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}) => {
    const name = `${operator}${nodes.length}`
    nodes.push({ operator, name, inputs, outputs: [name], attributes })
    return name
  }
  const constant = (shape: readonly number[], scale: number) => {
    const name = `constant${initializers.length}`
    const values = random.floats(
      shape.reduce((product, size) => product * size, 1),
      scale,
    )
    initializers.push({ name, shape, float32: async () => values })
    return name
  }
  const whole = (values: readonly number[]) => {
    const name = `constant${initializers.length}`
    initializers.push({ name, shape: [values.length], int64: values })
    return name
  }
  const pair = (value: number) => [value, value]

  function convolution(input: Tensor, keepsSide: boolean): Tensor {
    const kernel = random.of([1, 2, 3, 5].filter((size) => !keepsSide || size % 2 === 1))
    const dilation = kernel > 1 ? random.of([1, 1, 2]) : 1
    const extent = (kernel - 1) * dilation + 1
    const stride = keepsSide ? 1 : random.of([1, 1, 2, 3])
    const before = keepsSide ? (extent - 1) / 2 : random.below(3)
    const after = keepsSide ? before : random.below(3)
    const side = Math.floor((input.side + before + after - extent) / stride) + 1
    if (side < 2) return input
    const groups = random.of([1, 1, 2, input.channels].filter((count) => input.channels % count === 0))
    const channels = groups * (1 + random.below(groups > 2 ? 2 : 4))
    const weight = constant([channels, input.channels / groups, kernel, kernel], 1 / kernel)
    const inputs = random.next() < 0.7 ? [input.name, weight, constant([channels], 0.5)] : [input.name, weight]
    const attributes = { strides: pair(stride), dilations: pair(dilation), group: groups }
    const pads = { pads: [before, before, after, after] }
    return { name: add('Conv', inputs, { kernel_shape: pair(kernel), ...attributes, ...pads }), channels, side }
  }
  function pool(input: Tensor): Tensor {
    const kernel = random.of([2, 3])
    const stride = random.of([1, 2])
    const before = random.below(2)
    const isCeiled = random.of([0, 1])
    const operator = random.of(['MaxPool', 'AveragePool'])
    const free = (input.side + 2 * before - kernel) / stride
    let side = (isCeiled ? Math.ceil(free) : Math.floor(free)) + 1
    if (isCeiled && (side - 1) * stride >= input.side + before) side--
    if (side < 2) return input
    const attributes = { kernel_shape: pair(kernel), strides: pair(stride), pads: [...pair(before), ...pair(before)] }
    // What a mean with a ceiled border counts is not the same everywhere.
    const more = operator === 'MaxPool' ? { ceil_mode: isCeiled } : { count_include_pad: 1 }
    if (operator === 'AveragePool') side = Math.floor(free) + 1
    return { name: add(operator, [input.name], { ...attributes, ...more }), channels: input.channels, side }
  }
  function border(input: Tensor): Tensor {
    const [top, bottom] = [random.below(3), random.below(3)]
    const pads = whole([0, 0, top, top, 0, 0, bottom, bottom])
    const mode = random.of(['reflect', 'edge', 'constant'])
    const padded = { ...input, name: add('Pad', [input.name, pads], { mode }), side: input.side + top + bottom }
    // ONNX Runtime would join zeros with a pool that follows, which it then refuses.
    return mode === 'constant' ? activation(padded) : padded
  }
  function activation(input: Tensor): Tensor {
    const { name, channels } = input
    switch (random.below(6)) {
      case 0:
        return { ...input, name: add('LeakyRelu', [name], { alpha: { float: 0.1 } }) }
      case 1:
        return { ...input, name: add('Sigmoid', [name]) }
      case 2:
        return { ...input, name: add('Mul', [name, constant([channels, 1, 1], 1)]) }
      case 3:
        return { ...input, name: add('LRN', [name], { size: 3, alpha: { float: 0.1 } }) }
      case 4:
        return { ...input, name: add('PRelu', [name, constant([channels, 1, 1], 0.5)]) }
      default:
        return { ...input, name: add('Relu', [name]) }
    }
  }
  function branches(input: Tensor): Tensor {
    const one = convolution(input, true)
    const other = random.next() < 0.4 ? input : convolution(input, true)
    if (one.channels === other.channels && random.next() < 0.7)
      return { ...one, name: add(random.of(['Add', 'Mul']), [one.name, other.name]) }
    return { ...one, name: add('Concat', [one.name, other.name], { axis: 1 }), channels: one.channels + other.channels }
  }

  let tensor: Tensor = { name: 'image', channels: 3, side: frame }
  const layers = 3 + random.below(6)
  for (let layer = 0; layer < layers; layer++) {
    const make = random.of([convolution, convolution, pool, border, activation, branches])
    tensor = make(tensor, false)
    if (tensor.channels > 12) tensor = convolution(tensor, false)
  }
  const dims = tensor.channels * tensor.side ** 2
  nodes.push({ operator: 'Flatten', name: 'feature', inputs: [tensor.name], outputs: ['feature'], attributes: {} })
  const inputs = [{ name: 'image', shape: ['N', 3, frame, frame] }]
  await writeModel(path, {
    name: 'random',
    inputs,
    outputs: [{ name: 'feature', shape: ['N', dims] }],
    initializers,
    nodes,
  })
  return {
    id: 'random',
    title: 'random',
    onnxPath: path,
    layers: [{ name: 'pooled', output: 'feature', dims }],
    input: { ...imagenetInput, rows: frame, cols: frame },
    inputSource: 'catalog',
    weightsPath: path,
    weightsSha256: '',
    weightsBytes: 0,
  }
}
