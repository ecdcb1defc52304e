import { printable } from '../../printable.js'
import type { GraphConstant, GraphNode, GraphNodes } from './graphNodes.js'

/**
 * A part of a network that can be computed place by place: every node gives one spatial place of its output, all channels
 * of it, from a few places of its inputs. Such a place is called a cell.
 */
export interface CellSteps {
  /** In the order of the graph. */
  readonly steps: readonly CellStep[]
  /** Shapes of the image and of all tensors that the steps make, by name. */
  readonly shapes: ReadonlyMap<string, CellShape>
  /** Shapes of constants, those that nodes make of others too. */
  readonly constants: ReadonlyMap<string, readonly number[]>
  /** Why the first node that is none of them is none; undefined where all are. */
  readonly reason: string | undefined
}

/** Of one image. */
export interface CellShape {
  readonly channels: number
  readonly rows: number
  readonly cols: number
}

/** Output i reads inputs `i * stride - before + t * dilation` for t below `taps`, as far as they exist. */
export interface AxisWindow {
  readonly taps: number
  readonly stride: number
  readonly dilation: number
  readonly before: number
  /** Number of outputs. */
  readonly length: number
}

export type CellStep = WindowStep | MappingStep | PointwiseStep

interface Step {
  /** Of the node in the graph. */
  readonly node: number
  readonly output: string
}

/** A cell of several cells of one tensor. */
export interface WindowStep extends Step {
  readonly kind: 'window'
  readonly input: string
  readonly rows: AxisWindow
  readonly cols: AxisWindow
  /** What stands for cells beyond the border: zeros, or nothing, so that another cell of the window may. */
  readonly beyond: 'zeros' | 'nothing'
  readonly operation: WindowOperation
}

export type WindowOperation =
  | { readonly kind: 'convolution'; readonly groups: number; readonly weight: string; readonly bias: string | null }
  | { readonly kind: 'maximum' }
  | { readonly kind: 'mean' }
  /** One tap: the cell itself, or zeros. */
  | { readonly kind: 'padding' }

/** The same cells at other places. */
export interface MappingStep extends Step {
  readonly kind: 'mapping'
  readonly input: string
  /** Of each row the row of the input. */
  readonly rows: readonly number[]
  readonly cols: readonly number[]
}

/** A cell of the cells at the same place of some tensors; the node stands as it is. */
export interface PointwiseStep extends Step {
  readonly kind: 'pointwise'
  /** Those that are not constants. */
  readonly inputs: readonly string[]
}

/** Operators that take each element by itself, or each place by itself. */
const UNARY = new Set(
  'Abs BatchNormalization Ceil Clip Dropout Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LRN LeakyRelu Log Mish Neg PRelu Reciprocal Relu Round Selu Sigmoid Sign Softplus Softsign Sqrt Tanh ThresholdedRelu'.split(
    ' ',
  ),
)
const ELEMENTWISE = new Set('Add Div Max Mean Min Mul Pow Sub Sum'.split(' '))

/** More channels, or pixels along a side, than any network for images has. */
const MAXIMUM_SIZE = 1 << 16
const MAXIMUM_TAPS = 1 << 10
/** The first version of Scan as it is now. */
const OLDEST_OPERATORS = 9

/** Why a node is no step: the end of a line. */
class NoStep extends Error {}

/** The steps at the beginning of a graph, as far as they lead. */
export function cellSteps(
  { nodes, constants, operatorSet }: GraphNodes,
  input: { readonly name: string } & Pick<CellShape, 'rows' | 'cols'>,
): CellSteps {
  const shapes = new Map<string, CellShape>([[input.name, { channels: 3, rows: input.rows, cols: input.cols }]])
  /** Constants by name, those that nodes make of others too: null where a shape is not known. */
  const fixed = new Map<string, GraphConstant | null>(constants)
  const steps: CellStep[] = []
  let reason: string | undefined
  if (operatorSet < OLDEST_OPERATORS)
    return {
      steps,
      shapes,
      constants: new Map(),
      reason: `its operators are of version ${operatorSet}; export it with version ${OLDEST_OPERATORS} or later`,
    }
  for (const [index, node] of nodes.entries()) {
    if (isFixed(node, fixed)) {
      for (const output of node.outputs) fixed.set(output, fixedValue(node, fixed))
      continue
    }
    try {
      // What reads a tensor that no step makes follows a node that is none.
      if (!node.inputs.every((name) => name === '' || fixed.has(name) || shapes.has(name))) continue
      const { step, shape } = stepOf(node, index, shapes, fixed)
      steps.push(step)
      shapes.set(step.output, shape)
    } catch (error) {
      if (!(error instanceof NoStep)) throw error
      reason ??= `${printable(node.operator)}${node.outputs[0] ? ` "${printable(node.outputs[0])}"` : ''} ${error.message}`
    }
  }
  const known = [...fixed].flatMap(([name, constant]) => (constant ? [[name, constant.shape] as const] : []))
  return { steps, shapes, constants: new Map(known), reason }
}

