import type { GraphNode } from '../../onnx/format/graphNodes.js'
import { ElementType } from '../../onnx/format/messages.js'
import { type GraphAnalysis, imageShape } from '../../onnx/graph/analysis.js'
import { listAttribute, numberAttribute, textAttribute, UnfitNode } from '../../onnx/graph/attributes.js'
import { linksOf } from '../../onnx/graph/links.js'
import type { KnownNode, KnownTensor } from '../../onnx/graph/shapes.js'
import {
  type AxisWindow,
  type BorderedWindow,
  MAXIMUM_SIZE,
  MAXIMUM_TAPS,
  windowsOf,
} from '../../onnx/graph/windows.js'
import type { CellShape, CellStep, Step, WindowKind, WindowOperation } from './cellStep.js'

export interface NodeContext extends KnownNode {
  readonly analysis: GraphAnalysis
  readonly base: Step
  /** Names of the inputs that are not constants. */
  readonly read: readonly string[]
  /** Shapes of these inputs. */
  readonly shapes: ReadonlyMap<string, CellShape>
}

/** The constant of a name; undefined if it is no constant, or if its shape is unknown. */
export function fixedTensor({ analysis: { graph, tensors } }: NodeContext, name = ''): KnownTensor | undefined {
  return linksOf(graph).constants.has(name) ? tensors.get(name) : undefined
}

/** @throws UnfitNode unless a tensor is a map whose size is known */
export function cellShape(analysis: GraphAnalysis, name: string): CellShape {
  const [channels = 0, rows = 0, cols = 0, ...more] = imageShape(analysis, name) ?? []
  const isMap = more.length === 0 && [channels, rows, cols].every((size) => size >= 1 && size <= MAXIMUM_SIZE)
  if (!isMap) throw new UnfitNode(analysis.refusals.get(name) ?? 'gives a tensor of unknown size')
  return { channels, rows, cols, elements: analysis.tensors.get(name)?.type ?? ElementType.UNDEFINED }
}

/** Returns a node's first input, which must be the only one that is not a constant. */
export function onlyInput({ node, read }: NodeContext, otherwise: string): string {
  const [first] = node.inputs
  if (first === undefined || read.length !== 1 || read[0] !== first) throw new UnfitNode(otherwise)
  return first
}

export function windowStep(context: NodeContext, kind: WindowKind): CellStep {
  const { analysis, node, base, shapes } = context
  const input = onlyInput(context, 'has weights that depend on the image')
  // If the analysis refuses the weights or the kernel, its reason is thrown here.
  cellShape(analysis, base.output)
  const { rows, cols, elements } = shapes.get(input)!
  if (elements !== ElementType.FLOAT) throw new UnfitNode('computes in another type than float32')
  const kernel = listAttribute(node, 'kernel_shape') ?? fixedTensor(context, node.inputs[1])?.shape.slice(2) ?? []
  const [ofRows, ofCols] = windowsOf(node, [rows, cols], kernel)
  const some = (is: (window: BorderedWindow, size: number) => boolean) => is(ofRows, rows) || is(ofCols, cols)
  if (kind === 'mean' && some(exceeds)) throw new UnfitNode('averages windows that exceed the padding')
  if (kind === 'mean' && numberAttribute(node, 'count_include_pad', 0) !== 1 && some(reaches))
    throw new UnfitNode('averages fewer values at the border')
  if (kind === 'maximum' && some(hasEmptyWindow)) throw new UnfitNode('has windows with nothing but padding')
  return { ...base, kind: 'window', input, rows: ofRows, cols: ofCols, operation: operationOf(node, kind) }
}

function operationOf(node: GraphNode, kind: WindowKind): WindowOperation {
  const [, weight = '', bias = ''] = node.inputs
  if (kind === 'convolution')
    return { kind: 'convolution', groups: numberAttribute(node, 'group', 1), weight, bias: bias === '' ? null : bias }
  if (numberAttribute(node, 'storage_order', 0) !== 0) throw new UnfitNode('has a storage_order other than 0')
  return { kind }
}

/** Whether the last window reads values beyond the padding. */
function exceeds({ taps, stride, dilation, before, after, length }: BorderedWindow, size: number): boolean {
  return (length - 1) * stride + (taps - 1) * dilation + 1 > size + before + after
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

export function paddingStep(context: NodeContext): CellStep {
  const { analysis, node, base, shapes } = context
  const input = onlyInput(context, 'has padding that depends on the image')
  const given = listAttribute(node, 'pads') ?? fixedTensor(context, node.inputs[1])?.values
  const mode = textAttribute(node, 'mode', 'constant')
  const [n0, c0, top, left, n1, c1, bottom, right] = given ?? []
  if (given?.length !== 8 || (node.inputs[3] ?? '') !== '') throw new UnfitNode('has borders of unknown size')
  if (n0 || c0 || n1 || c1) throw new UnfitNode('adds channels or images')
  const sides = [top, left, bottom, right] as [number, number, number, number]
  if (sides.some((size) => size < 0 || size > MAXIMUM_TAPS)) throw new UnfitNode('has borders of unknown size')
  const { rows, cols, elements } = shapes.get(input)!
  const shape = cellShape(analysis, base.output)
  if (mode === 'constant') {
    const value = node.inputs[2] ? fixedTensor(context, node.inputs[2])?.values?.[0] : numberAttribute(node, 'value', 0)
    if (value !== 0 || elements !== ElementType.FLOAT) throw new UnfitNode('adds a border of values other than 0')
    const readers = linksOf(analysis.graph).readers.get(base.output) ?? []
    if (readers.some(({ operator }) => operator !== 'Conv'))
      throw new UnfitNode('adds zeros that other operators than Conv read')
    const axis = (before: number, length: number) => ({ taps: 1, stride: 1, dilation: 1, before, length })
    const windows = { rows: axis(sides[0], shape.rows), cols: axis(sides[1], shape.cols) }
    return { ...base, kind: 'window', input, ...windows, operation: { kind: 'padding' } }
  }
  if (mode !== 'reflect' && mode !== 'edge') throw new UnfitNode(`adds a border of an unsupported kind`)
  const mapping = (size: number, before: number, length: number) =>
    Array.from({ length }, (_, i) => bordered(i - before, size, mode))
  return {
    ...base,
    kind: 'mapping',
    input,
    rows: mapping(rows, sides[0], shape.rows),
    cols: mapping(cols, sides[1], shape.cols),
  }
}

function bordered(index: number, size: number, mode: 'reflect' | 'edge'): number {
  if (mode === 'edge') return Math.min(Math.max(index, 0), size - 1)
  const reflected = index < 0 ? -index : index >= size ? 2 * (size - 1) - index : index
  if (reflected < 0 || reflected >= size) throw new UnfitNode('reflects more pixels than its input has')
  return reflected
}
