import type { GraphNode, GraphNodes } from './graphNodes.js'
import { MEANINGS, makersOf, SAME_VALUES } from './outputMeaning.js'

export interface ImageTensor {
  readonly name: string
  readonly operator: string
  /** An earlier tensor of the list with the same type and shape; undefined if only a run tells them. */
  readonly like?: string
}

/** Operators whose only output has the type and shape of their first input, by ONNX's specification. */
const PRESERVING = new Set(
  'Abs BatchNormalization Ceil Clip Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity InstanceNormalization LRN LeakyRelu LogSoftmax Neg Relu Round Selu Sigmoid Sign Softmax Softplus Softsign Sqrt Tanh'.split(
    ' ',
  ),
)

/** Operators whose outputs depend only on a tensor's shape, not on its values. */
const OF_EXTENTS = new Set(['Shape', 'Size'])

/** The tensors of a graph that depend on its image, in the order of the file. Each can be read as a layer. */
export function imageTensors({ nodes }: GraphNodes, image: string): readonly ImageTensor[] {
  const made = new Set([image])
  const tensors: ImageTensor[] = []
  for (const { operator, domain, inputs, outputs } of nodes) {
    if (OF_EXTENTS.has(operator) || !inputs.some((name) => made.has(name))) continue
    const [first = ''] = inputs
    const isLike =
      domain === '' && PRESERVING.has(operator) && outputs.length === 1 && first !== image && made.has(first)
    for (const name of outputs.filter((output) => output !== '')) {
      made.add(name)
      tensors.push({ name, operator, ...(isLike && { like: first }) })
    }
  }
  return tensors
}

export interface FullyConnected {
  readonly input: string
  readonly output: string
}

/**
 * Operators that multiply two matrices, and which two of their inputs are the matrices. `QLinearMatMul` and `QGemm`
 * have a scale and a zero point between them.
 */
const PRODUCTS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['Gemm', [0, 1]],
  ['MatMul', [0, 1]],
  ['MatMulInteger', [0, 1]],
  ['QLinearMatMul', [0, 3]],
  ['QGemm', [0, 3]],
])

/** The matrix products with constant weights that a tensor depends on, in the order of the file. */
export function productsBefore(graph: GraphNodes, tensor: string): readonly FullyConnected[] {
  const constants = constantTensors(graph)
  const needed = new Set([tensor])
  const products: FullyConnected[] = []
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue
    for (const input of node.inputs) needed.add(input)
    const product = productOf(node, constants)
    if (product !== undefined) products.push(product)
  }
  return products.reverse()
}

/** Operators that may follow a fully connected layer. Their result still has one value per class. */
const AFTER_PRODUCT: ReadonlySet<string> = new Set(['Add', ...SAME_VALUES, ...MEANINGS.keys()])

/** Whether a tensor is the output of a fully connected layer. Operators of `AFTER_PRODUCT` may follow the layer. */
export function isOfProduct(graph: GraphNodes, tensor: string): boolean {
  const constants = constantTensors(graph)
  const makers = makersOf(graph)
  let node = makers.get(tensor)
  for (let steps = 0; node !== undefined && steps < graph.nodes.length; steps++) {
    if (productOf(node, constants) !== undefined) return true
    if (!AFTER_PRODUCT.has(node.operator)) return false
    const made = node.inputs.filter((name) => !constants.has(name))
    node = made.length === 1 ? makers.get(made[0] as string) : undefined
  }
  return false
}

function productOf(
  { operator, inputs, outputs }: GraphNode,
  constants: ReadonlySet<string>,
): FullyConnected | undefined {
  const [features, weights] = (PRODUCTS.get(operator) ?? []).map((place) => inputs[place])
  const [output] = outputs
  if (features === undefined || weights === undefined || output === undefined) return undefined
  return constants.has(weights) && !constants.has(features) ? { input: features, output } : undefined
}

/** Names of the initializers, and of the tensors that nodes compute from constants alone. */
function constantTensors({ nodes, constants }: GraphNodes): ReadonlySet<string> {
  const known = new Set(constants.keys())
  for (const { inputs, outputs } of nodes) {
    if (inputs.every((name) => name === '' || known.has(name))) for (const output of outputs) known.add(output)
  }
  return known
}
