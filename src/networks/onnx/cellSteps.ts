import { printable } from '../../printable.js'
import type { CellShape, CellStep, CellSteps, Step } from './cellStep.js'
import { type Found, MAXIMUM_SIZE, NoStep, numberOf, paddingStep, windowStep, within } from './cellWindows.js'
import type { GraphConstant, GraphNode, GraphNodes } from './graphNodes.js'

/** Operators that take each element by itself, or each place by itself. */
const UNARY = new Set(
  'Abs BatchNormalization Ceil Clip Dropout Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LRN LeakyRelu Log Mish Neg PRelu Reciprocal Relu Round Selu Sigmoid Sign Softplus Softsign Sqrt Tanh ThresholdedRelu'.split(
    ' ',
  ),
)
const ELEMENTWISE = new Set('Add Div Max Mean Min Mul Pow Sub Sum'.split(' '))

/** The first version of Scan as it is now. */
const OLDEST_OPERATORS = 9

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
  if (read.length === 0 || output === '') throw new NoStep('reads nothing, or makes nothing')
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
      return windowStep(node, base, shape, fixed)
    case 'Pad':
      if (read.length !== 1 || read[0] !== first) throw new NoStep('takes its borders from the image')
      return paddingStep(node, base, shape, fixed)
  }
  throw new NoStep('cannot be computed place by place')
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
