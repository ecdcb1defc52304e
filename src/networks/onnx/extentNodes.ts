import type { Node } from './model.js'
import { newNode } from './newNode.js'

/** Nodes that output the shapes of tensors. With them, the tensors' values need not be copied out of ONNX Runtime. */
export function extentNodes(names: readonly string[]): readonly Node[] {
  return names.map((name) => newNode('Shape', [name], extentOf(name)))
}

export function extentOf(name: string): string {
  return `shiftscope.extent.${name}`
}
