import { elementCount } from '../../checkpoint/tensor.js'
import { HEAD } from '../../detector/head.js'
import { type FeatureLayer, outputOf } from '../../network.js'
import type { GraphNode, GraphNodes } from '../graphNodes.js'
import { ElementType } from '../messages.js'
import { type GraphAnalysis, imageShape } from './analysis.js'
import { isForeign, linksOf } from './links.js'
import { MEANINGS } from './outputMeaning.js'
import { PRECISE } from './rounding.js'

/** Operators that give the same values again in another shape. */
const RESHAPING = new Set(['Flatten', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze'])

/**
 * The tensors that stand for features in a check of reuse. Usually, these are the features. If a feature comes from a
 * softmax or another operator of `MEANINGS`, its input stands for it, because a softmax enlarges differences without
 * bound. If the feature was rounded to float16 at the end, the values before this stand for it: near zero, a single
 * step of float16 is larger than any difference that a check may accept. All boxes and scores stand for a detector's
 * detections: which box has the best score may change with the last bit of two equal scores.
 */
export function comparedLayers(analysis: GraphAnalysis, layers: readonly FeatureLayer[]): readonly FeatureLayer[] {
  const compared = layers.flatMap((layer) => sourcesOf(analysis, layer)).map((layer) => comparedLayer(analysis, layer))
  return [...new Map(compared.map((layer) => [outputOf(layer), layer])).values()]
}

/** The boxes and scores that detections are chosen from; otherwise the layer itself. */
function sourcesOf(analysis: GraphAnalysis, layer: FeatureLayer): readonly FeatureLayer[] {
  const made = linksOf(analysis.graph).makers.get(outputOf(layer))
  if (made?.inputs[0] !== HEAD.rows) return [layer]
  const sources = [HEAD.boxes, HEAD.scores].flatMap((name) => {
    const shape = imageShape(analysis, name)
    return shape === undefined ? [] : [{ name, dims: elementCount(shape) }]
  })
  return sources.length === 2 ? sources : [layer]
}

function comparedLayer(analysis: GraphAnalysis, layer: FeatureLayer): FeatureLayer {
  const name = comparedTensor(analysis.graph, outputOf(layer))
  const shape = imageShape(analysis, name)
  return name === outputOf(layer) || shape === undefined ? layer : { name, dims: elementCount(shape) }
}

function comparedTensor(graph: GraphNodes, feature: string): string {
  const { makers } = linksOf(graph)
  let compared = feature
  let node = makers.get(feature)
  // A damaged file may have a cycle. A path without one is no longer than the list of nodes.
  for (let steps = 0; node !== undefined && isPassing(node) && steps < makers.size; steps++) {
    const [input = ''] = node.inputs
    if (MEANINGS.has(node.operator) || node.attributes.get('to') === ElementType.FLOAT16) compared = input
    node = makers.get(input)
  }
  return compared
}

function isPassing(node: GraphNode): boolean {
  const { operator, attributes } = node
  if (operator === 'Cast') return [...PRECISE, ElementType.FLOAT16].includes(attributes.get('to'))
  return !isForeign(node) && (RESHAPING.has(operator) || MEANINGS.has(operator))
}
