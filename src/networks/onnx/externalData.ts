import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, sep } from 'node:path'
import { InputError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { sha256OfFile } from '../../files/sha256.js'
import { counted } from '../../support/counted.js'
import { printable } from '../../support/printable.js'
import {
  fields,
  integer,
  integers,
  type MessageRange,
  messages,
  ProtobufError,
  type ProtobufFile,
  text,
} from '../protobufFile.js'
import {
  AttributeProto,
  DataType,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  SparseTensorProto,
  StringStringEntryProto,
  TensorProto,
  TrainingInfoProto,
} from './fields.js'
import { readingModel } from './interface.js'

/** A file beside an ONNX file that holds elements of its tensors. */
export interface ExternalFile {
  /** As the model names it, relative to the model's folder. */
  readonly location: string
  readonly bytes: number
  readonly sha256: string
}

/**
 * The files in which a model keeps elements of its tensors, wherever in the model these stand. Each lies in the model's
 * own folder or below, links followed, and covers all that the model reads from it: so ONNX Runtime, which follows the
 * model's word, reads nothing else.
 *
 * Reference: onnx/onnx.proto, TensorProto.external_data.
 *
 * @throws InputError when a file is missing, too short, or lies elsewhere
 */
export async function externalFiles(path: string): Promise<readonly ExternalFile[]> {
  return Promise.all(externalReferences(path).map((reference) => externalFile(path, reference)))
}

/**
 * The files that a model names, each once, whether they are there or not.
 *
 * @throws InputError when a name leads out of the model's own folder
 */
export function externalReferences(path: string): readonly ExternalReference[] {
  const ends = readingModel(path, (file) => {
    const byLocation = new Map<string, number>()
    for (const { location, end } of tensorReferences(file, file.whole, 'model', 0)) {
      byLocation.set(location, Math.max(end, byLocation.get(location) ?? 0))
      if (byLocation.size > maximumFiles) throw new ProtobufError(`it keeps data in more than ${maximumFiles} files`)
    }
    return byLocation
  })
  for (const location of ends.keys()) requireInside(path, location)
  return [...ends].map(([location, end]) => ({ location, end }))
}

/** Copies a model's files into another folder, so that a model there that names them finds them. */
export async function copyExternalFiles(path: string, files: readonly ExternalFile[], folder: string): Promise<void> {
  for (const { location, bytes } of files) {
    const target = join(folder, location)
    const present = await stat(target).catch(() => undefined)
    if (present?.size === bytes) continue
    await writeFileAtomic(target, createReadStream(join(dirname(path), location), { highWaterMark: 1 << 20 }))
  }
}

/** A file as a model names it; `end`: how many bytes it must have at least. */
export interface ExternalReference {
  readonly location: string
  readonly end: number
}

type MessageKind = 'model' | 'function' | 'training' | 'graph' | 'node' | 'attribute' | 'sparse tensor' | 'tensor'

/** Fields by which a tensor is reached. */
const children: Readonly<Record<MessageKind, Readonly<Record<number, MessageKind>>>> = {
  model: { [ModelProto.graph]: 'graph', [ModelProto.training_info]: 'training', [ModelProto.functions]: 'function' },
  function: { [FunctionProto.node]: 'node', [FunctionProto.attribute_proto]: 'attribute' },
  training: { [TrainingInfoProto.initialization]: 'graph', [TrainingInfoProto.algorithm]: 'graph' },
  graph: {
    [GraphProto.node]: 'node',
    [GraphProto.initializer]: 'tensor',
    [GraphProto.sparse_initializer]: 'sparse tensor',
  },
  node: { [NodeProto.attribute]: 'attribute' },
  attribute: {
    [AttributeProto.t]: 'tensor',
    [AttributeProto.g]: 'graph',
    [AttributeProto.tensors]: 'tensor',
    [AttributeProto.graphs]: 'graph',
    [AttributeProto.sparse_tensor]: 'sparse tensor',
    [AttributeProto.sparse_tensors]: 'sparse tensor',
  },
  'sparse tensor': { [SparseTensorProto.values]: 'tensor', [SparseTensorProto.indices]: 'tensor' },
  tensor: {},
}

const maximumDepth = 50
const maximumFiles = 10_000

function* tensorReferences(
  file: ProtobufFile,
  range: MessageRange,
  kind: MessageKind,
  depth: number,
): Generator<ExternalReference> {
  if (depth > maximumDepth) throw new ProtobufError('its graphs are nested too deeply')
  if (kind === 'tensor') yield* references(file, range)
  for (const field of fields(file, range)) {
    const child = children[kind][field.number]
    if (child) yield* tensorReferences(file, field, child, depth + 1)
  }
}

/** Bytes of an element; where a type is not listed, its file must say the length. */
const elementBytes: Readonly<Record<number, number>> = {
  [DataType.FLOAT]: 4,
  [DataType.UINT8]: 1,
  [DataType.INT8]: 1,
  [DataType.UINT16]: 2,
  [DataType.INT16]: 2,
  [DataType.INT32]: 4,
  [DataType.INT64]: 8,
  [DataType.BOOL]: 1,
  [DataType.FLOAT16]: 2,
  [DataType.DOUBLE]: 8,
}
const maximumAxes = 64

function* references(file: ProtobufFile, tensor: MessageRange): Generator<ExternalReference> {
  const { key, value } = StringStringEntryProto
  const entries = messages(file, tensor, TensorProto.external_data).map(
    (entry) => [text(file, entry, key), text(file, entry, value)] as const,
  )
  const values = (name: string) => entries.flatMap(([key, value]) => (key === name ? [value] : []))
  const locations = values('location')
  if (locations.length === 0 && entries.length > 0) throw new ProtobufError('a tensor lies in a file without a name')
  const offset = Math.max(0, ...values('offset').map(count))
  const elements = integers(file, tensor, TensorProto.dims, maximumAxes).reduce((product, size) => product * size, 1)
  const needed = elements * (elementBytes[integer(file, tensor, TensorProto.data_type) ?? 0] ?? 0)
  const length = Math.max(needed, ...values('length').map(count))
  for (const location of locations) yield { location, end: offset + length }
}

function count(value: string): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number))
    throw new ProtobufError(`a tensor has "${printable(value)}" as its place in a file`)
  return number
}

