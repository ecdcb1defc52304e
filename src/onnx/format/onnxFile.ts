import { GIVE_PATH, InputError, words } from '../../errors.js'
import { type OpenFile, withFile, withFileSync } from '../../files/openFile.js'
import { readMessage } from '../../files/protobuf/messages.js'
import { fileRangeOf, ProtobufError, type ProtobufFile, shortText, textAt } from '../../files/protobuf/wire.js'
import { sha256 } from '../../files/sha256.js'
import { type ExternalFile, type ExternalReference, externalFiles, externalReferences } from './externalData.js'
import { type GraphNodes, graphNodes } from './graphNodes.js'
import { ELEMENTS, ElementType, type ModelProto, modelTable, type ValueInfoProto } from './messages.js'
import type { TensorInfo } from './onnxModel.js'

/** An input or output of an ONNX graph. */
export interface TypedTensor extends Pick<TensorInfo, 'name' | 'shape'> {
  /** Element type as the file states it, such as `float32`; `unknown` if it states none. */
  readonly type: string
}

/** The contents of an ONNX file, without its weights. */
export interface OnnxFile {
  readonly path: string
  /** Inputs that are not constants. */
  readonly inputs: readonly TypedTensor[]
  readonly outputs: readonly TypedTensor[]
  /** Names of all tensors that the nodes compute, inner ones and outputs. */
  readonly tensors: ReadonlySet<string>
  readonly graph: GraphNodes
  readonly metadata: ReadonlyMap<MetadataKey, string>
  readonly external: readonly ExternalReference[]
}

/** The keys of `metadata_props` that are read; others are skipped. */
const METADATA_KEYS = [
  ...(['classes', 'shiftscope.input', 'Image.NominalPixelRange', 'Image.BitmapPixelFormat'] as const),
  // Ultralytics' names of classes.
  'names' as const,
  // How an embedded network was trained. Only models/train/catalog.mjs reads it.
  'training' as const,
]
type MetadataKey = (typeof METADATA_KEYS)[number]

/** Longest metadata value that is read. The classes of a large network take some hundred thousand bytes. */
const MOST_METADATA_BYTES = 1 << 20

/**
 * Reads an open ONNX file. Weights are skipped, so the time depends on the number of nodes, not on the size of the
 * file. A dimension that the file does not fix is given by its name, or as `?`.
 */
function readOnnx(file: ModelFile): OnnxFile {
  const { path } = file
  return asOnnx(path, () => {
    const proto = readMessage(file, modelTable)
    const external = externalReferences(path, file, proto)
    const { node = [], initializer = [], input = [], output = [] } = proto.graph ?? {}
    const constants = new Set(initializer.map(({ name = '' }) => name))
    if (output.length === 0) throw new ProtobufError('it has no outputs')
    return {
      path,
      inputs: input.map(typedTensor).filter(({ name }) => !constants.has(name)),
      outputs: output.map(typedTensor),
      // In ONNX, an empty name stands for an optional output that a node does not compute.
      tensors: new Set(node.flatMap(({ output = [] }) => output.filter((name) => name !== ''))),
      graph: graphNodes(file, proto),
      metadata: metadataOf(file, proto),
      external,
    }
  })
}

type ModelFile = ProtobufFile & Pick<OpenFile, 'path'>

export function readOnnxFile(path: string): OnnxFile {
  return withFileSync(path, readOnnx)
}

/** An ONNX file, its data files, and one hash over all of these files. */
export interface HashedOnnx extends OnnxFile {
  readonly sha256: string
  /** Total size in bytes of the ONNX file and its data files. */
  readonly bytes: number
  readonly files: readonly ExternalFile[]
}

/** @param accept may refuse the file before anything is hashed */
export function readHashedOnnx(path: string, accept: (onnx: OnnxFile) => void = () => {}): Promise<HashedOnnx> {
  return withFile(path, async (file) => {
    const onnx = readOnnx(file)
    accept(onnx)
    return hashed(onnx, file)
  })
}

async function hashed(onnx: OnnxFile, file: OpenFile): Promise<HashedOnnx> {
  const files = await externalFiles(onnx)
  const own = await file.sha256()
  const bytes = files.reduce((sum, { bytes }) => sum + bytes, file.size)
  const all = () => sha256(JSON.stringify([own, ...files.map((one) => [one.location, one.sha256])]))
  return { ...onnx, files, bytes, sha256: files.length === 0 ? own : all() }
}

/** Reads an ONNX file as protobuf messages, so that a changed copy can be written. */
export function readModelProto(file: ModelFile): ModelProto {
  return asOnnx(file.path, () => readMessage(file, modelTable))
}

function asOnnx<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    throw new InputError(words`${path} is not an ONNX model (${error.message}); ${GIVE_PATH} an intact .onnx file`, {
      cause: error,
    })
  }
}

function typedTensor({ name = '', type }: ValueInfoProto): TypedTensor {
  const tensor = type?.tensor_type
  if (tensor === undefined) return { name, type: 'unknown', shape: [] }
  const { elem_type = ElementType.UNDEFINED, shape = {} } = tensor
  const sizes = (shape.dim ?? []).map(({ dim_value = 0, dim_param }) => (dim_value > 0 ? dim_value : dim_param || '?'))
  return { name, type: ELEMENTS[elem_type]?.name ?? 'unknown', shape: sizes }
}

function metadataOf(file: ProtobufFile, { metadata_props = [] }: ModelProto): ReadonlyMap<MetadataKey, string> {
  const known = new Map<MetadataKey, string>()
  for (const property of metadata_props) {
    const text = shortText(file, property.key)
    const key = METADATA_KEYS.find((candidate) => candidate === text)
    if (key === undefined) continue
    const range = fileRangeOf(property.value)
    known.set(key, range === undefined ? '' : textAt(file, range, MOST_METADATA_BYTES))
  }
  return known
}
