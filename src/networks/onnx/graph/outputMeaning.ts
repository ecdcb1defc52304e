import type { ClassScores, ScoreMeaning } from '../../network.js'
import type { GraphNode, GraphNodes } from '../graphNodes.js'
import { tensorAttribute } from './attributes.js'
import { linksOf } from './links.js'

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
  const { makers } = linksOf(graph)
  return originMeaning(pathTo(tensor, makers).at(-1), makers)
}

/** The operator that computes the values of a tensor, before operators that only pass them on. */
export function valueOperator(graph: GraphNodes, tensor: string): string | undefined {
  return pathTo(tensor, linksOf(graph).makers).at(-1)?.operator
}

function originMeaning(origin: GraphNode | undefined, makers: ReadonlyMap<string, GraphNode>): ClassScores {
  const meaning = MEANINGS.get(origin?.operator ?? '')
  if (meaning !== undefined) return { meaning, source: `${origin?.operator} in the graph` }
  if (origin && isExponentialShare(origin, makers))
    return { meaning: 'probabilities', source: 'Exp and ReduceSum in the graph' }
  return { meaning: 'logits', source: 'no Softmax or Sigmoid before the output' }
}

/** The nodes from a tensor backwards to the first one that does more than pass the same values on. */
function pathTo(tensor: string, makers: ReadonlyMap<string, GraphNode>): readonly GraphNode[] {
  const path: GraphNode[] = []
  let node = makers.get(tensor)
  // A damaged file may have a cycle. A path without one is no longer than the list of nodes.
  while (node !== undefined && path.length < makers.size) {
    path.push(node)
    node = SAME_VALUES.has(node.operator) ? makers.get(node.inputs[0] ?? '') : undefined
  }
  return path
}

/** Whether a node is the last of a softmax that is written by its parts: exp(x) / Σ exp(x). */
function isExponentialShare({ operator, inputs }: GraphNode, makers: ReadonlyMap<string, GraphNode>): boolean {
  const [share, sum] = inputs.map((input) => pathTo(input, makers).at(-1))
  const summed = pathTo(sum?.inputs[0] ?? '', makers).at(-1)
  return operator === 'Div' && share?.operator === 'Exp' && sum?.operator === 'ReduceSum' && summed === share
}

/** For integers of a quantised graph: `(integer − zeroPoint) · scale` is the value. */
export interface QuantisedIntegers {
  readonly scale: number
  readonly zeroPoint: number
}

/** Scale and zero point of a tensor whose values are still the integers of a quantisation; undefined for others. */
export function integersOf(graph: GraphNodes, tensor: string): QuantisedIntegers | undefined {
  const { makers } = linksOf(graph)
  const last = pathTo(tensor, makers).find(
    ({ operator }) => operator === 'DequantizeLinear' || QUANTIZERS.has(operator),
  )
  const [ofScale, ofZeroPoint] = QUANTIZERS.get(last?.operator ?? '') ?? []
  if (last === undefined || ofScale === undefined || ofZeroPoint === undefined) return undefined
  const firstOf = (name = '') => {
    const origin = pathTo(name, makers).at(-1)
    if (origin?.operator === 'Constant') return tensorAttribute(origin, 'value')?.values?.[0]
    const constant = origin && SAME_VALUES.has(origin.operator) ? origin.inputs[0] : name
    return graph.constants.get(constant ?? '')?.values?.[0]
  }
  const scale = firstOf(last.inputs[ofScale])
  const zeroPoint = last.inputs[ofZeroPoint] ? firstOf(last.inputs[ofZeroPoint]) : 0
  return scale === undefined || zeroPoint === undefined ? undefined : { scale, zeroPoint }
}