function isFixed({ operator, inputs }: GraphNode, fixed: ReadonlyMap<string, unknown>): boolean {
  return operator === 'Constant' || (inputs.length > 0 && inputs.every((name) => name === '' || fixed.has(name)))
}

function fixedValue(
  { operator, inputs, attributes }: GraphNode,
  fixed: ReadonlyMap<string, GraphConstant | null>,
): GraphConstant | null {
  const value = attributes.get('value')
  if (operator === 'Constant') return value && typeof value === 'object' && 'shape' in value ? value : null
  const first = fixed.get(inputs[0] as string) ?? null
  if (operator === 'Identity') return first
  if (operator === 'Cast' || operator === 'DequantizeLinear') return first && { ...first, values: null }
  if (!ELEMENTWISE.has(operator)) return null
  const all = inputs.map((name) => fixed.get(name))
  return all.every((one) => one)
    ? { ...(first as GraphConstant), shape: broadcast(all.map((one) => one?.shape ?? [])), values: null }
    : null
}

function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const axes = Math.max(...shapes.map((shape) => shape.length))
  return Array.from({ length: axes }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - axes + shape.length] ?? 1)),
  )
}

type Found = { readonly step: CellStep; readonly shape: CellShape }

function stepOf(
  node: GraphNode,
  index: number,
  shapes: ReadonlyMap<string, CellShape>,
  fixed: ReadonlyMap<string, GraphConstant | null>,
): Found {
  const output = node.outputs[0] ?? ''
  const others = node.outputs.slice(1).filter((name) => name !== '')
  const read = node.inputs.filter((name) => shapes.has(name))
  const first = node.inputs[0] as string
  const shape = shapes.get(first) as CellShape
  const base = { node: index, output }
  if (node.domain !== '' && node.domain !== 'ai.onnx') throw new NoStep('is of a set of operators of its own')
  if (others.length > 0) throw new NoStep('has several outputs')
  if (UNARY.has(node.operator)) {
    if (read.length !== 1 || read[0] !== first) throw new NoStep('reads the image in its parameters')
    if (numberOf(node, 'training_mode', 0) !== 0) throw new NoStep('takes means over all images')
    for (const name of node.inputs.slice(1)) {
      if (name !== '' && node.operator !== 'BatchNormalization' && !isUniform(fixed.get(name), shape))
        throw new NoStep('has a parameter that varies over the image')
    }
    return { step: { ...base, kind: 'pointwise', inputs: [first] }, shape }
  }
  if (ELEMENTWISE.has(node.operator)) return elementwise(node, base, read, shapes, fixed)
  switch (node.operator) {
    case 'Concat':
      return concatenation(node, base, read, shapes)
    case 'Conv':
    case 'MaxPool':
    case 'AveragePool':
      if (read.length !== 1 || read[0] !== first) throw new NoStep('takes its weights from the image')
      return window(node, base, shape, fixed)
    case 'Pad':
      if (read.length !== 1 || read[0] !== first) throw new NoStep('takes its borders from the image')
      return padding(node, base, shape, fixed)
  }
  throw new NoStep('reads the whole image, or moves its places')
}

function elementwise(
  node: GraphNode,
  base: Step,
  read: readonly string[],
  shapes: ReadonlyMap<string, CellShape>,
  fixed: ReadonlyMap<string, GraphConstant | null>,
): Found {
  const shape = shapes.get(read[0] as string) as CellShape
  for (const name of node.inputs) {
    const other = shapes.get(name)
    const isAlike = other
      ? other.channels === shape.channels && other.rows === shape.rows && other.cols === shape.cols
      : isUniform(fixed.get(name), shape)
    if (!isAlike) throw new NoStep('joins tensors of unlike shapes')
  }
  return { step: { ...base, kind: 'pointwise', inputs: [...new Set(read)] }, shape }
}

