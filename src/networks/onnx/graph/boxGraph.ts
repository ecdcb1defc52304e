import type { BoxReading } from '../../detector/boxes.js'
import type { ScoreMeaning } from '../../network.js'
import type { GraphNodes } from '../graphNodes.js'
import type { OnnxFile } from '../onnxFile.js'
import { linksOf } from './links.js'
import { MEANINGS, outputMeaning, SAME_VALUES } from './outputMeaning.js'

/** Operators that choose, join or multiply scores, which stay scores from 0 to 1. */
const JOINING: ReadonlySet<string> = new Set([...SAME_VALUES, 'Concat', 'Gather', 'Mul', 'Slice', 'Split'])

/** What scores of classes over boxes mean. They may have been chosen, joined or multiplied since their activation. */
export function scoresBefore(graph: GraphNodes, tensor: string): ScoreMeaning {
  const { makers } = linksOf(graph)
  const seen = new Set<string>([tensor])
  for (const name of seen) {
    const node = makers.get(name)
    const meaning = node && MEANINGS.get(node.operator)
    if (meaning !== undefined) return meaning
    if (node && JOINING.has(node.operator)) for (const input of node.inputs) seen.add(input)
  }
  return outputMeaning(graph, tensor).meaning
}

export function boxesInGraph(onnx: Pick<OnnxFile, 'graph' | 'path'>, tensor: string): BoxReading {
  return {}
}
