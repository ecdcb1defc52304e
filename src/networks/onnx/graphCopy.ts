import { writeFileAtomic } from '../../files/atomic.js'
import { readRange } from '../checkpoint/fileBytes.js'
import { fields, type MessageRange, ProtobufError, type ProtobufFile, text } from '../protobufFile.js'
import { GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto } from './fields.js'
import { readingModel } from './interface.js'
import {
  type Initializer,
  initializerMessage,
  type Node,
  nodeMessage,
  type TypedInfo,
  tensorInfoMessage,
} from './model.js'
import { type Chunk, messageBytes, messageField, stringField } from './protobuf.js'

/** How the copy of a graph differs from the original. */
export interface GraphChanges {
  /** Tensors that nodes make, to be outputs as well. */
  readonly outputs: readonly string[]
  /** An input that is none any more, since an added node makes it. */
  readonly madeInput?: string
  readonly inputs?: readonly TypedInfo[]
  readonly nodes?: readonly Node[]
  readonly constants?: readonly Initializer[]
  /** All inputs of nodes that read other tensors now, by the node's place in the file. */
  readonly renamedInputs?: Readonly<Record<number, readonly string[]>>
  /** Drops outputs, and what the file says of tensors inside, since their types are others now. */
  readonly retyped?: boolean
  /** Nothing of the original but these: nodes by their places in the file, initializers by name. */
  readonly kept?: { readonly nodes: ReadonlySet<number>; readonly constants: ReadonlySet<string> }
}

/**
 * Copies an ONNX file with changes to its graph; everything else, weights included, is copied as it stands.
 *
 * @throws InputError when the original is not an ONNX model; OutputError when the copy cannot be written
 */
export async function writeGraphCopy(path: string, original: string, changes: GraphChanges): Promise<void> {
  const parts = readingModel(original, (file) => modelParts(file, changes))
  const first = parts.findIndex((part) => 'graph' in part)
  const chunks = parts.flatMap((part, index) => {
    if (!('graph' in part)) return copied(original, part)
    const kept = part.graph.flatMap((piece) => {
      if (!('inputs' in piece)) return copied(original, piece)
      const names = piece.inputs.flatMap((name) => stringField(NodeProto.input, name))
      return messageField(GraphProto.node, [...names, ...piece.rest.flatMap((range) => copied(original, range))])
    })
    return messageField(ModelProto.graph, index === first ? [...kept, ...additions(changes)] : kept)
  })
  await writeFileAtomic(path, messageBytes(chunks))
}

/** The fields of the file in order; of a graph, those that are kept. */
type ModelPart = MessageRange | { readonly graph: readonly GraphPiece[] }

/** What is copied as it stands, or a node with other inputs. */
type GraphPiece = MessageRange | { readonly inputs: readonly string[]; readonly rest: readonly MessageRange[] }

function modelParts(file: ProtobufFile, changes: GraphChanges): ModelPart[] {
  const { madeInput, retyped = false, renamedInputs = {} } = changes
  let node = -1
  const kept = (graph: MessageRange): GraphPiece[] => {
    const pieces: GraphPiece[] = []
    for (const { number, start, end, payload } of wholeFields(file, graph)) {
      if (number === GraphProto.node) node++
      if (changes.kept && !isKept(file, number, node, payload, changes.kept)) continue
      const inputs = number === GraphProto.node ? renamedInputs[node] : undefined
      const isInput = number === GraphProto.input
      if (isInput && madeInput !== undefined && text(file, payload, ValueInfoProto.name) === madeInput) continue
      if (retyped && (number === GraphProto.output || number === GraphProto.value_info)) continue
      const rest = inputs && joined(wholeFields(file, payload).filter((field) => field.number !== NodeProto.input))
      if (inputs && rest) pieces.push({ inputs, rest })
      else addRange(pieces, { start, end })
    }
    return pieces
  }
  const parts: ModelPart[] = []
  let graphs = 0
  for (const field of wholeFields(file, file.whole)) {
    if (field.number !== ModelProto.graph) addRange(parts, field)
    else if (++graphs > maximumGraphs) throw new ProtobufError(`it has more than ${maximumGraphs} graphs`)
    else parts.push({ graph: kept(field.payload) })
  }
  return parts
}

/** Of a graph of which nothing but some nodes and initializers is kept. */
function isKept(
  file: ProtobufFile,
  field: number,
  node: number,
  payload: MessageRange,
  { nodes, constants }: NonNullable<GraphChanges['kept']>,
): boolean {
  if (field === GraphProto.node) return nodes.has(node)
  if (field === GraphProto.initializer) return constants.has(text(file, payload, TensorProto.name))
  return field === GraphProto.name
}

const maximumFields = 1_000_000
/** A model has one; protobuf allows it to come in pieces, each of which is read by itself. */
const maximumGraphs = 100

/** A field with its tag, and the payload alone. */
interface WholeField extends MessageRange {
  readonly number: number
  readonly payload: MessageRange
}

/** The tags stand between the end of one field and the payload of the next. */
function wholeFields(file: ProtobufFile, range: MessageRange): WholeField[] {
  const found: WholeField[] = []
  let end = range.start
  for (const payload of fields(file, range)) {
    const start = end
    end = payload.end
    found.push({ number: payload.number, start, end, payload })
    if (found.length > maximumFields) throw new ProtobufError(`it has more than ${maximumFields} parts`)
  }
  return found
}

/** Neighbouring ranges as one. */
function joined(ranges: readonly MessageRange[]): MessageRange[] {
  const result: MessageRange[] = []
  for (const range of ranges) addRange(result, range)
  return result
}

/** Lengthens the last piece where a range begins at its end, since each is read and written by itself. */
function addRange(pieces: (MessageRange | object)[], { start, end }: MessageRange): void {
  const last = pieces.at(-1)
  if (last !== undefined && 'end' in last && last.end === start) pieces[pieces.length - 1] = { ...last, end }
  else pieces.push({ start, end })
}

const maximumChunkBytes = 1 << 22

/** A range of a file as chunks of a message, read when they are written. */
function copied(path: string, { start, end }: MessageRange): Chunk[] {
  const chunks: Chunk[] = []
  for (let offset = start; offset < end; offset += maximumChunkBytes) {
    const length = Math.min(maximumChunkBytes, end - offset)
    chunks.push({ byteLength: length, read: () => readRange(path, { offset, length }) })
  }
  return chunks
}

function additions({ outputs, inputs = [], nodes = [], constants = [] }: GraphChanges): Chunk[] {
  return [
    ...nodes.flatMap((node) => messageField(GraphProto.node, nodeMessage(node))),
    ...constants.flatMap((constant) => messageField(GraphProto.initializer, initializerMessage(constant))),
    ...inputs.flatMap((info) => messageField(GraphProto.input, tensorInfoMessage(info))),
    ...outputs.flatMap((name) => messageField(GraphProto.output, stringField(ValueInfoProto.name, name))),
  ]
}
