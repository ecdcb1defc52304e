import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { InputError } from '../../errors.js'
import type { TensorInfo } from './model.js'

/** What goes into an ONNX model and what comes out, without its weights. */
export interface ModelInterface {
  /** Inputs that are not constants. */
  readonly inputs: readonly TypedTensor[]
  readonly outputs: readonly TypedTensor[]
  /** Names of the tensors that the nodes make, outputs and all others. */
  readonly tensors: ReadonlySet<string>
}

export interface TypedTensor extends TensorInfo {
  /** float32, or what else the file says, or unknown where it says nothing. */
  readonly type: string
}

/**
 * Reads inputs, outputs and names of tensors of an ONNX file. Weights are skipped, so that a file of any size takes a few milliseconds.
 * A dimension that the file does not fix is given by its name, or as `?`.
 *
 * @throws InputError when there is no such file, or it is not an ONNX model
 */
export function readModelInterface(path: string): ModelInterface {
  const file = openFile(path)
  try {
    const whole = { start: 0, end: fstatSync(file).size }
    const bytes = windowOver(file)
    const graphs = messages(bytes, whole, 7)
    const inputs = graphs.flatMap((graph) => messages(bytes, graph, 11).map((range) => tensorInfo(bytes, range)))
    const outputs = graphs.flatMap((graph) => messages(bytes, graph, 12).map((range) => tensorInfo(bytes, range)))
    const tensors = graphs.flatMap((graph) => messages(bytes, graph, 1).flatMap((node) => texts(bytes, node, 2)))
    const constants = new Set(
      graphs.flatMap((graph) => messages(bytes, graph, 5).map((range) => text(bytes, range, 8))),
    )
    if (outputs.length === 0) throw new MalformedError('it has no outputs')
    return { inputs: inputs.filter(({ name }) => !constants.has(name)), outputs, tensors: new Set(tensors) }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new InputError(`${path} is not an ONNX model (${error.message}); give the path of an intact .onnx file`, {
      cause: error,
    })
  } finally {
    closeSync(file)
  }
}

/** By TensorProto.DataType. */
const elementTypes = [
  'unknown',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
]

class MalformedError extends Error {}

interface Range {
  readonly start: number
  readonly end: number
}

interface Field extends Range {
  readonly number: number
  /** Of a varint field; 0 for others. */
  readonly value: number
}

/** Reads the byte at a position; the protobuf parts that are looked at lie close together, so a window serves. */
type ByteReader = (position: number) => number

const maximumNameBytes = 10_000
const maximumMessages = 1_000_000

function openFile(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const remedy =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist; check the path' : 'cannot be opened'
    throw new InputError(`${path} ${remedy}`, { cause: error })
  }
}

function windowOver(file: number): ByteReader {
  const window = Buffer.alloc(4096)
  let start = 0
  let length = 0
  return (position) => {
    if (position < start || position >= start + length) {
      start = position
      length = readSync(file, window, 0, window.length, position)
      if (length === 0) throw new MalformedError('it ends in the middle')
    }
    return window[position - start] as number
  }
}

function tensorInfo(bytes: ByteReader, range: Range): TypedTensor {
  const tensorType = messages(bytes, range, 2).flatMap((type) => messages(bytes, type, 1))[0]
  if (!tensorType) return { name: text(bytes, range, 1), type: 'unknown', shape: [] }
  const dimensions = messages(bytes, tensorType, 2).flatMap((shape) => messages(bytes, shape, 1))
  const type = elementTypes[integer(bytes, tensorType, 1) ?? 0] ?? 'unknown'
  return { name: text(bytes, range, 1), type, shape: dimensions.map((dimension) => size(bytes, dimension)) }
}

function size(bytes: ByteReader, dimension: Range): number | string {
  const fixed = integer(bytes, dimension, 1)
  return fixed !== undefined && fixed > 0 ? fixed : text(bytes, dimension, 2) || '?'
}

function integer(bytes: ByteReader, range: Range, number: number): number | undefined {
  for (const field of fields(bytes, range)) if (field.number === number) return field.value
  return undefined
}

/** Where the contents of the embedded messages with this field number lie. */
function messages(bytes: ByteReader, range: Range, number: number): readonly Range[] {
  const found: Range[] = []
  for (const field of fields(bytes, range)) {
    if (field.number === number) found.push(field)
    if (found.length > maximumMessages)
      throw new MalformedError(`it has more than ${maximumMessages} parts of one kind`)
  }
  return found
}

function text(bytes: ByteReader, range: Range, number: number): string {
  return texts(bytes, range, number)[0] ?? ''
}

function texts(bytes: ByteReader, range: Range, number: number): string[] {
  return messages(bytes, range, number).map(({ start, end }) => {
    if (end - start > maximumNameBytes) throw new MalformedError('a name in it is too long')
    return Buffer.from(Array.from({ length: end - start }, (_, i) => bytes(start + i))).toString('utf8')
  })
}

function* fields(bytes: ByteReader, range: Range): Generator<Field> {
  let position = range.start
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= range.end) throw new MalformedError('it ends in the middle')
      const byte = bytes(position++)
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new MalformedError('a number in it is too long')
  }
  while (position < range.end) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    const wireType = tag % 8
    const value = wireType === 0 ? varint() : 0
    const length = wireType === 2 ? varint() : wireType === 1 ? 8 : wireType === 5 ? 4 : 0
    if (number === 0 || wireType > 5 || wireType === 3 || wireType === 4 || position + length > range.end) {
      throw new MalformedError('it is not protobuf')
    }
    yield { number, value, start: position, end: position + length }
    position += length
  }
}
