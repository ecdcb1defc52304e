import { newNode } from './newNode.js'
import type { Node } from './onnxModel.js'

export function castNode(input: string, output: string, to: number): Node {
  return newNode('Cast', [input], output, { to })
}
