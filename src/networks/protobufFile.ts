import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { InputError } from '../errors.js'
import { READ_WITHOUT_WAITING } from '../files/regularFile.js'
import { resourceError } from '../support/resources.js'

/**
 * Reads protobuf messages where they lie in a file. Only tags, numbers and names are read; payloads are given as ranges,
 * so that a file of any size takes no more time and memory than its fields do.
 *
 * Reference: https://protobuf.dev/programming-guides/encoding/
 */
export interface ProtobufFile {
  readonly whole: MessageRange
  readonly byteAt: (position: number) => number
}

/** Where a message, a text or another payload lies in the file: the first byte, and the first one after it. */
export interface MessageRange {
  readonly start: number
  readonly end: number
}

/** A field with the range of its payload. */
export interface Field extends MessageRange {
  readonly number: number
  readonly wireType: number
  /** Of a varint field; 0 for others. Above 2^53 the last digits are lost, and negative values are above 2^63. */
  readonly value: number
}

export const wireTypes = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const

/** The file is not protobuf, or not of the kind that its reader expects; the message says why, without its name. */
export class ProtobufError extends Error {}

const maximumTextBytes = 10_000
const maximumMessages = 1_000_000
const windowBytes = 4096

/**
 * Opens a file for the time of a call.
 *
 * @throws InputError when there is no such file; what `read` throws, ProtobufErrors included
 */
export function readingProtobuf<T>(path: string, read: (file: ProtobufFile) => T): T {
  const descriptor = openFile(path)
  try {
    return read({ whole: { start: 0, end: fstatSync(descriptor).size }, byteAt: windowOver(descriptor) })
  } finally {
    closeSync(descriptor)
  }
}

function openFile(path: string): number {
  try {
    const descriptor = openSync(path, READ_WITHOUT_WAITING)
    if (fstatSync(descriptor).isFile()) return descriptor
    closeSync(descriptor)
  } catch (error) {
    const remedy =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist; check the path' : 'cannot be opened'
    throw resourceError(error, `cannot read ${path}`) ?? new InputError(`${path} ${remedy}`, { cause: error })
  }
  throw new InputError(`${path} is not a file; give the path of a file`)
}

/** The parts that are looked at lie close together, so a window over the file serves. */
function windowOver(descriptor: number): (position: number) => number {
  const window = Buffer.alloc(windowBytes)
  let start = 0
  let length = 0
  return (position) => {
    if (position < start || position >= start + length) {
      start = position
      length = readSync(descriptor, window, 0, window.length, position)
      if (length === 0) throw new ProtobufError('it ends in the middle')
    }
    return window[position - start] as number
  }
}

/**
 * The fields of a message in the order of the file; each lies within the message.
 *
 * @throws ProtobufError where the bytes are not a message
 */
export function* fields(file: ProtobufFile, range: MessageRange): Generator<Field> {
  let position = range.start
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= range.end) throw new ProtobufError('it ends in the middle')
      const byte = file.byteAt(position++)
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new ProtobufError('a number in it is too long')
  }
  while (position < range.end) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    const wireType = tag % 8
    const value = wireType === wireTypes.varint ? varint() : 0
    const length = payloadLength(wireType, varint)
    if (number === 0 || position + length > range.end) throw new ProtobufError('it is not protobuf')
    yield { number, wireType, value, start: position, end: position + length }
    position += length
  }
}

function payloadLength(wireType: number, varint: () => number): number {
  switch (wireType) {
    case wireTypes.varint:
      return 0
    case wireTypes.fixed64:
      return 8
    case wireTypes.lengthDelimited:
      return varint()
    case wireTypes.fixed32:
      return 4
    default:
      throw new ProtobufError('it is not protobuf')
  }
}

/** The embedded messages, texts or bytes with a field number. */
export function messages(file: ProtobufFile, range: MessageRange, number: number): readonly Field[] {
  const found: Field[] = []
  for (const field of fields(file, range)) {
    if (field.number !== number) continue
    if (field.wireType !== wireTypes.lengthDelimited) throw new ProtobufError('a part of it is of the wrong kind')
    found.push(field)
    if (found.length > maximumMessages) throw new ProtobufError(`it has more than ${maximumMessages} parts of one kind`)
  }
  return found
}

/** The varint with a field number, the last one as everywhere in protobuf; undefined when there is none. */
export function integer(file: ProtobufFile, range: MessageRange, number: number): number | undefined {
  let value: number | undefined
  for (const field of fields(file, range)) if (field.number === number) value = field.value
  return value
}

/** A repeated integer field, packed or not; at most `maximum` numbers are read. */
export function integers(file: ProtobufFile, range: MessageRange, number: number, maximum: number): number[] {
  const found: number[] = []
  for (const field of fields(file, range)) {
    if (field.number !== number) continue
    if (field.wireType === wireTypes.varint) found.push(field.value)
    else found.push(...packed(file, field, maximum))
    if (found.length > maximum) throw new ProtobufError(`a list in it has more than ${maximum} numbers`)
  }
  return found
}

function packed(file: ProtobufFile, { start, end }: MessageRange, maximum: number): number[] {
  const values: number[] = []
  let value = 0
  let scale = 1
  for (let position = start; position < end && values.length <= maximum; position++) {
    const byte = file.byteAt(position)
    value += (byte & 0x7f) * scale
    scale *= 128
    if (scale > 2 ** 70) throw new ProtobufError('a number in it is too long')
    if (byte >= 0x80) continue
    values.push(value)
    value = 0
    scale = 1
  }
  if (scale !== 1) throw new ProtobufError('it ends in the middle')
  return values
}

/** The payload of a field as UTF-8. */
export function textOf(file: ProtobufFile, { start, end }: MessageRange): string {
  if (end - start > maximumTextBytes) throw new ProtobufError('a name in it is too long')
  return Buffer.from(Array.from({ length: end - start }, (_, i) => file.byteAt(start + i))).toString('utf8')
}

/** The text with a field number, the last one as everywhere in protobuf; empty when there is none. */
export function text(file: ProtobufFile, range: MessageRange, number: number): string {
  const last = messages(file, range, number).at(-1)
  return last ? textOf(file, last) : ''
}

export function texts(file: ProtobufFile, range: MessageRange, number: number): string[] {
  return messages(file, range, number).map((field) => textOf(file, field))
}
