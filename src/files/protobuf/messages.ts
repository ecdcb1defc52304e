import {
  type Chunk,
  type Cursor,
  type Field,
  type FileRange,
  floatField,
  integerField,
  messageField,
  nextField,
  nextVarint,
  ProtobufError,
  type ProtobufFile,
  packedIntegersField,
  stringField,
  textAt,
  type WireType,
  wireTypes,
} from './wire.js'

/**
 * A protobuf message as plain data. A table lists its known fields. Unknown fields are kept as ranges of the file, so
 * that a changed copy of the file still has them. A field that the file lacks is undefined.
 */
export interface Message {
  /**
   * Range of the message in the file, with its tag. An unchanged message is copied from there; `changed` returns a
   * message without this range.
   */
  readonly source?: FileRange | undefined
  /** Fields that the table does not list. */
  readonly others?: readonly FileRange[]
}

export interface FieldType<T> {
  readonly number: number
  readonly wireTypes: readonly WireType[]
  /** @param before what `read` returned for the last field of this number. A single value is replaced; a list grows. */
  read(decoder: Decoder, field: Field, before: T | undefined): T
  write(value: T): Chunk[]
}

/** The fields of a message by name, in the order in which they are written. */
export type FieldTable = Readonly<Record<string, FieldType<unknown>>>

export type MessageOf<T extends FieldTable> = Message & {
  readonly [K in keyof T]?: T[K] extends FieldType<infer V> ? V : never
}

interface Decoder {
  readonly file: ProtobufFile
  /** Number of parts in memory: messages, list entries, and ranges of fields that the table does not list. */
  parts: number
  depth: number
}

const MOST_PARTS = 4_000_000
const MOST_DEPTH = 50
const MOST_PIECES = 1000

/** @throws ProtobufError if the file is not protobuf, does not fit `table`, or has too many parts */
export function readMessage<T extends FieldTable>(file: ProtobufFile, table: T): MessageOf<T> {
  return fieldsOf({ file, parts: 0, depth: 0 }, table, { start: 0, end: file.size }, {}) as MessageOf<T>
}

/** The chunks to write for a message. Unchanged parts of the message are ranges to copy from the file. */
export function chunksOf<T extends FieldTable>(table: T, message: MessageOf<T>): Chunk[] {
  const values: Readonly<Record<string, unknown>> = message
  const written = Object.entries(table).flatMap(([name, type]) =>
    values[name] === undefined ? [] : type.write(values[name]),
  )
  return [...written, ...(message.others ?? [])]
}

export function changed<M extends Message>(message: M, changes: Partial<M>): M {
  return { ...message, ...changes, source: undefined }
}

/**
 * A message that is being read. Its lists grow in place, because copying a list for each new entry would take quadratic
 * time.
 */
type Growing = Record<string, unknown> & { others?: FileRange[]; source?: FileRange | undefined }

function fieldsOf(decoder: Decoder, table: FieldTable, { start, end }: FileRange, message: Growing): Growing {
  if (decoder.depth > MOST_DEPTH) throw new ProtobufError('its messages are nested too deeply')
  const known = byNumber(table)
  const cursor = { file: decoder.file, position: start, end }
  while (cursor.position < end) {
    const field = nextField(cursor)
    const found = known.get(field.number)
    if (found === undefined) addOther(decoder, message, field)
    else message[found.name] = found.type.read(decoder, expected(field, found.type), message[found.name])
  }
  return message
}

function expected(field: Field, type: FieldType<unknown>): Field {
  if (type.wireTypes.includes(field.wireType)) return field
  throw new ProtobufError(`its field ${field.number} has the wrong type`)
}

/** Notes the range of a field that the table does not list. Ranges of adjacent fields are merged. */
function addOther(decoder: Decoder, message: Growing, { tag, end }: Field): void {
  message.others ??= []
  const { others } = message
  const last = others.at(-1)
  if (last?.end === tag) others[others.length - 1] = { start: last.start, end }
  else {
    count(decoder)
    others.push({ start: tag, end })
  }
}

interface NamedType {
  readonly name: string
  readonly type: FieldType<unknown>
}

const tables = new WeakMap<object, ReadonlyMap<number, NamedType>>()

function byNumber(table: FieldTable): ReadonlyMap<number, NamedType> {
  const known = tables.get(table)
  if (known) return known
  const made = new Map(Object.entries(table).map(([name, type]) => [type.number, { name, type }]))
  tables.set(table, made)
  return made
}

function count(decoder: Decoder): void {
  decoder.parts++
  if (decoder.parts > MOST_PARTS) throw new ProtobufError(`it has more than ${MOST_PARTS} messages and list entries`)
}

const { varint, fixed32, fixed64, lengthDelimited } = wireTypes

/** A number of type int64, int32, bool or enum. */
export function integer(number: number): FieldType<number> {
  return {
    number,
    wireTypes: [varint],
    read: (_, { value }) => value,
    write: (value) => integerField(number, value),
  }
}