/** Whether a constant is the same at every place of a tensor, and leaves its shape. */
function isUniform(constant: GraphConstant | null | undefined, { channels }: CellShape): boolean {
  if (!constant) return false
  const [cols = 1, rows = 1, own = 1, ...more] = [...constant.shape].reverse()
  return cols === 1 && rows === 1 && (own === 1 || own === channels) && more.length < 2 && more.every((n) => n === 1)
}

function concatenation(
  node: GraphNode,
  base: Step,
  read: readonly string[],
  shapes: ReadonlyMap<string, CellShape>,
): Found {
  if (node.attributes.get('axis') !== 1) throw new NoStep('does not join channels')
  if (read.length !== node.inputs.length) throw new NoStep('joins constants')
  const parts = read.map((name) => shapes.get(name) as CellShape)
  const { rows, cols } = parts[0] as CellShape
  if (parts.some((part) => part.rows !== rows || part.cols !== cols)) throw new NoStep('joins tensors of unlike shapes')
  const channels = parts.reduce((sum, part) => sum + part.channels, 0)
  return {
    step: { ...base, kind: 'pointwise', inputs: [...new Set(read)] },
    shape: { channels: within(channels, MAXIMUM_SIZE), rows, cols },
  }
}

function window(
  node: GraphNode,
  base: Step,
  shape: CellShape,
  fixed: ReadonlyMap<string, GraphConstant | null>,
): Found {
  const { operation, kernel, channels } =
    node.operator === 'Conv' ? convolution(node, shape, fixed) : pool(node, shape, listOf(node, 'kernel_shape'))
  const [rows, cols] = windowsOf(node, shape, kernel)
  const beyond = operation.kind === 'maximum' ? 'nothing' : 'zeros'
  if (
    operation.kind === 'mean' &&
    node.attributes.get('count_include_pad') !== 1 &&
    (reaches(rows, shape.rows) || reaches(cols, shape.cols))
  )
    throw new NoStep('takes means of fewer values at the border')
  if (operation.kind === 'maximum' && (isEmptyAtBorder(rows, shape.rows) || isEmptyAtBorder(cols, shape.cols)))
    throw new NoStep('has windows that are all border')
  return {
    step: { ...base, kind: 'window', input: node.inputs[0] as string, rows, cols, beyond, operation },
    shape: { channels, rows: rows.length, cols: cols.length },
  }
}

function convolution(
  node: GraphNode,
  shape: CellShape,
  fixed: ReadonlyMap<string, GraphConstant | null>,
): { readonly operation: WindowOperation; readonly kernel: readonly number[]; readonly channels: number } {
  const [, weight = '', bias = ''] = node.inputs
  const weightShape = fixed.get(weight)?.shape
  if (weightShape?.length !== 4) throw new NoStep('has no known weights of two dimensions')
  const [channels, own, ...kernel] = weightShape as [number, number, number, number]
  const groups = numberOf(node, 'group', 1)
  if (own * groups !== shape.channels || channels % groups !== 0 || channels > MAXIMUM_SIZE)
    throw new NoStep('has weights that do not fit its input')
  return { operation: { kind: 'convolution', groups, weight, bias: bias === '' ? null : bias }, kernel, channels }
}

function pool(node: GraphNode, { channels }: CellShape, kernel: readonly number[] | undefined) {
  if (kernel === undefined) throw new NoStep('has no kernel')
  if (numberOf(node, 'storage_order', 0) !== 0) throw new NoStep('has another order of storage')
  const kind = node.operator === 'MaxPool' ? ('maximum' as const) : ('mean' as const)
  return { operation: { kind }, kernel, channels }
}

function windowsOf(node: GraphNode, shape: CellShape, kernel: readonly number[]): [AxisWindow, AxisWindow] {
  const strides = listOf(node, 'strides') ?? [1, 1]
  const dilations = listOf(node, 'dilations') ?? [1, 1]
  const pads = listOf(node, 'pads') ?? [0, 0, 0, 0]
  const automatic = node.attributes.get('auto_pad') ?? 'NOTSET'
  const isCeiled = numberOf(node, 'ceil_mode', 0) === 1
  if (kernel.length !== 2 || strides.length !== 2 || dilations.length !== 2 || pads.length !== 4)
    throw new NoStep('has other than two dimensions')
  if ([...kernel, ...strides, ...dilations].some((size) => size < 1 || size > MAXIMUM_TAPS))
    throw new NoStep('has a window of no known size')
  const axis = (i: 0 | 1): AxisWindow => {
    const [taps, stride, dilation] = [kernel[i], strides[i], dilations[i]] as [number, number, number]
    const size = i === 0 ? shape.rows : shape.cols
    const extent = (taps - 1) * dilation + 1
    let before = pads[i] as number
    let after = pads[i + 2] as number
    if (automatic === 'VALID') before = after = 0
    if (automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER') {
      const needed = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size)
      before = automatic === 'SAME_UPPER' ? Math.floor(needed / 2) : Math.ceil(needed / 2)
      after = needed - before
    }
    const free = (size + before + after - extent) / stride
    let length = (isCeiled ? Math.ceil(free) : Math.floor(free)) + 1
    // A window that would begin in the border after the image is left out.
    if (isCeiled && (length - 1) * stride >= size + before) length--
    return { taps, stride, dilation, before, length: within(length, MAXIMUM_SIZE) }
  }
  return [axis(0), axis(1)]
}

