import type { ClassScores, ScoreMeaning } from '../../network.js'
import type { GraphNode, GraphNodes } from '../graphNodes.js'
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
])

/** Finds out from a graph alone, never from values, what the class scores in one of its tensors mean. */
export function outputMeaning(graph: GraphNodes, tensor: string): ClassScores {
  const { makers } = linksOf(graph)
  const path = pathTo(tensor, makers)
  const integers = integersOf(path, graph)
  return { ...originMeaning(path.at(-1), makers), ...(integers && { integers }) }
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

/** Scale and zero point of a tensor whose values are still the integers of a quantisation; undefined for others. */
function integersOf(path: readonly GraphNode[], { constants }: GraphNodes): ClassScores['integers'] {
  const last = path.find(({ operator }) => operator === 'DequantizeLinear' || QUANTIZERS.has(operator))
  const [ofScale, ofZeroPoint] = QUANTIZERS.get(last?.operator ?? '') ?? []
  if (last === undefined || ofScale === undefined || ofZeroPoint === undefined) return undefined
  const firstOf = (name = '') => constants.get(name)?.values?.[0]
  const scale = firstOf(last.inputs[ofScale])
  const zeroPoint = last.inputs[ofZeroPoint] ? firstOf(last.inputs[ofZeroPoint]) : 0
  return scale === undefined || zeroPoint === undefined ? undefined : { scale, zeroPoint }
}