/** A way up, an absolute path of Windows, or a character that no file name has. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const outside = /(^|[/\\])\.\.([/\\]|$)|^[a-z]:|^[/\\]|[\0-\x1f]/i

function requireInside(path: string, location: string): void {
  if (!isAbsolute(location) && !outside.test(location)) return
  throw new InputError(
    `${path} keeps data in "${printable(location)}", outside of its own folder; only files beside the model are read, export it again`,
  )
}

async function externalFile(path: string, { location, end }: ExternalReference): Promise<ExternalFile> {
  const shown = printable(location)
  const target = join(dirname(path), location)
  const size = await sizeWithin(path, shown, target)
  if (size < end) {
    throw new InputError(
      `${path} keeps data up to byte ${end} of ${shown}, which has ${counted(size, 'byte')}: cut off; copy or export both again`,
    )
  }
  return { location, bytes: size, sha256: await sha256OfFile(target) }
}

async function sizeWithin(path: string, shown: string, target: string): Promise<number> {
  const [folder, real] = await Promise.all([realpath(dirname(path)), realpath(target).catch(() => undefined)])
  const status = real === undefined ? undefined : await stat(real)
  if (real === undefined || !status?.isFile()) {
    throw new InputError(`${path} keeps data in ${shown}, which is not beside it; put the file into the model's folder`)
  }
  if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
    throw new InputError(
      `${path} keeps data in ${shown}, a link that leads out of the model's folder; put a copy in its place`,
    )
  }
  return status.size
}
