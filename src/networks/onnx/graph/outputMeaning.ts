import type { ClassScores, ScoreMeaning } from '../../network.js'
import type { GraphNode, GraphNodes } from '../graphNodes.js'
import { pathBack } from './links.js'

/** Operators that give the same values again: in another shape or type, or rounded to integers and back. */
export const SAME_VALUES: ReadonlySet<string> = new Set([
  ...['Identity', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose'],
  ...['QuantizeLinear', 'DequantizeLinear'],
])

/** Operators that decide what their output means, which needs no look at its values. */
export const MEANINGS: ReadonlyMap<string, ScoreMeaning> = new Map([
  ['Softmax', 'probabilities'],
  ['QLinearSoftmax', 'probabilities'],
  ['LogSoftmax', 'log-probabilities'],
  ['Sigmoid', 'sigmoid'],
  ['QLinearSigmoid', 'sigmoid'],
])

/**
 * Operators whose output is the integers that stand for quantised values, each with the places of its scale and zero
 * point among its inputs.
 */
const QUANTIZERS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['QuantizeLinear', [1, 2]],
  ['QLinearSoftmax', [3, 4]],
  ['QLinearSigmoid', [3, 4]],
  ['QLinearGlobalAveragePool', [3, 4]],
  ['QLinearConv', [6, 7]],
  ['QLinearMatMul', [6, 7]],
  ['QLinearAdd', [6, 7]],
  ['QGemm', [7, 8]],
])

/** Finds out from a graph alone, never from values, what the class scores in one of its tensors mean. */
export function outputMeaning(graph: GraphNodes, tensor: string): ClassScores {
  const origin = valueNode(graph, tensor)
  const meaning = MEANINGS.get(origin?.operator ?? '')
  if (meaning !== undefined) return { meaning, source: `${origin?.operator} in the graph` }
  if (origin && isExponentialShare(graph, origin))
    return { meaning: 'probabilities', source: 'Exp and ReduceSum in the graph' }
  return { meaning: 'logits', source: 'no Softmax or Sigmoid before the output' }
}

/** The node that computes the values of a tensor, before nodes that only pass them on. */
export function valueNode(graph: GraphNodes, tensor: string): GraphNode | undefined {
  return pathTo(graph, tensor).at(-1)
}

/** The nodes from a tensor backwards to the first one that does more than pass the same values on. */
function pathTo(graph: GraphNodes, tensor: string): readonly GraphNode[] {
  return pathBack(graph, tensor, ({ operator, inputs }) => (SAME_VALUES.has(operator) ? inputs[0] : undefined))
}

/** Whether a node is the last of a softmax that is written by its parts: exp(x) / Σ exp(x). */
function isExponentialShare(graph: GraphNodes, { operator, inputs }: GraphNode): boolean {
  const [share, sum] = inputs.map((input) => valueNode(graph, input))
  const summed = valueNode(graph, sum?.inputs[0] ?? '')
  return operator === 'Div' && share?.operator === 'Exp' && sum?.operator === 'ReduceSum' && summed === share
}

/**
 * The names of the scale and of the zero point, if there is one, of a tensor whose values are still the integers of a
 * quantisation; undefined for others.
 */
export function scaleOf(graph: GraphNodes, tensor: string): readonly string[] | undefined {
  const last = pathTo(graph, tensor).find(({ operator }) => operator === 'DequantizeLinear' || QUANTIZERS.has(operator))
  const [scale, zeroPoint] = (QUANTIZERS.get(last?.operator ?? '') ?? []).map((place) => last?.inputs[place])
  return scale ? [scale, ...(zeroPoint ? [zeroPoint] : [])] : undefined
}