/** A list of integers, packed or not. */
export function integers(number: number, most = MOST_PARTS): FieldType<readonly number[]> {
  return {
    number,
    wireTypes: [varint, lengthDelimited],
    read: (decoder, { wireType, value, start, end }, before = []) => {
      const list = before as number[]
      const add = (entry: number) => {
        count(decoder)
        if (list.length === most) throw new ProtobufError(`a list in it has more than ${most} numbers`)
        list.push(entry)
      }
      if (wireType === varint) add(value)
      const cursor: Cursor = { file: decoder.file, position: start, end }
      while (wireType !== varint && cursor.position < end) add(nextVarint(cursor))
      return list
    },
    write: (values) => packedIntegersField(number, values),
  }
}

export function float(number: number): FieldType<number> {
  return {
    number,
    wireTypes: [fixed32],
    read: ({ file }, { start, end }) => file.bytesAt(start, end).readFloatLE(0),
    write: (value) => floatField(number, value),
  }
}

export function text(number: number): FieldType<string> {
  return {
    number,
    wireTypes: [lengthDelimited],
    read: ({ file }, field) => textAt(file, field),
    write: (value) => stringField(number, value),
  }
}

export function texts(number: number): FieldType<readonly string[]> {
  return {
    number,
    wireTypes: [lengthDelimited],
    read: (decoder, field, before = []) => appended(decoder, before, textAt(decoder.file, field)),
    write: (values) => values.flatMap((value) => stringField(number, value)),
  }
}

/** Bytes or text that are not read into memory; the value is their range. */
export function payload(number: number): FieldType<Chunk> {
  return {
    number,
    wireTypes: [lengthDelimited],
    read: (_, { start, end }) => ({ start, end }),
    write: (value) => messageField(number, [value]),
  }
}

/**
 * A list of bytes, texts or integers that are not read into memory; the value is a list of their ranges. One range may
 * hold several packed integers.
 */
export function payloads(number: number): FieldType<readonly FileRange[]> {
  return {
    number,
    wireTypes: [lengthDelimited, varint],
    read: (decoder, { start, end }, before = []) => appended(decoder, before, { start, end }),
    write: (ranges) => ranges.flatMap((range) => messageField(number, [range])),
  }
}

/**
 * Consecutive elements in the file. `distance` is the number of bytes from the start of one element to the start of the
 * next. It includes the tag, if each element has one.
 */
export interface Piece {
  readonly offset: number
  readonly elements: number
  readonly distance: number
}

/**
 * A list of numbers of 4 or 8 bytes. Only the places of the numbers in the file are read into memory, as pieces.
 * Numbers that are not packed form one piece if they follow one another.
 */
export function elements(number: number, bytes: 4 | 8): FieldType<readonly Piece[]> {
  return {
    number,
    wireTypes: [lengthDelimited, bytes === 4 ? fixed32 : fixed64],
    read: (_, { start, end, wireType, tag }, before = []) => {
      const length = end - start
      if (length % bytes !== 0) throw new ProtobufError('the elements of a list are cut off')
      const isPacked = wireType === lengthDelimited
      const piece = { offset: start, elements: length / bytes, distance: isPacked ? bytes : end - tag }
      const pieces = before as Piece[]
      const last = pieces.at(-1)
      const isNext = last?.distance === piece.distance && last.offset + last.elements * last.distance === start
      if (last && isNext && !isPacked) pieces[pieces.length - 1] = { ...last, elements: last.elements + 1 }
      else pieces.push(piece)
      if (pieces.length > MOST_PIECES) throw new ProtobufError('a list is split into too many parts')
      return pieces
    },
    write: (pieces) =>
      pieces.flatMap(({ offset, elements, distance }) => {
        const range = { start: offset, end: offset + elements * distance }
        if (distance === bytes) return messageField(number, [range])
        // Unpacked elements are copied with their tags, so the range starts at the tag of the first one.
        const tagBytes = distance - bytes
        return [{ start: range.start - tagBytes, end: range.end - tagBytes }]
      }),
  }
}

export function message<T extends FieldTable>(number: number, table: () => T): FieldType<MessageOf<T>> {
  return {
    number,
    wireTypes: [lengthDelimited],
    read: (decoder, field, before) => nested(decoder, table(), field, before),
    write: (value) => writtenMessage(number, table(), value),
  }
}

export function messages<T extends FieldTable>(number: number, table: () => T): FieldType<readonly MessageOf<T>[]> {
  return {
    number,
    wireTypes: [lengthDelimited],
    read: (decoder, field, before = []) => appended(decoder, before, nested(decoder, table(), field)),
    write: (values) => values.flatMap((value) => writtenMessage(number, table(), value)),
  }
}

function nested<T extends FieldTable>(decoder: Decoder, table: T, field: Field, before?: MessageOf<T>): MessageOf<T> {
  // A message that the file splits into several parts has no single range.
  const message = (before ?? {}) as Growing
  message.source = before === undefined ? { start: field.tag, end: field.end } : undefined
  decoder.depth++
  fieldsOf(decoder, table, field, message)
  decoder.depth--
  return message as MessageOf<T>
}

function writtenMessage<T extends FieldTable>(number: number, table: T, value: MessageOf<T>): Chunk[] {
  return value.source === undefined ? messageField(number, chunksOf(table, value)) : [value.source]
}

function appended<T>(decoder: Decoder, list: readonly T[], value: T): readonly T[] {
  count(decoder)
  const grown = list as T[]
  grown.push(value)
  return grown
}
