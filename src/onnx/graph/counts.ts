import { elementCount } from '../../support/shape.js'
import type { GraphNode } from '../format/graphNodes.js'
import { ElementType } from '../format/messages.js'
import type { GraphAnalysis } from './analysis.js'
import { imageTensors, linksOf, neededFor } from './links.js'
import { CONVOLUTIONS, PRODUCTS, type Shape } from './shapes.js'

/** Size of a network, without nodes that its outputs do not need. */
export interface GraphCounts {
  /** Number of weights: the elements of the constants that are numbers, without the statistics of batch normalization. */
  readonly parameters: number
  /** Multiply-adds of convolutions and matrix products for one image; undefined if a shape is unknown. */
  readonly multiplyAdds?: number
}

/** Types of weights. Quantised weights have 8 bits. */
const WEIGHTS: ReadonlySet<number> = new Set([
  ...[ElementType.FLOAT, ElementType.FLOAT16, ElementType.DOUBLE],
  ...[ElementType.INT8, ElementType.UINT8],
])

/** Operators that multiply matrices in a way that is not counted. */
const NOT_COUNTED: ReadonlySet<string> = new Set(
  'Attention DeformConv Einsum FusedConv FusedMatMul GRU LSTM MultiHeadAttention RNN'.split(' '),
)

/** Places of the mean and the variance among the inputs of BatchNormalization. */
const STATISTICS = [3, 4]

/** @param outputs names of tensors, such as those of the class scores */
export function graphCounts(analysis: GraphAnalysis, outputs: readonly string[]): GraphCounts {
  const { graph, image, batch, tensors } = analysis
  const needed = neededFor(outputs, graph)
  const nodes = [...linksOf(graph).nodes].flatMap(([index, node]) => (needed.nodes.has(index) ? [node] : []))
  const statistics = new Set(
    nodes.flatMap(({ operator, inputs }) =>
      operator === 'BatchNormalization' ? STATISTICS.map((place) => inputs[place]) : [],
    ),
  )
  const parameters = [...needed.constants].reduce((sum, name) => {
    const { shape = [], type } = graph.constants.get(name) ?? {}
    const isWeight = type !== undefined && WEIGHTS.has(type) && shape.length > 0 && !statistics.has(name)
    return sum + (isWeight ? elementCount(shape) : 0)
  }, 0)
  const made = new Set([image, ...imageTensors(graph, image).map(({ name }) => name)])
  const own = nodes.filter(({ inputs }) => inputs.some((name) => made.has(name)))
  const multiplyAdds = own.reduce((sum, node) => sum + nodeCount(node, (name) => tensors.get(name)?.shape) / batch, 0)
  return { parameters, ...(Number.isFinite(multiplyAdds) && { multiplyAdds: Math.round(multiplyAdds) }) }
}

/** Multiply-adds of a node; NaN if they are unknown. */
function nodeCount(node: GraphNode, shapeOf: (tensor: string) => Shape | undefined): number {
  const { operator, inputs, outputs } = node
  const shapeAt = (place: number) => shapeOf(inputs[place] ?? '')
  const count = (shape: Shape | undefined) => (shape === undefined ? Number.NaN : elementCount(shape))
  const filters = CONVOLUTIONS.get(operator)
  // Each value of the output needs one filter, and each value of a transposed convolution's input is spread by one.
  if (filters !== undefined) return count(shapeOf(outputs[0] ?? '')) * count(shapeAt(filters)?.slice(1))
  if (operator === 'ConvTranspose') return count(shapeAt(0)) * count(shapeAt(1)?.slice(1))
  const matrices = PRODUCTS.get(operator)
  if (matrices === undefined) return NOT_COUNTED.has(operator) ? Number.NaN : 0
  const [left, right] = matrices.map(shapeAt)
  const length = node.attributes.get('transA') === 1 ? left?.at(0) : left?.at(-1)
  // ONNX Runtime's own operators have no known output, but their right matrix has two axes.
  const product = shapeOf(outputs[0] ?? '')
  if (product === undefined && right?.length === 2) return (count(left) / (length ?? Number.NaN)) * count(right)
  return count(product) * (length ?? Number.NaN)
}
