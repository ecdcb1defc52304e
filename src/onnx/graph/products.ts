import { elementCount } from '../../support/shape.js'
import type { GraphNode, GraphNodes } from '../format/graphNodes.js'
import { type GraphAnalysis, imageShape } from './analysis.js'
import { linksOf, neededFor, pathBack } from './links.js'
import { MEANINGS, SAME_VALUES, scoreOrigin } from './scoreOrigin.js'
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

const POOLS: ReadonlySet<string> = new Set(
  'AveragePool GlobalAveragePool GlobalMaxPool MaxPool QLinearGlobalAveragePool ReduceMax ReduceMean'.split(' '),
)
const ACTIVATIONS: ReadonlySet<string> = new Set(['Relu', 'Clip'])
/** Operators that may follow a layer of class scores. Their result still has one value per class. */
const AFTER_SCORES: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Dropout'],
  ...[...SAME_VALUES, ...MEANINGS.keys(), ...POOLS, ...ACTIVATIONS],
])

/** The layer that can give class scores: a fully connected layer, or a 1×1 convolution behind or before pooling. */
export interface ScoreLayer extends Pick<FullyConnected, 'input'> {
  /** Whether the values are pooled after the layer, so that its input is a map. */
  readonly isPooled: boolean
  /**
   * Whether an activation follows and there are no fewer values than before, as in layers that give features. In
   * SqueezeNet, an activation follows class scores, too.
   */
  readonly isActivated: boolean
}

/**
 * The layer of class scores that computes a tensor, or the softmax whose values it has, if only operators of
 * `AFTER_SCORES` follow it.
 */
export function scoreLayerOf(graph: GraphNodes, tensor: string): ScoreLayer | undefined {
  const { constants } = linksOf(graph)
  const scores = scoreOrigin(graph, tensor)?.output ?? tensor
  const path = pathBack(graph, scores, ({ operator, inputs }) => {
    const made = inputs.filter((name) => !constants.has(name))
    return AFTER_SCORES.has(operator) && made.length === 1 ? made[0] : undefined
  })
  const last = path.at(-1)
  const layer = last && (productOf(last, constants) ?? pointwiseOf(last, graph))
  if (layer === undefined) return undefined
  const isAfter = (operators: ReadonlySet<string>) => path.slice(0, -1).some(({ operator }) => operators.has(operator))
  return {
    input: layer.input,
    isPooled: isAfter(POOLS),
    isActivated: isAfter(ACTIVATIONS) && !('isNarrowing' in layer && layer.isNarrowing),
  }
}

/** A 1×1 convolution. On a map of one pixel, it is a fully connected layer. */
function pointwiseOf({ operator, inputs, attributes }: GraphNode, graph: GraphNodes) {
  const [input, weights] = [inputs[0], inputs[CONVOLUTIONS.get(operator) ?? Number.NaN]]
  if (input === undefined || weights === undefined || !linksOf(graph).constants.has(weights)) return undefined
  const [filters = 0, channels = 0, ...sides] = graph.constants.get(weights)?.shape ?? []
  const kernel = attributes.get('kernel_shape') ?? sides
  const isPointwise = Array.isArray(kernel) && kernel.length > 0 && kernel.every((size) => size === 1)
  const isWhole = (attributes.get('group') ?? 1) === 1
  return isPointwise && isWhole ? { input, isNarrowing: filters < channels } : undefined
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

/** Whether a node convolves a map, or multiplies several rows, such as tokens, by a matrix. */
export function isOfPositions(analysis: GraphAnalysis, { operator, outputs: [output = ''] }: GraphNode): boolean {
  const isConvolution = CONVOLUTIONS.has(operator)
  if (!isConvolution && !PRODUCTS.has(operator)) return false
  const shape = imageShape(analysis, output)
  return shape === undefined || elementCount(isConvolution ? shape.slice(1) : shape.slice(0, -1)) > 1
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
