import { elementCount } from '../../support/shape.js'
import type { GraphConstant, GraphNode } from '../format/graphNodes.js'
import { ElementType } from '../format/messages.js'
import { listAttribute, numberAttribute, tensorAttribute, textAttribute, UnfitNode } from './attributes.js'
import { windowsOf } from './windows.js'

export type Shape = readonly number[]

/** Largest number of values of a tensor that are followed through the graph. */
export const MOST_VALUES = 64

/** What is known of a tensor. Only small tensors have values. The type is exact only for numbers with values. */
export type KnownTensor = GraphConstant

/** A node, and what is known of its inputs. */
export interface KnownNode {
  readonly node: GraphNode
  /** Undefined if nothing is known of an input, or if an optional input is left out. */
  readonly inputs: readonly (KnownTensor | undefined)[]
}

/**
 * Gives the shapes of a node's outputs. Outputs beyond the list are unknown.
 * @throws UnfitNode if they cannot be known
 */
type Rule = (context: KnownNode) => readonly Shape[]

/** Operators whose only output has the type and shape of their first input, by ONNX's specification. */
export const PRESERVING: ReadonlySet<string> = new Set(
  'Abs Acos Acosh Asin Asinh Atan Atanh BatchNormalization BitwiseNot Ceil Celu Clip Cos Cosh CumSum Elu Erf Exp Floor Gelu GroupNormalization HardSigmoid HardSwish Hardmax Identity InstanceNormalization LRN LayerNormalization LeakyRelu Log LogSoftmax LpNormalization MeanVarianceNormalization Mish Neg Not PRelu Reciprocal Relu Round ScatterElements ScatterND Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu Trilu'.split(
    ' ',
  ),
)
/** Operators whose output has the shape of their first input, in another type. */
const RETYPING =
  'Cast CastLike DequantizeLinear IsInf IsNaN QuantizeLinear RMSNormalization RandomNormalLike RandomUniformLike'.split(
    ' ',
  )

/** Operators that accept inputs of different shapes, which they broadcast to the shape of their output. */
const BROADCASTING =
  'Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum Where Xor'.split(
    ' ',
  )

const REDUCING =
  'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare'.split(
    ' ',
  )

/** Operators that slide windows over a map, and the place of their weights among their inputs. */
export const CONVOLUTIONS: ReadonlyMap<string, number> = new Map([
  ['Conv', 1],
  ['ConvInteger', 1],
  ['QLinearConv', 3],
])

/**
 * Operators that multiply two matrices, and which two of their inputs are the matrices. `QLinearMatMul` and `QGemm`
 * have a scale and a zero point between them.
 */
export const PRODUCTS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['Gemm', [0, 1]],
  ['MatMul', [0, 1]],
  ['MatMulInteger', [0, 1]],
  ['QLinearMatMul', [0, 3]],
  ['QGemm', [0, 3]],
])

/** How the shapes of outputs follow from those of inputs: one row per operator or family of operators. */
export const SHAPES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...each([...PRESERVING, ...RETYPING], (context) => [shapeAt(context, 0)]),
  ['Dropout', (context) => [shapeAt(context, 0), shapeAt(context, 0)]],
  ...each(BROADCASTING, (context) => [broadcast(context.inputs.map((_, i) => shapeAt(context, i)))]),
  ...each(REDUCING, (context) => [reduced(context, axesAt(context, 1))]),
  ...each(['ArgMax', 'ArgMin'], (context) => [reduced(context, [axisOf(context, 0)])]),
  ...each(['GlobalAveragePool', 'GlobalLpPool', 'GlobalMaxPool'], (context) => [
    shapeAt(context, 0).map((size, axis) => (axis < 2 ? size : 1)),
  ]),
  ...each(CONVOLUTIONS.keys(), (context) => [convolved(context)]),
  ...each(['AveragePool', 'LpPool', 'MaxPool'], (context) => [pooled(context), pooled(context)]),
  ['ConvTranspose', (context) => [transposedConvolution(context)]],
  ...each(['Gemm', 'MatMul', 'MatMulInteger', 'QLinearMatMul'], (context) => [matrixProduct(context)]),
  ['Einsum', (context) => [summed(context)]],
  // Shapes and constants.
  ['Constant', (context) => [constantOf(context).shape]],
  ['ConstantOfShape', (context) => [valuesAt(context, 0)]],
  ['Shape', (context) => [[stated(context).length]]],
  ['Range', (context) => [[rangeValues(context).length]]],
  // Other axes for the same values.
  ['Reshape', (context) => [reshaped(context)]],
  ['Flatten', (context) => [flattened(context)]],
  ['Squeeze', (context) => [squeezed(context)]],
  ['Unsqueeze', (context) => [unsqueezed(context)]],
  ['Transpose', (context) => [permutationOf(context).map((axis) => sizeAt(shapeAt(context, 0), axis))]],
  // Some of the values, or several copies of them.
  ['Concat', (context) => [concatenated(context)]],
  ['Split', (context) => splitSizes(context).map((size) => shapeAt(context, 0).with(axisOf(context, 0), size))],
  ['Slice', (context) => [slicesOf(context).map(({ length }) => length)]],
  ['Gather', (context) => [shapeAt(context, 0).toSpliced(axisOf(context, 0), 1, ...shapeAt(context, 1))]],
  ['Expand', (context) => [broadcast([shapeAt(context, 0), valuesAt(context, 1)])]],
  ['Tile', (context) => [shapeAt(context, 0).map((size, axis) => size * sizeAt(valuesAt(context, 1), axis))]],
  ['Pad', (context) => [padded(context)]],
  ['DynamicQuantizeLinear', (context) => [shapeAt(context, 0), [], []]],
  ...each(['Resize', 'Upsample'], (context) => [resized(context)]),
])

