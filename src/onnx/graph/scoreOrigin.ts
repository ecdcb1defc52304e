import type { ScoreMeaning } from '../../network.js'
import type { GraphNode, GraphNodes } from '../format/graphNodes.js'
import { ifFit, listAttribute, numberAttribute, tensorAttribute } from './attributes.js'
import { linksOf, pathBack } from './links.js'

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

/** The operator that gives values their meaning, and arithmetic that keeps it. */
export interface ScoreOrigin {
  readonly meaning: ScoreMeaning
  /** The operator, such as `Softmax`. */
  readonly operator: string
  /** The operator's output. */
  readonly output: string
  /** The operators that follow, in their order, without those of `SAME_VALUES`. */
  readonly following: readonly string[]
  /** Number that the values are multiplied by. Logarithms are taken of values with this factor. */
  readonly factor: number
}

/** Share of a value's range by which arithmetic may change values, as where a logarithm needs numbers above 0. */
const TINY = 1e-6

/**
 * Finds the Softmax or similar operator whose values a tensor has, up to arithmetic by constants that keeps the order of
 * the values and, once they are divided by their sum, the values themselves. A mean of several softmaxes counts, too.
 */
export function scoreOrigin(graph: GraphNodes, tensor: string): ScoreOrigin | undefined {
  const found = ifFit(() => originOf(graph, tensor, new Map()))
  // A sigmoid's values are not divided by their sum, so they must keep their scale.
  return found?.meaning === 'sigmoid' && Math.abs(found.factor - 1) > TINY ? undefined : found
}

/** Origins by the names of tensors. While the origin of a tensor is looked for, it is undefined; so cycles end. */
type Known = Map<string, ScoreOrigin | undefined>

function originOf(graph: GraphNodes, tensor: string, known: Known): ScoreOrigin | undefined {
  if (known.has(tensor)) return known.get(tensor)
  known.set(tensor, undefined)
  const node = valueNode(graph, tensor)
  const origin = node && (ownOrigin(graph, node) ?? changedOrigin(graph, node, known))
  known.set(tensor, origin)
  return origin
}

function ownOrigin(graph: GraphNodes, node: GraphNode): ScoreOrigin | undefined {
  const { operator, outputs } = node
  const found = { output: outputs[0]!, following: [], factor: 1 }
  const meaning = MEANINGS.get(operator)
  if (meaning !== undefined) return { meaning, operator, ...found }
  if (!isExponentialShare(graph, node)) return undefined
  return { meaning: 'probabilities', operator: 'Exp and ReduceSum', ...found }
}

/** Whether a node is the last of a softmax that is written by its parts: exp(x) / Σ exp(x). */
function isExponentialShare(graph: GraphNodes, { operator, inputs }: GraphNode): boolean {
  const [share, sum] = inputs.map((input) => valueNode(graph, input))
  const summed = valueNode(graph, sum?.inputs[0] ?? '')
  return operator === 'Div' && share?.operator === 'Exp' && sum?.operator === 'ReduceSum' && summed === share
}

/** The origin of a node's values if the node keeps the meaning of its inputs, or takes their logarithms or exponentials. */
function changedOrigin(graph: GraphNodes, node: GraphNode, known: Known): ScoreOrigin | undefined {
  const { operator, inputs } = node
  const { constants } = linksOf(graph)
  const made = inputs.filter((name) => !constants.has(name))
  const origins = made.flatMap((name) => originOf(graph, name, known) ?? [])
  const [first, ...others] = origins
  if (first === undefined) return averaged(graph, node, known)
  if (origins.length < made.length || others.some(({ meaning }) => meaning !== first.meaning)) return undefined
  const after = (factor: number, meaning = first.meaning): ScoreOrigin => ({
    ...first,
    ...{ meaning, factor, following: [...first.following, operator] },
  })
  const isLogarithm = first.meaning === 'log-probabilities'
  if (others.length > 0) {
    const total = origins.reduce((sum, { factor }) => sum + factor, 0)
    if (isLogarithm || inputs.length > made.length) return undefined
    if (operator === 'Add' || operator === 'Sum') return after(total)
    return operator === 'Mean' ? after(total / origins.length) : undefined
  }
  if (operator === 'Log' && first.meaning === 'probabilities') return after(first.factor, 'log-probabilities')
  if (operator === 'Exp' && isLogarithm) return after(1, 'probabilities')
  const factor = factorAfter(graph, node, first)
  return factor === undefined ? undefined : after(factor)
}

