import type { OpenFile } from '../openFile.js'

/**
 * Reads and writes protobuf's wire format. Only tags, numbers and names are read into memory. Larger payloads stay
 * ranges of the file, and are copied from there when a message is written as a sequence of chunks.
 * Reference: https://protobuf.dev/programming-guides/encoding/
 */

export type ProtobufFile = Pick<OpenFile, 'size' | 'byteAt' | 'bytesAt'>

/** The file is not protobuf, or not of the expected kind. The message says why, without the file's name. */
export class ProtobufError extends Error {}

/** `end` is the offset of the first byte after the range. */
export interface FileRange {
  readonly start: number
  readonly end: number
}

export interface Field extends FileRange {
  readonly number: number
  readonly wireType: WireType
  /** Offset of the field's tag. */
  readonly tag: number
  /** Value of a varint field, as int64; 0 for other wire types. Numbers beyond 2^53 lose their last digits. */
  readonly value: number
}

export const wireTypes = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const
export type WireType = (typeof wireTypes)[keyof typeof wireTypes]

export interface Cursor {
  readonly file: ProtobufFile
  position: number
  readonly end: number
}

export function nextField(cursor: Cursor): Field {
  const tag = cursor.position
  const head = nextVarint(cursor)
  const wireType = (head % 8) as WireType
  let start = cursor.position
  let value = 0
  if (wireType === wireTypes.varint) value = nextVarint(cursor)
  else {
    const length = payloadLength(wireType, cursor)
    start = cursor.position
    cursor.position += length
  }
  // A tag of more than 32 bits is refused, because other readers would truncate it and read another field.
  if (head < 8 || head > MOST_TAG || cursor.position > cursor.end) throw new ProtobufError('it is not protobuf')
  return { number: Math.floor(head / 8), wireType, tag, value, start, end: cursor.position }
}

function payloadLength(wireType: number, cursor: Cursor): number {
  if (wireType === wireTypes.fixed64) return 8
  if (wireType === wireTypes.fixed32) return 4
  const length = wireType === wireTypes.lengthDelimited ? nextVarint(cursor) : -1
  if (length < 0) throw new ProtobufError('it is not protobuf')
  return length
}

const MOST_TAG = 2 ** 32 - 1
const LOW_BITS = 2 ** 28
const HIGH_BITS = 2 ** 36

export function nextVarint(cursor: Cursor): number {
  // Each byte holds 7 bits. Bit operators handle 32 bits only, so `low` gets the first 4 bytes, and `high` the other 6.
  let low = 0
  let high = 0
  for (let i = 0; i < 10; i++) {
    if (cursor.position >= cursor.end) throw new ProtobufError('it is cut off')
    const byte = cursor.file.byteAt(cursor.position++)
    if (i < 4) low += (byte & 0x7f) * 128 ** i
    else high += (byte & 0x7f) * 128 ** (i - 4)
    if (byte >= 0x80) continue
    if (high === 0) return low
    const upper = high % HIGH_BITS
    return low + (upper < HIGH_BITS / 2 ? upper : upper - HIGH_BITS) * LOW_BITS
  }
  throw new ProtobufError('a number in it is too long')
}

const MOST_TEXT_BYTES = 10_000
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws ProtobufError if the text has more than `most` bytes or is not UTF-8 */
export function textAt(file: ProtobufFile, range: FileRange, most = MOST_TEXT_BYTES): string {
  if (range.end - range.start > most) throw new ProtobufError('a name in it is too long')
  try {
    return utf8.decode(file.bytesAt(range.start, range.end))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new ProtobufError('a name in it is not UTF-8', { cause: error })
  }
}

/**
 * Reads a text to compare with known words, such as the key of a metadata entry. The text need not be UTF-8.
 * Returns undefined for a text of more than 100 bytes, because all these words are shorter.
 */
export function shortText(file: ProtobufFile, chunk: Chunk | undefined): string | undefined {
  const { start, end } = fileRangeOf(chunk) ?? { start: 0, end: 0 }
  return end - start > 100 ? undefined : file.bytesAt(start, end).toString('latin1')
}

/** Bytes that `read` computes only when they are written. Their number is known earlier. */
interface DeferredBytes {
  readonly byteLength: number
  readonly read: () => Promise<Uint8Array>
}

