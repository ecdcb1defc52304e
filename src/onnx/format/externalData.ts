import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, sep } from 'node:path'
import { InputError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import { withFile } from '../../files/openFile.js'
import { fileRangeOf, ProtobufError, type ProtobufFile, shortText, textAt } from '../../files/protobuf/wire.js'
import { elementCount } from '../../support/shape.js'
import { counted, printable } from '../../support/text.js'
import { ELEMENTS, ElementType, type ModelProto, type TensorProto } from './messages.js'

/** A file beside an ONNX file. It holds elements of the ONNX file's tensors (ONNX's external data). */
export interface ExternalFile {
  /** Path, as the ONNX file states it, relative to the ONNX file's folder. */
  readonly location: string
  readonly bytes: number
  readonly sha256: string
}

/** A data file that an ONNX file names. It must have at least `end` bytes. */
export interface ExternalReference {
  readonly location: string
  readonly end: number
}

export interface ReferringModel {
  readonly path: string
  readonly external: readonly ExternalReference[]
}

/**
 * Checks and hashes a model's data files. Each must be in the model's folder or below, also after links are followed,
 * and must hold all bytes that the model needs. Without this check, ONNX Runtime would read any file that the model
 * names.
 * Reference: onnx/onnx.proto, TensorProto.external_data.
 */
export async function externalFiles({ path, external }: ReferringModel): Promise<readonly ExternalFile[]> {
  const files: ExternalFile[] = []
  for (const reference of external) files.push(await externalFile(path, reference))
  return files
}

const MOST_FILES = 10_000
/**
 * Largest number of key-value pairs that say where a tensor's data is: file, offset, length, and others that exporters
 * add.
 */
const MOST_ENTRIES = 100

/**
 * The data files that a model names, without duplicates. The files need not exist.
 * @throws InputError if a path leads out of the model's folder
 */
export function externalReferences(path: string, file: ProtobufFile, proto: ModelProto): readonly ExternalReference[] {
  const ends = new Map<string, number>()
  eachOuterTensor(proto, (tensor) => {
    for (const { location, end } of references(file, tensor)) {
      requireInside(path, location)
      ends.set(location, Math.max(end, ends.get(location) ?? 0))
      if (ends.size > MOST_FILES) throw new ProtobufError(`it keeps data in more than ${MOST_FILES} files`)
    }
  })
  return [...ends].map(([location, end]) => ({ location, end }))
}

export async function copyExternalFiles(path: string, files: readonly ExternalFile[], folder: string): Promise<void> {
  for (const { location, bytes } of files) {
    const target = join(folder, location)
    const present = await stat(target).catch(() => undefined)
    if (present?.size === bytes) continue
    await writeFileAtomic(target, createReadStream(join(dirname(path), location), { highWaterMark: 1 << 20 }))
  }
}

/** Calls `visit` for all tensors with external data, also in nested messages. */
function eachOuterTensor(message: object, visit: (tensor: TensorProto) => void): void {
  if ('external_data' in message) visit(message as TensorProto)
  for (const part of Object.values(message)) if (typeof part === 'object' && part !== null) eachOuterTensor(part, visit)
}

function references(file: ProtobufFile, tensor: TensorProto): readonly ExternalReference[] {
  const { external_data = [], dims = [], data_type = ElementType.UNDEFINED } = tensor
  if (external_data.length > MOST_ENTRIES)
    throw new ProtobufError(`a tensor has more than ${MOST_ENTRIES} entries that say where its data is`)
  const values = (name: string) =>
    external_data.flatMap(({ key, value }) => {
      const range = shortText(file, key) === name ? fileRangeOf(value) : undefined
      return range === undefined ? [] : [textAt(file, range)]
    })
  const locations = values('location')
  if (locations.length === 0 && external_data.length > 0)
    throw new ProtobufError('a tensor has its data in a file without a name')
  if (dims.some((size) => size < 0)) throw new ProtobufError('a tensor with external data has a negative size')
  const offset = Math.max(0, ...values('offset').map(count))
  // For strings, and for types that are not in the table, the model must state the length.
  const length = Math.max(elementCount(dims) * (ELEMENTS[data_type]?.bytes ?? 0), ...values('length').map(count))
  return locations.map((location) => ({ location, end: offset + length }))
}

function count(value: string): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number))
    throw new ProtobufError(`the offset or length of a tensor's data is "${printable(value)}" instead of a number`)
  return number
}

/** Matches `..`, an absolute path, or a control character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const outside = /(^|[/\\])\.\.([/\\]|$)|^[a-z]:|^[/\\]|[\0-\x1f]/i

function requireInside(path: string, location: string): void {
  if (!isAbsolute(location) && !outside.test(location)) return
  throw new InputError(
    `${path} has data in "${printable(location)}", outside of its own folder; export it again with its data in the same folder`,
  )
}

async function externalFile(path: string, { location, end }: ExternalReference): Promise<ExternalFile> {
  const shown = printable(location)
  const target = join(dirname(path), location)
  await requireBeside(path, shown, target)
  return withFile(target, async (file) => {
    if (file.size >= end) return { location, bytes: file.size, sha256: await file.sha256() }
    throw new InputError(
      `${path} needs a data file of at least ${counted(end, 'byte')}, but ${shown} has only ${file.size}; copy or export both files again`,
    )
  })
}

async function requireBeside(path: string, shown: string, target: string): Promise<void> {
  const [folder, real] = await Promise.all([realpath(dirname(path)), realpath(target).catch(() => undefined)])
  const status = real === undefined ? undefined : await stat(real)
  if (real === undefined || !status?.isFile()) {
    throw new InputError(`${path} has data in ${shown}, but there is no such file; put it into the ONNX file's folder`)
  }
  if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
    throw new InputError(
      `${path} has data in ${shown}, a link to a file in another folder; replace the link with a copy of that file`,
    )
  }
}
