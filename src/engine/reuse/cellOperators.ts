import { numberAttribute, UnfitNode } from '../../onnx/graph/attributes.js'
import { isForeign } from '../../onnx/graph/links.js'
import type { KnownTensor } from '../../onnx/graph/shapes.js'
import { printable } from '../../support/text.js'
import { channelStep, gathered, sliced, split } from './cellChannels.js'
import { resizeStep } from './cellResize.js'
import type { CellShape, CellStep, WindowKind } from './cellStep.js'
import { fixedTensor, type NodeContext, onlyInput, paddingStep, windowStep } from './cellWindows.js'

/**
 * Oldest and newest version of ONNX's operators for which reuse is possible. In both versions, the tests compare every
 * operator of the table below, if the version has it, with full computation. The oldest is 9, because `cellGraphs` adds
 * the operator Scan to graphs. Before version 9, Scan has a different form.
 */
export const OPERATOR_SETS = { oldest: 9, newest: 26 } as const

interface Rule {
  /** Names of the attributes that a node may have. A node with any other attribute is refused. */
  readonly attributes: readonly string[]
  readonly step: (context: NodeContext) => CellStep
}

type Condition = (context: NodeContext) => void

/**
 * The operators that can be computed cell by cell (see `CellSteps`), with their attributes and conditions. If a node
 * meets its condition, each cell gets the same values, apart from rounding, as when ONNX Runtime computes whole images.
 *
 * Functions that can magnify rounding errors without bound are left out on purpose: those with jumps (see `JUMPS` in
 * rounding.ts), and those with a pole or an infinite slope (Log, Reciprocal, Sqrt). NaN needs no
 * condition, because features with NaN are refused.
 */
export const CELL_OPERATORS: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  // Each output value depends on a single input value, so the node can take cells instead of images.
  ...each('Abs Erf Exp HardSwish Identity Mish Neg Relu Sigmoid Softplus Softsign Tanh', unary([])),
  ...each('Elu LeakyRelu', unary(['alpha'])),
  ['Gelu', unary(['approximate'])],
  ['HardSigmoid', unary(['alpha', 'beta'])],
  ['Selu', unary(['alpha', 'gamma'])],
  // The bounds are attributes before version 11, and inputs from then on.
  ['Clip', unary(['max', 'min'], hasUniformParameters)],
  ['PRelu', unary([], hasUniformParameters)],
  // Scales and shifts each channel by constants. In training mode, these would be computed from all images of the batch.
  ['BatchNormalization', unary(['epsilon', 'momentum', 'training_mode'], isInference)],
  // In inference mode, Dropout copies its input. A third input (from version 12 on) would set training mode.
  ['Dropout', unary(['ratio', 'seed'], dropsNothing)],
  // Normalises over neighbouring channels of one cell. The condition keeps the divisor away from zero.
  ['LRN', unary(['alpha', 'beta', 'bias', 'size'], isBounded)],
  // All inputs must be tensors of the same shape, or constants. A constant has a single number, or one number per
  // channel.
  ...each('Add Max Mean Min Mul Sub Sum', elementwise()),
  // The divisor must be a constant, because one that depends on the image may be near zero.
  ['Div', elementwise(dividesByConstant)],
  // The exponents must be 1, 2, 3, …, because other powers can have a pole or an infinite slope at zero.
  ['Pow', elementwise(hasWholeExponents)],
  // Joins channels (axis 1). Along another axis it would join cells of different positions.
  ['Concat', { attributes: ['axis'], step: concatenation }],
  // These copy some channels (axis 1). The indices and bounds must be known, and no other axis may be cut.
  ['Gather', { attributes: ['axis'], step: channelStep(gathered) }],
  ['Slice', { attributes: ['axes', 'ends', 'starts'], step: channelStep(sliced) }],
  ['Split', { attributes: ['axis', 'num_outputs', 'split'], step: channelStep(split) }],
  // Repeats rows and columns. The sizes or scales must be known, and the scales whole numbers.
  [
    'Resize',
    { attributes: ['coordinate_transformation_mode', 'cubic_coeff_a', 'mode', 'nearest_mode'], step: resizeStep },
  ],
  // To types that round, only pixels and copies of them are converted: any other rounding excludes reuse (`jumpReason`).
  ['Cast', unary(['saturate', 'to'])],
  // The kernel must be two-dimensional. The weights must be constant and fit the groups. `pads` must not occur with
  // `auto_pad`, nor dilations with SAME_UPPER or SAME_LOWER, because ONNX Runtime refuses such nodes or reads beyond
  // its input.
  ['Conv', window('convolution', ['group'])],
  // `auto_pad` is limited as for Conv. `storage_order` must be 0. Every window must contain a pixel of the input.
  // With SAME_UPPER and SAME_LOWER, no stride may exceed the kernel, because ONNX Runtime would use negative pads.
  ['MaxPool', window('maximum', ['ceil_mode', 'storage_order'])],
  // `auto_pad` and strides are limited as for MaxPool. Every mean must be over the whole kernel: either no window
  // includes padding, or `count_include_pad` is 1 and `ceil_mode` makes no window exceed the padding.
  ['AveragePool', window('mean', ['ceil_mode', 'count_include_pad'])],
  // Conditions: the pads are constants of at least 0 along rows and columns, and 0 along other axes. No input `axes`
  // (of operator set 18) is used. The mode is `reflect`, `edge`, or `constant` with zeros that only Conv reads. If a
  // max pool read the zeros, ONNX Runtime would fuse it with the Pad, and the maximum would ignore the zeros.
  ['Pad', { attributes: ['mode', 'pads', 'value'], step: paddingStep }],
])

