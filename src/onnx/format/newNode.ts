import type { Node } from './onnxModel.js'

/**
 * Makes a node with one output. The node's name is made from the output's. This file imports only types, because the
 * process that tries a model must start quickly.
 */
export function newNode(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Node['attributes'] = {},
): Node {
  return { operator, name: `${output}.node`, inputs, outputs: [output], attributes }
}