function each(operators: Iterable<string>, rule: Rule): readonly (readonly [string, Rule])[] {
  return [...operators].map((operator) => [operator, rule] as const)
}

/** @throws UnfitNode if the shape of an input is not known */
export function shapeAt({ inputs }: KnownNode, place: number): Shape {
  const shape = inputs[place]?.shape
  if (shape === undefined) throw new UnfitNode('has an input of unknown shape')
  return shape
}

/** @throws UnfitNode if the values of an input are not known */
export function valuesAt({ inputs }: KnownNode, place: number): readonly number[] {
  const values = inputs[place]?.values
  if (!values) throw new UnfitNode('has an input of unknown values')
  return values
}

/** A list that is an attribute in old sets of operators and an input in newer ones; undefined if it is left out. */
function listAt(context: KnownNode, name: string, place: number): readonly number[] | undefined {
  const { node } = context
  return listAttribute(node, name) ?? (node.inputs[place] ? valuesAt(context, place) : undefined)
}

/** The list `axes`, counted from the first axis. */
function axesAt(context: KnownNode, place: number): readonly number[] | undefined {
  const { length } = shapeAt(context, 0)
  return listAt(context, 'axes', place)?.map((axis) => (axis < 0 ? axis + length : axis))
}

/** The attribute `axis`, counted from the first axis. */
export function axisOf(context: KnownNode, otherwise: number): number {
  const axis = numberAttribute(context.node, 'axis', otherwise)
  return axis < 0 ? axis + shapeAt(context, 0).length : axis
}

function sizeAt(sizes: readonly number[], axis: number): number {
  const size = sizes[axis]
  if (size === undefined) throw new UnfitNode('names an axis that does not exist')
  return size
}

function broadcast(shapes: readonly Shape[]): Shape {
  const axes = Math.max(...shapes.map((shape) => shape.length))
  return Array.from({ length: axes }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - axes + shape.length] ?? 1)
    const size = sizes.find((one) => one !== 1) ?? 1
    if (sizes.some((one) => one !== 1 && one !== size)) throw new UnfitNode('joins tensors of different shapes')
    return size
  })
}

function reduced(context: KnownNode, axes: readonly number[] | undefined): Shape {
  const { node } = context
  const shape = shapeAt(context, 0)
  const isOmitted = axes === undefined || axes.length === 0
  if (isOmitted && numberAttribute(node, 'noop_with_empty_axes', 0) === 1) return shape
  const all = new Set(isOmitted ? shape.keys() : axes)
  const keepsAxes = numberAttribute(node, 'keepdims', 1) === 1
  return shape.flatMap((size, axis) => (all.has(axis) ? (keepsAxes ? [1] : []) : [size]))
}

/** Images, channels, and the size of a map. */
function mapAt(context: KnownNode): readonly [number, number, number, number] {
  const [images, channels, rows, cols, ...more] = shapeAt(context, 0)
  if (images === undefined || channels === undefined || rows === undefined || cols === undefined || more.length > 0)
    throw new UnfitNode('does not read maps of rows and columns')
  return [images, channels, rows, cols]
}

function convolved(context: KnownNode): Shape {
  const { node } = context
  const [, channels] = mapAt(context)
  const weights = context.inputs[CONVOLUTIONS.get(node.operator)!]?.shape
  if (weights?.length !== 4) throw new UnfitNode('has unknown weights or a kernel that is not two-dimensional')
  const [filters, own, ...kernel] = weights as [number, number, number, number]
  const groups = numberAttribute(node, 'group', 1)
  const stated = listAttribute(node, 'kernel_shape') ?? kernel
  const fits = stated.length === kernel.length && stated.every((size, axis) => size === kernel[axis])
  if (!fits || own * groups !== channels || filters % groups !== 0)
    throw new UnfitNode('has weights that do not fit its input')
  return ofWindows(context, filters, kernel)
}

