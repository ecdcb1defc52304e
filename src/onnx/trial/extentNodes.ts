import { newNode } from '../format/newNode.js'
import type { Node } from '../format/onnxModel.js'
import type { ShownTensor } from '../graph/shownTensor.js'

/**
 * Nodes that read the shapes of tensors. ONNX Runtime's profile lists the types and shapes of their inputs. The nodes'
 * outputs need not be outputs of the graph: with many outputs, ONNX Runtime takes a time that grows with their square.
 */
export function extentNodes(names: readonly string[]): readonly Node[] {
  return names.map((name, index) => newNode('Shape', [name], `shiftscope.extent.${index}`))
}

/** Matches the line of a profile about one of the nodes: its index, and the type and shape of its input. */
const EXTENT = /"shiftscope\.extent\.(\d+)\.node_kernel_time".*"input_type_shape" : \[\{"(\w+)":\[([\d,]*)\]\}\]/

/** Names of types in a profile that differ from those in `ELEMENTS`. */
const TYPES: Readonly<Record<string, string>> = { float: 'float32', double: 'float64' }

/**
 * The types and shapes that a profile of ONNX Runtime states for the tensors `names`.
 * @param lines of the profile, which is JSON with one event per line. Names of other nodes in it may be invalid JSON.
 */
export async function profiledTensors(
  lines: AsyncIterable<string>,
  names: readonly string[],
): Promise<ReadonlyMap<string, ShownTensor>> {
  const tensors = new Map<string, ShownTensor>()
  for await (const line of lines) {
    const [, index = '', type = '', shape = ''] = EXTENT.exec(line) ?? []
    const name = names[Number(index || Number.NaN)]
    if (name !== undefined)
      tensors.set(name, { type: TYPES[type] ?? type, shape: shape === '' ? [] : shape.split(',').map(Number) })
  }
  return tensors
}