/** A part of a message: bytes in memory, bytes that are made on writing, or a range to copy from the original file. */
export type Chunk = Uint8Array | DeferredBytes | FileRange

export function fileRangeOf(chunk: Chunk | undefined): FileRange | undefined {
  return chunk !== undefined && 'start' in chunk ? chunk : undefined
}

const MOST_PIECE_BYTES = 1 << 22
/**
 * Small chunks are collected until they have `GATHERED_BYTES`, and then written together. A range of a file is small if
 * it has at most `SMALL_RANGE_BYTES`.
 */
const GATHERED_BYTES = 1 << 16
const SMALL_RANGE_BYTES = 1 << 8

/** @param file the file that ranges refer to */
export async function* messageBytes(chunks: readonly Chunk[], file?: OpenFile): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = []
  let length = 0
  for (const chunk of joined(chunks)) {
    const small = smallBytes(chunk, file)
    if (small !== undefined) {
      gathered.push(small)
      length += small.length
    }
    if (small !== undefined && length < GATHERED_BYTES) continue
    yield Buffer.concat(gathered)
    gathered = []
    length = 0
    if ('read' in chunk) yield await madeBytes(chunk)
    else if (small === undefined && 'start' in chunk) yield* piecesOf(requireFile(file), chunk)
  }
  yield Buffer.concat(gathered)
}

function smallBytes(chunk: Chunk, file: OpenFile | undefined): Uint8Array | undefined {
  if (chunk instanceof Uint8Array) return chunk
  const isSmall = 'start' in chunk && chunk.end - chunk.start <= SMALL_RANGE_BYTES
  return isSmall ? requireFile(file).bytesAt(chunk.start, chunk.end) : undefined
}

function requireFile(file: OpenFile | undefined): OpenFile {
  if (file === undefined) throw new Error('the data is in a file that was not opened')
  return file
}

async function madeBytes({ byteLength, read }: DeferredBytes): Promise<Uint8Array> {
  const bytes = await read()
  if (bytes.byteLength === byteLength) return bytes
  throw new Error(`a payload has ${bytes.byteLength} bytes instead of ${byteLength}`)
}

async function* piecesOf(file: OpenFile, { start, end }: FileRange): AsyncGenerator<Uint8Array> {
  for (let offset = start; offset < end; offset += MOST_PIECE_BYTES)
    yield await file.read({ offset, length: Math.min(MOST_PIECE_BYTES, end - offset) })
}

/** Joins neighbouring ranges, so that they are read together. */
function* joined(chunks: readonly Chunk[]): Generator<Chunk> {
  let open: FileRange | undefined
  for (const chunk of chunks) {
    const range = fileRangeOf(chunk)
    if (open !== undefined && range?.start === open.end) {
      open = { start: open.start, end: range.end }
      continue
    }
    if (open !== undefined) yield open
    open = range
    if (range === undefined) yield chunk
  }
  if (open !== undefined) yield open
}

export function integerField(number: number, value: number): Chunk[] {
  return [Buffer.concat([tagOf(number, wireTypes.varint), varint(value)])]
}

export function floatField(number: number, value: number): Chunk[] {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return [Buffer.concat([tagOf(number, wireTypes.fixed32), bytes])]
}

export function packedIntegersField(number: number, values: readonly number[]): Chunk[] {
  return messageField(number, [Buffer.concat(values.map(varint))])
}

export function stringField(number: number, value: string): Chunk[] {
  return messageField(number, [Buffer.from(value, 'utf8')])
}

/** A field that holds an embedded message, or bytes. */
export function messageField(number: number, chunks: readonly Chunk[]): Chunk[] {
  const length = chunks.reduce((sum, chunk) => sum + byteLength(chunk), 0)
  return [Buffer.concat([tagOf(number, wireTypes.lengthDelimited), varint(length)]), ...chunks]
}

function byteLength(chunk: Chunk): number {
  return 'byteLength' in chunk ? chunk.byteLength : chunk.end - chunk.start
}

function tagOf(number: number, wireType: WireType): Buffer {
  return varint(number * 8 + wireType)
}

/** Encodes an integer. Negative ones take ten bytes, as 64-bit two's complement. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}