function pooled(context: KnownNode): Shape {
  const kernel = listAttribute(context.node, 'kernel_shape')
  if (kernel === undefined) throw new UnfitNode('has no kernel')
  return ofWindows(context, mapAt(context)[1], kernel)
}

function ofWindows(context: KnownNode, channels: number, kernel: readonly number[]): Shape {
  const [images, , rows, cols] = mapAt(context)
  const windows = windowsOf(context.node, [rows, cols], kernel)
  return [images, channels, ...windows.map(({ length }) => length)]
}

function transposedConvolution(context: KnownNode): Shape {
  const { node } = context
  const [images, , ...size] = mapAt(context)
  const [, own = 0, ...kernel] = shapeAt(context, 1)
  const [strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0], more = [0, 0], stated] = [
    'strides',
    'dilations',
    'pads',
    'output_padding',
    'output_shape',
  ].map((name) => listAttribute(node, name))
  const isSame = textAttribute(node, 'auto_pad', 'NOTSET').startsWith('SAME')
  const lengths = size.map((length, axis) => {
    const stride = sizeAt(strides, axis)
    if (isSame) return length * stride
    const extent = (sizeAt(kernel, axis) - 1) * sizeAt(dilations, axis) + 1
    return (length - 1) * stride + extent + sizeAt(more, axis) - sizeAt(pads, axis) - sizeAt(pads, axis + 2)
  })
  return [images, own * numberAttribute(node, 'group', 1), ...(stated?.slice(-2) ?? lengths)]
}

function matrixProduct(context: KnownNode): Shape {
  const { node } = context
  const matrixAt = (i: 0 | 1, transposed: string) => {
    const shape = shapeAt(context, PRODUCTS.get(node.operator)![i]!)
    return numberAttribute(node, transposed, 0) === 1 ? shape.toReversed() : shape
  }
  const [left, right] = [matrixAt(0, 'transA'), matrixAt(1, 'transB')]
  // A vector is a matrix of one row or of one column, which the result does not have.
  const [rows, cols] = [left.length > 1 ? [left.at(-2)!] : [], right.length > 1 ? right.slice(-1) : []]
  if (left.at(-1) !== (right.at(-2) ?? right[0])) throw new UnfitNode('multiplies matrices that do not fit')
  return [...broadcast([left.slice(0, -2), right.slice(0, -2)]), ...rows, ...cols]
}

/** The shape that an Einsum such as `bij,bjk->bik` gives. */
function summed(context: KnownNode): Shape {
  const [terms = '', output] = textAttribute(context.node, 'equation', '').replaceAll(' ', '').split('->')
  const sizes = new Map<string, number>()
  for (const [place, axes] of terms.split(',').entries()) {
    const shape = shapeAt(context, place)
    for (const [i, axis] of [...axes].entries()) sizes.set(axis, sizeAt(shape, i))
  }
  if (output === undefined || sizes.has('.')) throw new UnfitNode('has an equation that does not name all axes')
  return [...output].map((axis) => sizes.get(axis) ?? Number.NaN)
}

/** @throws UnfitNode if the value is not a tensor or numbers that are read */
export function constantOf({ node }: KnownNode): KnownTensor {
  const value = node.attributes.get('value_int') ?? node.attributes.get('value_float')
  const list = listAttribute(node, 'value_ints')
  if (typeof value === 'number') return { shape: [], type: ElementType.UNDEFINED, values: [value] }
  const tensor = list ? { shape: [list.length], type: ElementType.INT64, values: list } : tensorAttribute(node, 'value')
  if (tensor === undefined) throw new UnfitNode('has a value that is not read')
  return tensor
}

/** The sizes that Shape gives: all axes, or those from `start` to before `end`. */
export function stated(context: KnownNode): Shape {
  const { node } = context
  const shape = shapeAt(context, 0)
  return shape.slice(numberAttribute(node, 'start', 0), numberAttribute(node, 'end', shape.length))
}

/** The values that Range gives. */
export function rangeValues(context: KnownNode): readonly number[] {
  const [start = 0, limit = 0, delta = 0] = [0, 1, 2].map((place) => valuesAt(context, place)[0])
  const length = Math.max(0, Math.ceil((limit - start) / delta))
  if (!(length <= MOST_VALUES)) throw new UnfitNode('gives a tensor of unknown size')
  return Array.from({ length }, (_, i) => start + i * delta)
}

function reshaped(context: KnownNode): Shape {
  const shape = shapeAt(context, 0)
  const target = listAt(context, 'shape', 1)
  if (target === undefined) throw new UnfitNode('has no target shape')
  const copiesZeros = numberAttribute(context.node, 'allowzero', 0) === 0
  const sizes = target.map((size, axis) => (size === 0 && copiesZeros ? sizeAt(shape, axis) : size))
  const [count, known] = [elementCount(shape), elementCount(sizes.filter((size) => size !== -1))]
  if (count !== known && !sizes.includes(-1)) throw new UnfitNode('changes the number of values')
  return sizes.map((size) => (size === -1 ? count / known : size))
}

