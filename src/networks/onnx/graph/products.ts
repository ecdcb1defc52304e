import { elementCount } from '../../checkpoint/tensor.js'
import type { GraphNode, GraphNodes } from '../graphNodes.js'
import { type GraphAnalysis, imageShape } from './analysis.js'
import { linksOf, neededFor } from './links.js'
import { MEANINGS, SAME_VALUES } from './outputMeaning.js'
import { CONVOLUTIONS, PRODUCTS } from './shapes.js'

export interface FullyConnected {
  readonly input: string
  readonly output: string
}

/** The matrix products with constant weights that a tensor depends on, in the order of the graph. */
export function productsBefore(graph: GraphNodes, tensor: string): readonly FullyConnected[] {
  const { nodes, constants } = linksOf(graph)
  const needed = neededFor([tensor], graph).nodes
  return [...nodes].flatMap(([index, node]) => (needed.has(index) ? (productOf(node, constants) ?? []) : []))
}

/** Operators that may follow a fully connected layer. Their result still has one value per class. */
const AFTER_PRODUCT: ReadonlySet<string> = new Set(['Add', ...SAME_VALUES, ...MEANINGS.keys()])

/** Whether a tensor is the output of a fully connected layer. Operators of `AFTER_PRODUCT` may follow the layer. */
export function isOfProduct(graph: GraphNodes, tensor: string): boolean {
  const { constants, makers } = linksOf(graph)
  let node = makers.get(tensor)
  for (let steps = 0; node !== undefined && steps < makers.size; steps++) {
    if (productOf(node, constants) !== undefined) return true
    if (!AFTER_PRODUCT.has(node.operator)) return false
    const made = node.inputs.filter((name) => !constants.has(name))
    node = made.length === 1 ? makers.get(made[0] as string) : undefined
  }
  return false
}

/** Number of weights of all fully connected layers together. */
export function connectedWeights({ graph, tensors }: GraphAnalysis): number {
  const { nodes, constants } = linksOf(graph)
  let weights = 0
  for (const node of nodes.values()) {
    const [fixed, other] = matricesOf(node).filter((name) => constants.has(name))
    // A product of two constants is a constant.
    if (fixed !== undefined && other === undefined) weights += elementCount(tensors.get(fixed)?.shape ?? [0])
  }
  return weights
}

/** Whether nodes beside the given ones (indices) convolve maps, or multiply several rows, such as tokens, by matrices. */
export function hasProductsBeside(analysis: GraphAnalysis, given: ReadonlySet<number>): boolean {
  const { nodes, constants } = linksOf(analysis.graph)
  return [...nodes].some(
    ([
      index,
      {
        operator,
        outputs: [output = ''],
      },
    ]) => {
      const isConvolution = CONVOLUTIONS.has(operator)
      if (given.has(index) || constants.has(output) || !(isConvolution || PRODUCTS.has(operator))) return false
      const shape = imageShape(analysis, output)
      return shape === undefined || elementCount(isConvolution ? shape.slice(1) : shape.slice(0, -1)) > 1
    },
  )
}

function matricesOf({ operator, inputs }: GraphNode): readonly string[] {
  return (PRODUCTS.get(operator) ?? []).flatMap((place) => inputs[place] ?? [])
}

function productOf(node: GraphNode, constants: ReadonlySet<string>): FullyConnected | undefined {
  const [features, weights] = matricesOf(node)
  const [output] = node.outputs
  if (features === undefined || weights === undefined || output === undefined) return undefined
  return constants.has(weights) && !constants.has(features) ? { input: features, output } : undefined
}
