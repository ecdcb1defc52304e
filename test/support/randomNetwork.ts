import * as ort from 'onnxruntime-node'
import { OPERATOR_SETS } from '../../src/engine/reuse/cellOperators.js'
import { imagenetInput, type Network } from '../../src/networks/network.js'
import { type Attribute, type Initializer, type Node, writeModel } from '../../src/networks/onnx/model.js'

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
  readonly rows: number
  readonly cols: number
}

type Attributes = Record<string, Attribute>

/** More channels than these are made fewer, so that a network stays small. */
const MOST_CHANNELS = 24

/**
 * A network of a few random layers whose feature is the whole map of the last one: convolutions and pools with all their
 * attributes, borders, activations, sums and joins of branches, in a random version of ONNX's operators. ONNX Runtime says
 * which layers are possible, and what shapes they give.
 */
export async function randomNetwork(path: string, seed: number, frame: number): Promise<Network> {
  const random = new Random(seed)
  const operatorSet = OPERATOR_SETS.oldest + random.below(OPERATOR_SETS.newest - OPERATOR_SETS.oldest + 1)
  const nodes: Node[] = []
  const initializers: Initializer[] = []
  const add = (operator: string, inputs: readonly string[], attributes: Attributes = {}) => {
    const name = `${operator}${nodes.length}`
    nodes.push({ operator, name, inputs, outputs: [name], attributes })
    return name
  }
  const fixed = (shape: readonly number[], values: Float32Array) => {
    const name = `constant${initializers.length}`
    initializers.push({ name, shape, float32: async () => values })
    return name
  }
  const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)
  const constant = (shape: readonly number[], scale: number) => fixed(shape, random.floats(sizeOf(shape), scale))
  const positive = (shape: readonly number[]) =>
    fixed(
      shape,
      random.floats(sizeOf(shape), 1).map((x) => Math.abs(x) + 0.5),
    )
  const whole = (values: readonly number[]) => {
    const name = `constant${initializers.length}`
    initializers.push({ name, shape: [values.length], int64: values })
    return name
  }
  const pair = <T>(make: () => T): [T, T] => [make(), make()]

  /** Strides, dilations and borders, with or without being said. */
  function windows({ rows, cols }: Tensor, kernel: readonly [number, number], isDilated: boolean): Attributes {
    const automatic = random.of(['NOTSET', 'NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'])
    // ONNX Runtime crashes in pools that have dilations and find their borders themselves, or windows larger than their input.
    const dilates = isDilated && !automatic.startsWith('SAME')
    const dilation = (taps: number, size: number) =>
      dilates ? random.of([1, 1, 1, 2, 3].filter((each) => each === 1 || (taps - 1) * each < size)) : 1
    const dilations = [dilation(kernel[0], rows), dilation(kernel[1], cols)]
    const pads = [...kernel, ...kernel].map((size) => random.below(Math.min(size, 3)))
    const strides = pair(() => random.of([1, 1, 1, 2, 2, 3, 4]))
    return {
      ...(random.next() < 0.8 && { strides }),
      ...(dilations.some((size) => size !== 1) && { dilations }),
      ...(automatic !== 'NOTSET' && { auto_pad: automatic }),
      ...(automatic === 'NOTSET' && random.next() < 0.7 && { pads }),
    }
  }
  /** @param keepsSides whether the sides are to be the input's, so that branches fit */
  function convolution(input: Tensor, keepsSides: boolean): string {
    const kernel = pair(() => random.of([1, 2, 3, 5].filter((size) => !keepsSides || size % 2 === 1)))
    const half = kernel.map((size) => (size - 1) / 2)
    const around = keepsSides ? { pads: [...half, ...half] } : windows(input, kernel, true)
    const groups = random.of([1, 1, 2, input.channels].filter((count) => input.channels % count === 0))
    const channels = groups === 1 ? random.of([1, 3, 4, 8, 16]) : groups * (1 + random.below(groups > 2 ? 2 : 4))
    const weight = constant([channels, input.channels / groups, ...kernel], 1 / Math.sqrt(sizeOf(kernel)))
    const inputs = random.next() < 0.7 ? [input.name, weight, constant([channels], 0.5)] : [input.name, weight]
    return add('Conv', inputs, {
      ...around,
      ...(random.next() < 0.7 && { kernel_shape: kernel }),
      ...(groups !== 1 && { group: groups }),
    })
  }
  function pool(input: Tensor): string {
    const isMaximum = random.next() < 0.5
    const fitting = [1, 2, 2, 3, 3, 4].filter((size) => size <= Math.min(input.rows, input.cols))
    const kernel = pair(() => random.of(fitting))
    return add(isMaximum ? 'MaxPool' : 'AveragePool', [input.name], {
      kernel_shape: kernel,
      ...windows(input, kernel, operatorSet >= (isMaximum ? 10 : 19)),
      ...(operatorSet >= 10 && random.next() < 0.5 && { ceil_mode: 1 }),
      ...(!isMaximum && random.next() < 0.7 && { count_include_pad: 1 }),
      ...(isMaximum && random.next() < 0.05 && { storage_order: 1 }),
    })
  }
  const side = () => (random.next() < 0.02 ? -1 : random.of([0, 1, 2]))
  function border(input: Tensor): string {
    const [top, left, bottom, right] = [...pair(side), ...pair(side)] as const
    const value = random.of([0, 0, 0, 0.5])
    const mode = random.of(['reflect', 'edge', 'constant', 'constant', ...(operatorSet >= 19 ? ['wrap'] : [])])
    const pads = [0, 0, top, left, 0, 0, bottom, right]
    if (operatorSet < 11) return add('Pad', [input.name], { mode, pads, value: { float: value } })
    if (operatorSet >= 18 && random.next() < 0.1)
      return add('Pad', [input.name, whole([top, left, bottom, right]), '', whole([2, 3])], { mode })
    const more = value !== 0 || random.next() < 0.5 ? [fixed([], Float32Array.of(value))] : []
    return add('Pad', [input.name, whole(pads), ...more], { mode })
  }
  function activation({ name, channels, rows, cols }: Tensor): string {
    const shapes = [[channels, 1, 1], [1, channels, 1, 1], [1], [], [1, 1, 1], [cols], [rows, 1], [1, 1, rows, cols]]
    const float = () => ({ float: random.next() })
    const each = [channels]
    const makers: (() => string)[] = [
      () => add('LeakyRelu', [name], { alpha: float() }),
      () => add('Sigmoid', [name]),
      () => add('LRN', [name], { size: random.of([1, 3, 5]), alpha: float(), beta: float(), bias: { float: 1.5 } }),
      () => add('PRelu', [name, constant(random.of(shapes.slice(0, 3)), 0.5)]),
      () => add('BatchNormalization', [name, constant(each, 1), constant(each, 1), constant(each, 1), positive(each)]),
      () => add('Elu', [name], { alpha: float() }),
      () =>
        operatorSet < 11
          ? add('Clip', [name], { min: { float: -0.3 }, max: { float: 0.6 } })
          : add('Clip', [
              name,
              fixed([], Float32Array.of(-0.3)),
              ...random.of([[], [fixed([], Float32Array.of(0.6))]]),
            ]),
      () => add('Dropout', [name], operatorSet < 12 ? { ratio: float() } : {}),
      () => add(random.of(['Add', 'Sub', 'Mul', 'Max', 'Min', 'Sum', 'Mean']), [name, constant(random.of(shapes), 1)]),
      () => add(random.of(['Add', 'Sub', 'Mul', 'Max', 'Min']), [constant(random.of(shapes), 1), name]),
      () => add('Div', [name, positive(random.of(shapes))]),
      () => add('Pow', [name, fixed([], Float32Array.of(random.of([1, 2, 3])))]),
      () => add(random.of(['Abs', 'Erf', 'Identity', 'Neg', 'Relu', 'Selu', 'Softplus', 'Softsign', 'Tanh']), [name]),
      () => add(operatorSet >= 20 ? 'Gelu' : 'Relu', [name]),
      () => add(operatorSet >= 14 ? 'HardSwish' : 'HardSigmoid', [name]),
      () => add('Relu', [name]),
    ]
    return random.of([...makers, makers.at(-1) as () => string])()
  }
  function branches(input: Tensor): string {
    const one = convolution(input, true)
    const other = random.next() < 0.4 ? input.name : convolution(input, true)
    const join = random.of(['Add', 'Mul', 'Max', 'Concat', 'Concat', 'Concat'])
    return add(join, [one, other], join === 'Concat' ? { axis: random.of([1, 1, 1, 1, 1, 1, -3]) } : {})
  }
  const write = (name: string, dims: number) =>
    writeModel(path, {
      name: 'random',
      inputs: [{ name: 'image', shape: ['N', 3, frame, frame] }],
      outputs: [{ name, shape: dims === 0 ? ['N', 'C', 'H', 'W'] : ['N', dims] }],
      initializers,
      nodes,
      operatorSet,
    })
  /** What ONNX Runtime makes of the nodes so far; undefined where it refuses them. */
  const shapeOf = async (name: string): Promise<Tensor | undefined> => {
    await write(name, 0)
    try {
      const session = await ort.InferenceSession.create(path, { logSeverityLevel: 4, intraOpNumThreads: 1 })
      const image = new ort.Tensor('float32', new Float32Array(3 * frame ** 2), [1, 3, frame, frame])
      const { dims } = (await session.run({ image }))[name] as ort.Tensor
      await session.release()
      const [, channels, rows, cols] = dims as [number, number, number, number]
      return { name, channels, rows, cols }
    } catch {
      return undefined
    }
  }

  let tensor: Tensor = { name: 'image', channels: 3, rows: frame, cols: frame }
  const grow = async (make: (input: Tensor, keepsSides: boolean) => string) => {
    const count = nodes.length
    const made = await shapeOf(make(tensor, false))
    if (made === undefined || made.rows < 2 || made.cols < 2) nodes.length = count
    else tensor = made
  }
  const layers = 3 + random.below(6)
  for (let layer = 0; layer < layers; layer++) {
    await grow(random.of([convolution, convolution, pool, pool, border, activation, branches]))
    if (tensor.channels > MOST_CHANNELS) await grow(convolution)
  }
  const dims = tensor.channels * tensor.rows * tensor.cols
  nodes.push({ operator: 'Flatten', name: 'feature', inputs: [tensor.name], outputs: ['feature'], attributes: {} })
  await write('feature', dims)
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