function flattened(context: KnownNode): Shape {
  const shape = shapeAt(context, 0)
  const axis = axisOf(context, 1)
  return [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))]
}

function squeezed(context: KnownNode): Shape {
  const shape = shapeAt(context, 0)
  const axes = axesAt(context, 1)
  return shape.filter((size, axis) => (axes === undefined ? size !== 1 : !axes.includes(axis)))
}

function unsqueezed(context: KnownNode): Shape {
  const shape = shapeAt(context, 0)
  const axes = listAt(context, 'axes', 1) ?? []
  const length = shape.length + axes.length
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + length : axis)))
  const rest = shape.values()
  return Array.from({ length }, (_, axis) => (added.has(axis) ? 1 : (rest.next().value ?? Number.NaN)))
}

export function permutationOf(context: KnownNode): readonly number[] {
  return listAttribute(context.node, 'perm') ?? [...shapeAt(context, 0).keys()].reverse()
}

function concatenated(context: KnownNode): Shape {
  const first = shapeAt(context, 0)
  const at = axisOf(context, 1)
  const shapes = context.inputs.map((_, place) => shapeAt(context, place))
  if (
    shapes.some((shape) => shape.length !== first.length || shape.some((n, axis) => axis !== at && n !== first[axis]))
  )
    throw new UnfitNode('joins tensors of different shapes')
  return first.with(
    at,
    shapes.reduce((sum, shape) => sum + sizeAt(shape, at), 0),
  )
}

/** Lengths of the parts that Split gives. */
function splitSizes(context: KnownNode): readonly number[] {
  const { node } = context
  const size = sizeAt(shapeAt(context, 0), axisOf(context, 0))
  const sizes = listAt(context, 'split', 1)
  if (sizes !== undefined) return sizes
  const part = Math.ceil(size / node.outputs.length)
  return node.outputs.map((_, i) => Math.max(0, Math.min(part, size - i * part)))
}

interface AxisSlice {
  readonly start: number
  readonly step: number
  readonly length: number
}

/** What Slice takes of each axis. */
export function slicesOf(context: KnownNode): readonly AxisSlice[] {
  const shape = shapeAt(context, 0)
  const [starts, ends, steps] = [listAt(context, 'starts', 1), listAt(context, 'ends', 2), listAt(context, 'steps', 4)]
  if (starts === undefined || ends === undefined) throw new UnfitNode('has no bounds')
  const slices = shape.map((length): AxisSlice => ({ start: 0, step: 1, length }))
  for (const [i, axis] of (axesAt(context, 3) ?? [...starts.keys()]).entries()) {
    const size = sizeAt(shape, axis)
    const step = steps?.[i] ?? 1
    const bound = (at: number) => {
      const position = at < 0 ? at + size : at
      return step > 0 ? Math.min(Math.max(position, 0), size) : Math.min(Math.max(position, -1), size - 1)
    }
    const [start, end] = [Math.max(0, bound(sizeAt(starts, i))), bound(sizeAt(ends, i))]
    slices[axis] = { start, step, length: Math.max(0, Math.ceil((end - start) / step)) }
  }
  return slices
}

function padded(context: KnownNode): Shape {
  const shape = shapeAt(context, 0)
  const pads = listAt(context, 'pads', 1)
  const axes = axesAt(context, 3) ?? [...shape.keys()]
  if (pads === undefined || pads.length !== 2 * axes.length) throw new UnfitNode('has borders of unknown size')
  return shape.map((size, axis) => {
    const i = axes.indexOf(axis)
    return i < 0 ? size : size + sizeAt(pads, i) + sizeAt(pads, i + axes.length)
  })
}

/** The scales are an attribute or the second input in old sets of operators, and the third input from set 11 on. */
function resized(context: KnownNode): Shape {
  const { node, inputs } = context
  const shape = shapeAt(context, 0)
  const axes = axesAt(context, Number.POSITIVE_INFINITY) ?? [...shape.keys()]
  const sizes = node.inputs[3] ? valuesAt(context, 3) : undefined
  if (sizes && textAttribute(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch')
    throw new UnfitNode('keeps the aspect ratio')
  const scales = sizes ? undefined : valuesAt(context, inputs.length === 2 ? 1 : 2)
  return shape.map((size, axis) => {
    const i = axes.indexOf(axis)
    if (i < 0) return size
    return sizes ? sizeAt(sizes, i) : Math.floor(Math.fround(size * sizeAt(scales ?? [], i)))
  })
}
