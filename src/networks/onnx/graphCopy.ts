import { writeFileAtomic } from '../../files/atomic.js'
import { withFile } from '../../files/openFile.js'
import { changed, chunksOf } from '../protobuf/messages.js'
import { messageBytes } from '../protobuf/wire.js'
import { type GraphProto, type ModelProto, modelTable } from './messages.js'
import {
  type Initializer,
  initializerMessage,
  type Node,
  nodeMessage,
  type TypedInfo,
  tensorInfoMessage,
} from './model.js'
import { readModelProto } from './onnxFile.js'

/**
 * The differences between the copy of a graph and the original. The engine supports only graphs with float32 [N, 3,
 * rows, cols] as input and one row of float32 per image as output. Other files are adapted in a copy.
 */
export interface GraphChanges {
  /** Tensors of nodes that become outputs, too. */
  readonly outputs: readonly string[]
  /** An input that an added node replaces. */
  readonly madeInput?: string
  readonly inputs?: readonly TypedInfo[]
  readonly nodes?: readonly Node[]
  readonly constants?: readonly Initializer[]
  /**
   * New inputs of nodes that now read other tensors. The key is the node's index in the file; the value lists all its
   * inputs.
   */
  readonly renamedInputs?: Readonly<Record<number, readonly string[]>>
  /** Whether to drop the outputs and the stated types of inner tensors, because their types change. */
  readonly retyped?: boolean
  /** If given, only these stay: nodes by their index in the file, initializers by name. */
  readonly kept?: { readonly nodes: ReadonlySet<number>; readonly constants: ReadonlySet<string> }
}

/**
 * Copies an ONNX file with changes to its graph; everything else, weights included, is copied as it stands.
 *
 * @throws InputError when the original is not an ONNX model; OutputError when the copy cannot be written
 */
export async function writeGraphCopy(path: string, original: string, changes: GraphChanges): Promise<void> {
  await withFile(original, async (file) => {
    const model = readModelProto(file)
    const copy = changed(model, { graph: changedGraph(model, changes) })
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

/** The parts of the original that stay. */
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