function each(operators: string, rule: Rule): readonly (readonly [string, Rule])[] {
  return operators.split(' ').map((operator) => [operator, rule] as const)
}

/** @throws UnfitNode if the node cannot be computed cell by cell */
export function stepOf(context: NodeContext): CellStep {
  const { node, read } = context
  if (isForeign(node)) throw new UnfitNode("is not one of ONNX's own operators")
  const hasSeveral = node.outputs.slice(1).some((name) => name !== '')
  if (hasSeveral && node.operator !== 'Split') throw new UnfitNode('has several outputs')
  if (read.length === 0) throw new UnfitNode('has no input')
  const rule = CELL_OPERATORS.get(node.operator)
  if (rule === undefined) throw new UnfitNode('cannot be computed cell by cell')
  for (const name of node.attributes.keys())
    if (!rule.attributes.includes(name)) throw new UnfitNode(`has an attribute ${printable(name)} that is not known`)
  return rule.step(context)
}

function unary(attributes: readonly string[], condition?: Condition): Rule {
  const step = (context: NodeContext): CellStep => {
    const input = onlyInput(context, 'has a parameter that depends on the image')
    condition?.(context)
    return { ...context.base, kind: 'pointwise', inputs: [input] }
  }
  return { attributes, step }
}

function elementwise(condition?: Condition): Rule {
  const step = (context: NodeContext): CellStep => {
    const { node, base, read, shapes } = context
    const shape = shapes.get(read[0]!)!
    for (const name of node.inputs) {
      const other = shapes.get(name)
      const isAlike = other
        ? other.channels === shape.channels && other.rows === shape.rows && other.cols === shape.cols
        : isUniform(fixedTensor(context, name), shape)
      if (!isAlike) throw new UnfitNode('joins tensors of different shapes')
    }
    condition?.(context)
    return { ...base, kind: 'pointwise', inputs: [...new Set(read)] }
  }
  return { attributes: [], step }
}

function window(kind: WindowKind, attributes: readonly string[]): Rule {
  const all = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides', ...attributes]
  return { attributes: all, step: (context) => windowStep(context, kind) }
}

function hasUniformParameters(context: NodeContext): void {
  const { node, shapes } = context
  const shape = shapes.get(node.inputs[0]!)!
  for (const name of node.inputs.slice(1))
    if (name !== '' && !isUniform(fixedTensor(context, name), shape))
      throw new UnfitNode('has a parameter that varies over the image')
}

function isInference({ node }: NodeContext): void {
  if (numberAttribute(node, 'training_mode', 0) !== 0) throw new UnfitNode('is in training mode')
}

function dropsNothing({ node }: NodeContext): void {
  if ((node.inputs[2] ?? '') !== '') throw new UnfitNode('may drop values')
}

function isBounded({ node }: NodeContext): void {
  if (!(numberAttribute(node, 'bias', 1) > 0 && numberAttribute(node, 'alpha', 1) >= 0))
    throw new UnfitNode('may divide by zero')
}

function dividesByConstant(context: NodeContext): void {
  if (!fixedTensor(context, context.node.inputs[1])) throw new UnfitNode('divides by values that depend on the image')
}

function hasWholeExponents(context: NodeContext): void {
  const exponents = fixedTensor(context, context.node.inputs[1])?.values
  if (!exponents?.every((exponent) => Number.isInteger(exponent) && exponent >= 1))
    throw new UnfitNode('has exponents other than 1, 2, 3, …')
}

/**
 * True if a constant has either a single number or one number per channel. An operation with such a constant keeps the
 * shape of the other tensor.
 */
function isUniform(constant: KnownTensor | undefined, { channels }: CellShape): boolean {
  if (!constant) return false
  const [cols = 1, rows = 1, own = 1, ...more] = [...constant.shape].reverse()
  return cols === 1 && rows === 1 && (own === 1 || own === channels) && more.length < 2 && more.every((n) => n === 1)
}

function concatenation({ node, base, read }: NodeContext): CellStep {
  if (numberAttribute(node, 'axis', 0) !== 1) throw new UnfitNode('joins another axis than the channels')
  if (read.length !== node.inputs.length) throw new UnfitNode('joins constants')
  return { ...base, kind: 'pointwise', inputs: [...new Set(read)] }
}
