import type { GraphConstant, GraphNode } from '../../networks/index.js'
import { printable } from '../../support/text.js'
import type { AxisWindow, CellShape, CellStep, Step, WindowOperation } from './cellStep.js'

/** Largest number of channels, and of pixels along a side. No network for images has more. */
export const MAXIMUM_SIZE = 1 << 16
const MAXIMUM_TAPS = 1 << 10

const AUTOMATIC_PADS = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID']

/**
 * Thrown if values of a node cannot be computed once and reused. The message is the end of a sentence that begins with
 * the node's name, such as `has no kernel`.
 */
export class NoStep extends Error {}

export interface NodeContext {
  readonly node: GraphNode
  readonly base: Step
  /** Names of the inputs that are not constants. */
  readonly read: readonly string[]
  readonly shapes: ReadonlyMap<string, CellShape>
  /** Constants by name. A constant whose shape is unknown is null. */
  readonly fixed: ReadonlyMap<string, GraphConstant | null>
  /** Operators of the nodes that read this node's output. */
  readonly readers: readonly string[]
}

export type Found = { readonly step: CellStep; readonly shape: CellShape }

export function windowStep({ node, base, fixed }: NodeContext, shape: CellShape): Found {
  const { operation, kernel, channels } =
    node.operator === 'Conv' ? convolution(node, shape, fixed) : pool(node, shape, listAttribute(node, 'kernel_shape'))
  const [rows, cols] = windowsOf(node, shape, kernel)
  if (
    operation.kind === 'mean' &&
    numberAttribute(node, 'count_include_pad', 0) !== 1 &&
    (reaches(rows, shape.rows) || reaches(cols, shape.cols))
  )
    throw new NoStep('averages fewer values at the border')
  if (operation.kind === 'maximum' && (hasEmptyWindow(rows, shape.rows) || hasEmptyWindow(cols, shape.cols)))
    throw new NoStep('has windows with nothing but padding')
  return {
    step: { ...base, kind: 'window', input: node.inputs[0] as string, rows, cols, operation },
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
  if (weightShape?.length !== 4) throw new NoStep('has unknown weights or a kernel that is not two-dimensional')
  const [channels, own, ...kernel] = weightShape as [number, number, number, number]
  const groups = numberAttribute(node, 'group', 1)
  const stated = listAttribute(node, 'kernel_shape') ?? kernel
  const fits = stated.length === kernel.length && stated.every((size, axis) => size === kernel[axis])
  if (!fits || own * groups !== shape.channels || channels % groups !== 0 || channels > MAXIMUM_SIZE)
    throw new NoStep('has weights that do not fit its input')
  return { operation: { kind: 'convolution', groups, weight, bias: bias === '' ? null : bias }, kernel, channels }
}

function pool(node: GraphNode, { channels }: CellShape, kernel: readonly number[] | undefined) {
  if (kernel === undefined) throw new NoStep('has no kernel')
  if (numberAttribute(node, 'storage_order', 0) !== 0) throw new NoStep('has a storage_order other than 0')
  const kind = node.operator === 'MaxPool' ? ('maximum' as const) : ('mean' as const)
  return { operation: { kind }, kernel, channels }
}

function windowsOf(node: GraphNode, shape: CellShape, kernel: readonly number[]): [AxisWindow, AxisWindow] {
  const strides = listAttribute(node, 'strides') ?? [1, 1]
  const dilations = listAttribute(node, 'dilations') ?? [1, 1]
  const pads = listAttribute(node, 'pads') ?? [0, 0, 0, 0]
  const automatic = textAttribute(node, 'auto_pad', 'NOTSET')
  const isCeiled = numberAttribute(node, 'ceil_mode', 0) === 1
  if (!AUTOMATIC_PADS.includes(automatic)) throw new NoStep(`has auto_pad ${printable(automatic)}`)
  if (automatic !== 'NOTSET' && node.attributes.has('pads')) throw new NoStep('has both pads and auto_pad')
  if (automatic.startsWith('SAME') && dilations.some((size) => size !== 1))
    throw new NoStep('has both dilations and auto_pad')
  if (kernel.length !== 2 || strides.length !== 2 || dilations.length !== 2 || pads.length !== 4)
    throw new NoStep('does not have two dimensions')
  if ([...kernel, ...strides, ...dilations].some((size) => size < 1 || size > MAXIMUM_TAPS))
    throw new NoStep('has a window of unknown size')
  const axis = (i: 0 | 1): AxisWindow => {
    const [taps, stride, dilation] = [kernel[i], strides[i], dilations[i]] as [number, number, number]
    const size = i === 0 ? shape.rows : shape.cols
    const extent = (taps - 1) * dilation + 1
    let before = pads[i] as number
    let after = pads[i + 2] as number
    if (automatic === 'VALID') before = after = 0
    if (automatic === 'SAME_UPPER' || automatic === 'SAME_LOWER') {
      const missing = (Math.ceil(size / stride) - 1) * stride + extent - size
      if (missing < 0 && node.operator !== 'Conv') throw new NoStep('has auto_pad with strides longer than its kernel')
      const needed = Math.max(0, missing)
      before = automatic === 'SAME_UPPER' ? Math.floor(needed / 2) : Math.ceil(needed / 2)
      after = needed - before
    }
    const free = (size + before + after - extent) / stride
    let length = (isCeiled ? Math.ceil(free) : Math.floor(free)) + 1
    // ONNX leaves out a last window that would begin in the padding after the image.
    if (isCeiled && (length - 1) * stride >= size + before) length--
    if (node.operator === 'AveragePool' && (length - 1) * stride + extent > size + before + after)
      throw new NoStep('averages windows that exceed the padding')
    return { taps, stride, dilation, before, length: within(length, MAXIMUM_SIZE) }
  }
  return [axis(0), axis(1)]
}

/** Whether any window reads values outside its input. */
export function reaches({ taps, stride, dilation, before, length }: AxisWindow, size: number): boolean {
  return before > 0 || (length - 1) * stride - before + (taps - 1) * dilation >= size
}

/** Whether any window reads only values outside its input. */
function hasEmptyWindow({ taps, stride, dilation, before, length }: AxisWindow, size: number): boolean {
  for (let output = 0; output < length; output++) {
    const begin = output * stride - before
    const first = Math.max(0, Math.ceil(-begin / dilation))
    if (first >= taps || begin + first * dilation >= size) return true
  }
  return false
}

export function paddingStep({ node, base, fixed, readers }: NodeContext, { channels, rows, cols }: CellShape): Found {
  const given = listAttribute(node, 'pads') ?? fixed.get(node.inputs[1] ?? '')?.values
  const mode = textAttribute(node, 'mode', 'constant')
  const [n0, c0, top, left, n1, c1, bottom, right] = given ?? []
  if (given?.length !== 8 || (node.inputs[3] ?? '') !== '') throw new NoStep('has borders of unknown size')
  if (n0 || c0 || n1 || c1) throw new NoStep('adds channels or images')
  const sides = [top, left, bottom, right] as [number, number, number, number]
  if (sides.some((size) => size < 0 || size > MAXIMUM_TAPS)) throw new NoStep('has borders of unknown size')
  const input = node.inputs[0] as string
  const shape = { channels, rows: rows + sides[0] + sides[2], cols: cols + sides[1] + sides[3] }
  if (mode === 'constant') {
    const value = node.inputs[2] ? fixed.get(node.inputs[2])?.values?.[0] : numberAttribute(node, 'value', 0)
    if (value !== 0) throw new NoStep('adds a border of values other than 0')
    if (readers.some((operator) => operator !== 'Conv'))
      throw new NoStep('adds zeros that other operators than Conv read')
    const axis = (before: number, length: number) => ({ taps: 1, stride: 1, dilation: 1, before, length })
    const windows = { rows: axis(sides[0], shape.rows), cols: axis(sides[1], shape.cols) }
    return { step: { ...base, kind: 'window', input, ...windows, operation: { kind: 'padding' } }, shape }
  }
  if (mode !== 'reflect' && mode !== 'edge') throw new NoStep(`adds a border of an unsupported kind`)
  const mapping = (size: number, before: number, length: number) =>
    Array.from({ length }, (_, i) => bordered(i - before, size, mode))
  const step = { rows: mapping(rows, sides[0], shape.rows), cols: mapping(cols, sides[1], shape.cols) }
  return { step: { ...base, kind: 'mapping', input, ...step }, shape }
}

function bordered(index: number, size: number, mode: 'reflect' | 'edge'): number {
  if (mode === 'edge') return Math.min(Math.max(index, 0), size - 1)
  const reflected = index < 0 ? -index : index >= size ? 2 * (size - 1) - index : index
  if (reflected < 0 || reflected >= size) throw new NoStep('reflects more pixels than its input has')
  return reflected
}

export function numberAttribute({ attributes }: GraphNode, name: string, otherwise: number): number {
  const value = attributes.has(name) ? attributes.get(name) : otherwise
  if (typeof value !== 'number') throw new NoStep(`has ${name} of an unexpected kind`)
  return value
}

function textAttribute({ attributes }: GraphNode, name: string, otherwise: string): string {
  const value = attributes.has(name) ? attributes.get(name) : otherwise
  if (typeof value !== 'string') throw new NoStep(`has ${name} of an unexpected kind`)
  return value
}

function listAttribute({ attributes }: GraphNode, name: string): readonly number[] | undefined {
  if (!attributes.has(name)) return undefined
  const value = attributes.get(name)
  if (!Array.isArray(value)) throw new NoStep(`has ${name} of an unexpected kind`)
  return value
}

export function within(size: number, maximum: number): number {
  if (!(size >= 1 && size <= maximum)) throw new NoStep('gives a tensor of unknown size')
  return size
}
