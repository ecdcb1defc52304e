import type { ScoreMeaning } from '../../network.js'
import type { GraphNode, GraphNodes } from '../../onnx/format/graphNodes.js'
import { linksOf } from '../../onnx/graph/links.js'
import { outputMeaning } from '../../onnx/graph/outputMeaning.js'
import { MEANINGS, SAME_VALUES } from '../../onnx/graph/scoreOrigin.js'

/** Operators that choose, join or multiply scores, which stay scores from 0 to 1. */
const JOINING: ReadonlySet<string> = new Set([...SAME_VALUES, 'Concat', 'Gather', 'Mul', 'Slice', 'Split'])

/** What scores of classes over boxes mean. They may have been chosen, joined or multiplied since their activation. */
export function scoresBefore(graph: GraphNodes, tensor: string): ScoreMeaning {
  const last = nodesBefore(graph, tensor).find(({ operator }) => MEANINGS.has(operator))
  return MEANINGS.get(last?.operator ?? '') ?? outputMeaning(graph, tensor).meaning
}

/** The node that computes a tensor, and those before it, up to the first ones that do more than join. */
function nodesBefore(graph: GraphNodes, tensor: string): readonly GraphNode[] {
  const { makers } = linksOf(graph)
  const names = new Set([tensor])
  const nodes: GraphNode[] = []
  for (const name of names) {
    const node = makers.get(name)
    if (node === undefined) continue
    nodes.push(node)
    if (JOINING.has(node.operator)) for (const input of node.inputs) names.add(input)
  }
  return nodes
}
