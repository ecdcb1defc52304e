import type { ClassScores } from '../../network.js'
import type { GraphNodes } from '../format/graphNodes.js'
import { linksOf, pathBack } from './links.js'
import { pathTo, scoreOrigin } from './scoreOrigin.js'
import { CONVOLUTIONS, PRODUCTS } from './shapes.js'

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
  const origin = scoreOrigin(graph, tensor)
  if (origin === undefined) return { meaning: 'logits', source: 'no Softmax or Sigmoid before the output' }
  const { meaning, operator, following } = origin
  return { meaning, source: [`${operator} in the graph`, ...following].join(', then ') }
}

/**
 * What was decided about a layer that stands behind a Softmax, but has not simply its values. Undefined if nothing
 * needed a decision.
 * @param classes name of the layer that is read as class scores
 */
export function meaningNote(graph: GraphNodes, layer: string, classes: string | undefined): string | undefined {
  const origin = scoreOrigin(graph, layer)
  const isScores = layer === classes
  const { following = [], meaning = 'logits', operator } = origin ?? {}
  if (operator !== undefined && following.length === 0) return undefined
  const changing = operator === undefined ? changingOperator(graph, layer) : undefined
  if (operator === undefined && changing === undefined) return undefined
  const kind = isScores ? `class scores (${meaning})` : 'features without classes'
  const cause =
    changing === undefined
      ? `after its ${operator} come only ${following.join(', ')}`
      : `${changing} changes the values of the Softmax before it`
  return `${kind}, because ${cause}`
}

const SOFTMAXES: ReadonlySet<string> = new Set(['Softmax', 'LogSoftmax', 'QLinearSoftmax'])

/** The first operator behind a Softmax, close before a tensor, that changes the meaning of its values. */
function changingOperator(graph: GraphNodes, tensor: string): string | undefined {
  const { constants } = linksOf(graph)
  const path = pathBack(graph, tensor, ({ operator, inputs }) => {
    const made = inputs.filter((name) => !constants.has(name))
    return made.length === 1 && !PRODUCTS.has(operator) && !CONVOLUTIONS.has(operator) ? made[0] : undefined
  })
  const softmax = path.findIndex(({ operator }) => SOFTMAXES.has(operator))
  const behind = softmax < 0 ? [] : path.slice(0, softmax)
  return behind.findLast(({ outputs: [output = ''] }) => scoreOrigin(graph, output) === undefined)?.operator
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
