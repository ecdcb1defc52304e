import { writeFileAtomic } from '../../files/atomic.js'
import { withFile } from '../../files/openFile.js'
import { changed, chunksOf } from '../../files/protobuf/messages.js'
import { messageBytes } from '../../files/protobuf/wire.js'
import { type GraphProto, type ModelProto, modelTable } from './messages.js'
import { readModelProto } from './onnxFile.js'
import {
  type Initializer,
  initializerMessage,
  type Node,
  nodeMessage,
  type TensorInfo,
  tensorInfoMessage,
} from './onnxModel.js'

/**
 * Changes that `writeGraphCopy` makes to a graph. The engine supports only float32 [N, 3, rows, cols] as input and one
 * row of float32 per image as output, so other graphs are adapted.
 */
export interface GraphChanges {
  /** Inner tensors to add to the outputs. */
  readonly outputs: readonly string[]
  /** An input to remove, because an added node computes it. */
  readonly madeInput?: string
  readonly inputs?: readonly TensorInfo[]
  readonly nodes?: readonly Node[]
  readonly constants?: readonly Initializer[]
  /** New input lists for nodes that must read other tensors. The keys are the indices of these nodes in the file. */
  readonly renamedInputs?: Readonly<Record<number, readonly string[]>>
  /** Whether to drop the original outputs and the stated types of inner tensors, because their types change. */
  readonly retyped?: boolean
  /** If given, only these nodes (by their index in the file) and initializers (by name) are copied. */
  readonly kept?: { readonly nodes: ReadonlySet<number>; readonly constants: ReadonlySet<string> }
}

/** Copies an ONNX file with changes to its graph. Everything else, weights included, is copied unchanged. */
export async function writeGraphCopy(path: string, original: string, changes: GraphChanges): Promise<void> {
  await withFile(original, async (file) => {
    const proto = readModelProto(file)
    const graph = changedGraph(proto, changes)
    // Before version 4, a file must list its initializers as inputs, which a part of a graph does not.
    const ir_version = Math.max(proto.ir_version ?? 0, 4)
    const copy = changed(proto, changes.kept === undefined ? { graph } : { graph, ir_version })
    await writeFileAtomic(path, messageBytes(chunksOf(modelTable, copy), file))
  })
}

function changedGraph({ graph = {} }: ModelProto, changes: GraphChanges): GraphProto {
  const { madeInput, retyped = false } = changes
  const { nodes = [], constants = [], inputs = [], outputs } = changes
  const kept = keptGraph(graph, changes)
  return changed(kept, {
    node: [...(kept.node ?? []), ...nodes.map(nodeMessage)],
    initializer: [...(kept.initializer ?? []), ...constants.map(initializerMessage)],
    input: [...(kept.input ?? []).filter(({ name = '' }) => name !== madeInput), ...inputs.map(tensorInfoMessage)],
    output: [...(retyped ? [] : (kept.output ?? [])), ...outputs.map((name) => ({ name }))],
    value_info: retyped ? [] : (kept.value_info ?? []),
  })
}

function keptGraph(graph: GraphProto, { kept, renamedInputs = {} }: GraphChanges): GraphProto {
  const { name, node = [], initializer = [] } = graph
  const nodes = node.map((one, index) => {
    const input = renamedInputs[index]
    return input === undefined ? one : changed(one, { input })
  })
  if (kept === undefined) return { ...graph, node: nodes }
  return {
    ...(name !== undefined && { name }),
    node: nodes.filter((_, index) => kept.nodes.has(index)),
    initializer: initializer.filter((tensor) => kept.constants.has(tensor.name ?? '')),
  }
}