/** Whether a window reaches beyond the border. */
function reaches({ taps, stride, dilation, before, length }: AxisWindow, size: number): boolean {
  return before > 0 || (length - 1) * stride - before + (taps - 1) * dilation >= size
}

function isEmptyAtBorder({ taps, stride, dilation, before, length }: AxisWindow, size: number): boolean {
  return [0, length - 1].some((output) =>
    Array.from({ length: taps }, (_, tap) => output * stride - before + tap * dilation).every(
      (input) => input < 0 || input >= size,
    ),
  )
}

function padding(
  node: GraphNode,
  base: Step,
  { channels, rows, cols }: CellShape,
  fixed: ReadonlyMap<string, GraphConstant | null>,
): Found {
  const given = listOf(node, 'pads') ?? fixed.get(node.inputs[1] ?? '')?.values
  const mode = node.attributes.get('mode') ?? 'constant'
  const [n0, c0, top, left, n1, c1, bottom, right] = given ?? []
  if (given?.length !== 8 || (node.inputs[3] ?? '') !== '') throw new NoStep('has borders of no known size')
  if (n0 || c0 || n1 || c1) throw new NoStep('adds channels or images')
  const sides = [top, left, bottom, right] as [number, number, number, number]
  if (sides.some((size) => size < 0 || size > MAXIMUM_TAPS)) throw new NoStep('has borders of no known size')
  const input = node.inputs[0] as string
  const shape = { channels, rows: rows + sides[0] + sides[2], cols: cols + sides[1] + sides[3] }
  if (mode === 'constant') {
    const value = node.inputs[2] ? fixed.get(node.inputs[2])?.values?.[0] : (node.attributes.get('value') ?? 0)
    if (value !== 0) throw new NoStep('adds a border of other values than 0')
    const axis = (before: number, length: number) => ({ taps: 1, stride: 1, dilation: 1, before, length })
    const windows = { rows: axis(sides[0], shape.rows), cols: axis(sides[1], shape.cols) }
    return {
      step: { ...base, kind: 'window', input, ...windows, beyond: 'zeros', operation: { kind: 'padding' } },
      shape,
    }
  }
  if (mode !== 'reflect' && mode !== 'edge') throw new NoStep(`adds a border of another kind`)
  const mapping = (size: number, before: number, length: number) =>
    Array.from({ length }, (_, i) => bordered(i - before, size, mode))
  const step = { rows: mapping(rows, sides[0], shape.rows), cols: mapping(cols, sides[1], shape.cols) }
  return { step: { ...base, kind: 'mapping', input, ...step }, shape }
}

function bordered(index: number, size: number, mode: 'reflect' | 'edge'): number {
  if (mode === 'edge') return Math.min(Math.max(index, 0), size - 1)
  const reflected = index < 0 ? -index : index >= size ? 2 * (size - 1) - index : index
  if (reflected < 0 || reflected >= size) throw new NoStep('reflects more than there is')
  return reflected
}

function numberOf({ attributes }: GraphNode, name: string, otherwise: number): number {
  const value = attributes.get(name) ?? otherwise
  if (typeof value !== 'number') throw new NoStep(`has ${name} of another kind`)
  return value
}

function listOf({ attributes }: GraphNode, name: string): readonly number[] | undefined {
  if (!attributes.has(name)) return undefined
  const value = attributes.get(name)
  if (!Array.isArray(value)) throw new NoStep(`has ${name} of another kind`)
  return value
}

function within(size: number, maximum: number): number {
  if (!(size >= 1 && size <= maximum)) throw new NoStep('gives a tensor of no known size')
  return size
}
