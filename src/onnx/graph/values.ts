import { contiguousStrides } from '../../checkpoint/tensor.js'
import { elementCount } from '../../support/shape.js'
import { ElementType } from '../format/messages.js'
import { numberAttribute, tensorAttribute } from './attributes.js'
import {
  axisOf,
  constantOf,
  type KnownNode,
  permutationOf,
  rangeValues,
  type Shape,
  shapeAt,
  slicesOf,
  stated,
  valuesAt,
} from './shapes.js'

/**
 * Gives the values of a node's only output, in the order of its axes. Most tensors whose values are followed are shapes,
 * or sizes and indices that nodes compute from shapes.
 * @param shape shape of the output
 * @throws UnfitNode if they cannot be known
 */
type Rule = (context: KnownNode, shape: Shape) => readonly number[] | null

/** How the values of outputs follow from the node's inputs: one row per operator or family of operators. */
export const VALUES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...['Flatten', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze'].map((operator) => [operator, same] as const),
  ['Add', elementwise((a, b) => a + b)],
  ['Sub', elementwise((a, b) => a - b)],
  ['Mul', elementwise((a, b) => a * b)],
  ['Div', elementwise((a, b) => a / b)],
  ['Mod', elementwise((a, b) => a - b * Math.floor(a / b))],
  ['Ceil', elementwise((a) => Math.ceil(a))],
  ['Floor', elementwise((a) => Math.floor(a))],
  ['Equal', elementwise((a, b) => (a === b ? 1 : 0))],
  ['Clip', clipped],
  ['Where', elementwise((a, b, c) => (a === 0 ? c : b))],
  ['Cast', (context) => (isInteger(typeOf(context)) ? same(context).map(Math.trunc) : same(context))],
  ['Constant', (context) => constantOf(context).values],
  ['ConstantOfShape', (context, shape) => Array(elementCount(shape)).fill(filling(context))],
  ['Shape', stated],
  ['Range', rangeValues],
  ['Concat', concatenated],
  ['Expand', (context, shape) => expanded(same(context), shapeAt(context, 0), shape)],
  ['Gather', gathered],
  ['Slice', sliced],
  ['Transpose', transposed],
])

/** Element type of a node's output, which is right if its values are known. */
export function typeOf(context: KnownNode): number {
  const { node, inputs } = context
  const to = node.attributes.get('to')
  if (node.operator === 'Constant') return constantOf(context).type
  if (node.operator === 'Shape') return ElementType.INT64
  if (node.operator === 'Cast') return typeof to === 'number' ? to : ElementType.UNDEFINED
  const place = node.operator === 'Where' || node.operator === 'DequantizeLinear' ? 1 : 0
  return inputs[place]?.type ?? ElementType.UNDEFINED
}

function isInteger(type: number | undefined): boolean {
  return type === ElementType.INT32 || type === ElementType.INT64
}

function same(context: KnownNode): readonly number[] {
  return valuesAt(context, 0)
}

/** Computes each value from the values at the same position of one to three tensors. */
function elementwise(operation: (a: number, b: number, c: number) => number): Rule {
  return (context, shape) => {
    const [first = [], second = [], third = []] = context.inputs.map((_, place) =>
      expanded(valuesAt(context, place), shapeAt(context, place), shape),
    )
    const values = first.map((a, i) => operation(a, second[i] ?? 0, third[i] ?? 0))
    // Integers are divided without remainder.
    return isInteger(typeOf(context)) ? values.map(Math.trunc) : values
  }
}

/** The bounds are attributes before version 11 of the operators, and inputs from then on. */
function clipped(context: KnownNode): readonly number[] {
  const bound = (place: number, name: string, otherwise: number) =>
    context.inputs[place]?.values?.[0] ?? numberAttribute(context.node, name, otherwise)
  const low = bound(1, 'min', Number.NEGATIVE_INFINITY)
  const high = bound(2, 'max', Number.POSITIVE_INFINITY)
  return same(context).map((value) => Math.min(Math.max(value, low), high))
}

function filling({ node }: KnownNode): number {
  const value = tensorAttribute(node, 'value')
  return value ? (value.values?.[0] ?? Number.NaN) : 0
}

/** The values at all sums of one offset of each axis. */
function at(values: readonly number[], offsets: readonly (readonly number[])[]): readonly number[] {
  const places = offsets.reduce<readonly number[]>((sums, own) => sums.flatMap((sum) => own.map((n) => sum + n)), [0])
  return places.map((place) => values[place]!)
}

/** `length` numbers from `start` on, `step` apart. */
function evenly(length: number, step: number, start = 0): readonly number[] {
  return Array.from({ length }, (_, i) => start + i * step)
}

function expanded(values: readonly number[], from: Shape, to: Shape): readonly number[] {
  if (elementCount(from) === elementCount(to)) return values
  const steps = contiguousStrides(from)
  const more = to.length - from.length
  return at(
    values,
    to.map((size, axis) => evenly(size, from[axis - more] === size ? steps[axis - more]! : 0)),
  )
}

function transposed(context: KnownNode): readonly number[] {
  const shape = shapeAt(context, 0)
  const steps = contiguousStrides(shape)
  const offsets = permutationOf(context).map((axis) => evenly(shape[axis] ?? 0, steps[axis] ?? 0))
  return at(same(context), offsets)
}

function sliced(context: KnownNode): readonly number[] {
  const steps = contiguousStrides(shapeAt(context, 0))
  const offsets = slicesOf(context).map(({ start, step, length }, axis) => {
    const apart = steps[axis]!
    return evenly(length, step * apart, start * apart)
  })
  return at(same(context), offsets)
}

function gathered(context: KnownNode): readonly number[] {
  const shape = shapeAt(context, 0)
  const steps = contiguousStrides(shape)
  const chosen = axisOf(context, 0)
  const offsets = shape.map((size, axis) => {
    const indices = axis === chosen ? valuesAt(context, 1) : evenly(size, 1)
    return indices.map((index) => (index < 0 ? index + size : index) * steps[axis]!)
  })
  return at(same(context), offsets)
}

function concatenated(context: KnownNode): readonly number[] {
  const axis = axisOf(context, 0)
  const parts = context.inputs.map((_, place) => {
    const length = elementCount(shapeAt(context, place).slice(axis))
    return { length, values: valuesAt(context, place) }
  })
  const rows = elementCount(shapeAt(context, 0).slice(0, axis))
  return evenly(rows, 1).flatMap((row) =>
    parts.flatMap(({ length, values }) => values.slice(row * length, (row + 1) * length)),
  )
}
