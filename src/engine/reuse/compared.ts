import { type FeatureLayer, type Network, outputOf } from '../../network.js'
import type { GraphNode, GraphNodes } from '../../onnx/format/graphNodes.js'
import { ElementType } from '../../onnx/format/messages.js'
import { type GraphAnalysis, imageShape } from '../../onnx/graph/analysis.js'
import { isForeign, pathBack } from '../../onnx/graph/links.js'
import { MEANINGS } from '../../onnx/graph/scoreOrigin.js'
import { elementCount } from '../../support/shape.js'
import { PRECISE } from './rounding.js'

/** Operators that give the same values again in another shape. */
const RESHAPING = new Set(['Flatten', 'Identity', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze'])

/**
 * The tensors that stand for features in a check of reuse. Usually, these are the features. If a feature comes from a
 * softmax or another operator of `MEANINGS`, its input stands for it, because a softmax enlarges differences without
 * bound. If the feature was rounded to float16 at the end, the values before this stand for it: near zero, a single
 * step of float16 is larger than any difference that a check may accept. A head names the tensors that stand for its
 * layer.
 */
export function comparedLayers(
  analysis: GraphAnalysis,
  { layers, head }: Pick<Network, 'layers' | 'head'>,
): readonly FeatureLayer[] {
  const compared = layers.flatMap((layer) => {
    const own = layer.name === head?.layer ? head.compared : [outputOf(layer)]
    const found = own.flatMap((tensor) => {
      const name = comparedTensor(analysis.graph, tensor)
      if (name === outputOf(layer)) return [layer]
      const shape = imageShape(analysis, name)
      return shape === undefined ? [] : [{ name, dims: elementCount(shape) }]
    })
    return found.length === own.length ? found : [layer]
  })
  return [...new Map(compared.map((layer) => [outputOf(layer), layer])).values()]
}

function comparedTensor(graph: GraphNodes, feature: string): string {
  const path = pathBack(graph, feature, (node) => (isPassing(node) ? node.inputs[0] : undefined))
  const isEnlarging = ({ operator, attributes }: GraphNode) =>
    MEANINGS.has(operator) || attributes.get('to') === ElementType.FLOAT16
  return path.findLast((node) => isPassing(node) && isEnlarging(node))?.inputs[0] ?? feature
}

function isPassing(node: GraphNode): boolean {
  const { operator, attributes } = node
  if (operator === 'Cast') return [...PRECISE, ElementType.FLOAT16].includes(attributes.get('to'))
  return !isForeign(node) && (RESHAPING.has(operator) || MEANINGS.has(operator))
}