/** The factor of values behind arithmetic by constants; undefined if the values lose their meaning. */
function factorAfter(graph: GraphNodes, node: GraphNode, { meaning, factor }: ScoreOrigin): number | undefined {
  const { operator, inputs } = node
  const isLogarithm = meaning === 'log-probabilities'
  if (operator === 'Clip') return !isLogarithm && clipsLittle(graph, node, factor) ? factor : undefined
  const [one, two] = inputs.map((name) => numberOf(graph, name))
  const constant = one ?? two
  if (inputs.length !== 2 || constant === undefined) return undefined
  // A constant added to all logarithms multiplies all probabilities.
  if (operator === 'Add' || (operator === 'Sub' && two !== undefined)) {
    const isTiny = operator === 'Add' && constant >= 0 && constant <= TINY * factor
    return isLogarithm || isTiny ? factor : undefined
  }
  if (constant <= 0 || (isLogarithm && constant !== 1)) return undefined
  if (operator === 'Mul') return factor * constant
  return operator === 'Div' && two !== undefined ? factor / constant : undefined
}

/** Whether a Clip leaves nearly the whole range of values from 0 to `factor`. */
function clipsLittle(graph: GraphNodes, node: GraphNode, factor: number): boolean {
  const bound = (place: number, attribute: string, otherwise: number) => {
    const name = node.inputs[place] ?? ''
    return name === '' ? numberAttribute(node, attribute, otherwise) : (numberOf(graph, name) ?? Number.NaN)
  }
  const [least, most] = [bound(1, 'min', Number.NEGATIVE_INFINITY), bound(2, 'max', Number.POSITIVE_INFINITY)]
  return least <= TINY * factor && most >= (1 - TINY) * factor
}

/** The origin of a mean or sum over several softmaxes that were joined along an axis of their own. */
function averaged(graph: GraphNodes, node: GraphNode, known: Known): ScoreOrigin | undefined {
  const { operator, inputs } = node
  const joined = linksOf(graph).makers.get(inputs[0] ?? '')
  const isMean = operator === 'ReduceMean'
  if ((!isMean && operator !== 'ReduceSum') || joined?.operator !== 'Concat') return undefined
  const axes = inputs[1] === undefined ? listAttribute(node, 'axes') : constantOf(graph, inputs[1])?.values
  if (axes?.length !== 1 || axes[0] !== numberAttribute(joined, 'axis', Number.NaN)) return undefined
  const origins = joined.inputs.map((name) => originOf(graph, name, known))
  const [first] = origins
  if (first === undefined || first.meaning === 'log-probabilities') return undefined
  if (origins.some((origin) => origin?.meaning !== first.meaning)) return undefined
  const total = origins.reduce((sum, origin) => sum + (origin?.factor ?? 0), 0)
  return {
    ...first,
    factor: isMean ? total / origins.length : total,
    following: [...first.following, 'Concat', operator],
  }
}

/** The value of a constant whose elements are all equal; undefined for other tensors. */
function numberOf(graph: GraphNodes, name: string): number | undefined {
  const [value, ...more] = constantOf(graph, name)?.values ?? []
  return value !== undefined && more.every((other) => other === value) ? value : undefined
}

function constantOf(graph: GraphNodes, name: string) {
  const made = linksOf(graph).makers.get(name)
  return graph.constants.get(name) ?? (made?.operator === 'Constant' ? tensorAttribute(made, 'value') : undefined)
}

/** The node that computes the values of a tensor, before nodes that only pass them on. */
export function valueNode(graph: GraphNodes, tensor: string): GraphNode | undefined {
  return pathTo(graph, tensor).at(-1)
}

/** The nodes from a tensor backwards to the first one that does more than pass the same values on. */
export function pathTo(graph: GraphNodes, tensor: string): readonly GraphNode[] {
  return pathBack(graph, tensor, ({ operator, inputs }) => (SAME_VALUES.has(operator) ? inputs[0] : undefined))
}
