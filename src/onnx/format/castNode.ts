import type { Node } from './model.js'
import { newNode } from './newNode.js'

export function castNode(input: string, output: string, to: number): Node {
  return newNode('Cast', [input], output, { to })
}
