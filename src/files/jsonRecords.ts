import { InputError } from '../errors.js'
import { MOST_DEPTH } from './json.js'
import { streamRegular } from './regularFile.js'

/** An object from one of the file's lists (sections), with its range of bytes in the file. */
export interface JsonRecord {
  readonly section: string
  readonly value: Readonly<Record<string, unknown>>
  readonly start: number
  readonly end: number
}

const MOST_RECORD_BYTES = 64 * 1024 * 1024

/** Names of sections are compared only up to this number of bytes. */
const MOST_NAME_BYTES = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d

/**
 * Reads a JSON file of the form {"section": [{…}, …], …} object by object, so that the file need not fit into memory.
 * Only the given sections are read.
 * @throws InputError if the file cannot be read, has another form, is damaged or is cut short
 */
export async function readJsonRecords(
  path: string,
  sections: readonly string[],
  onRecord: (record: JsonRecord) => void,
  onBytes: (read: number) => void = () => undefined,
): Promise<void> {
  const scanner = new RecordScanner(path, sections, onRecord)
  let read = 0
  for await (const piece of piecesOf(path)) {
    scanner.push(piece)
    read += piece.length
    onBytes(read)
  }
  scanner.end()
}

/** Reads a file piece by piece. Errors of reading become InputErrors. Errors of the caller's loop stay as they are. */
async function* piecesOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* await streamRegular(path)
  } catch (error) {
    throw new InputError(`cannot read ${path}: ${readFault(error as NodeJS.ErrnoException)}`, { cause: error })
  }
}

function readFault({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'no such file; check the path'
  if (code === undefined) return 'it is a folder or a pipe; give a file'
  return message
}

/** Where the next byte lies, by the number of open brackets. Greater depths are inside a record. */
const DEPTH = { outside: 0, inFile: 1, inList: 2 } as const

/** Finds the records of a file that is read piece by piece. */
class RecordScanner {
  readonly #path: string
  readonly #sections: readonly string[]
  readonly #onRecord: (record: JsonRecord) => void
  #depth = 0
  #inString = false
  #isEscaped = false
  /** Number of bytes before the piece. */
  #offset = 0
  #key: string | undefined
  #text = ''
  #section: string | undefined
  /** Start of the open record in the file; -1 between records. */
  #start = -1
  #expectsRecord = true
  /** The open record's bytes from earlier pieces. */
  #carried: Buffer[] = []
  #carriedBytes = 0
  #isClosed = false

  constructor(path: string, sections: readonly string[], onRecord: (record: JsonRecord) => void) {
    this.#path = path
    this.#sections = sections
    this.#onRecord = onRecord
  }

  push(piece: Buffer): void {
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i]!
      if (this.#inString) this.#stringByte(byte)
      else if (byte > 0x20) this.#otherByte(byte, i, piece)
    }
    if (this.#start >= 0) this.#carry(piece)
    this.#offset += piece.length
  }

  end(): void {
    if (!this.#isClosed)
      throw new InputError(`${this.#path} is cut off after ${this.#offset} bytes; download or copy it again`)
  }

  #stringByte(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === BACKSLASH) this.#isEscaped = true
    else if (byte === QUOTE) this.#inString = false
    // Names are compared without decoding escapes, because none of the wanted names needs a backslash.
    if (this.#inString && this.#depth === DEPTH.inFile && this.#text.length < MOST_NAME_BYTES)
      this.#text += String.fromCharCode(byte)
  }

  /** Handles a byte outside strings that is no white space. */
  #otherByte(byte: number, i: number, piece: Buffer): void {
    const at = this.#offset + i
    if (this.#depth === DEPTH.outside) this.#outsideByte(byte, at)
    else if (this.#depth === DEPTH.inFile) this.#fileByte(byte, at)
    else if (this.#depth === DEPTH.inList && this.#section !== undefined) this.#listByte(byte, at)
    if (byte === QUOTE) {
      this.#inString = true
      if (this.#depth === DEPTH.inFile) this.#text = ''
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (++this.#depth > MOST_DEPTH) throw this.#damaged(at)
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      this.#depth--
      if (this.#depth === DEPTH.inList && this.#start >= 0) this.#closeRecord(piece, i + 1)
      else if (this.#depth === DEPTH.inFile) this.#section = undefined
      else if (this.#depth === DEPTH.outside) this.#isClosed = true
    }
  }

  /** Only a byte order mark may precede the top-level object, and nothing may follow it. */
  #outsideByte(byte: number, at: number): void {
    const mayBeMark = at < 3 && byte >= 0xbb
    if (this.#isClosed || (byte !== OPEN_OBJECT && !mayBeMark)) throw this.#damaged(at)
  }

  /** Handles a byte of the top-level object. */
  #fileByte(byte: number, at: number): void {
    const isWanted = this.#key !== undefined && this.#sections.includes(this.#key)
    if (byte === COLON) {
      this.#key = this.#text
      this.#text = ''
    } else if (byte === OPEN_LIST && isWanted) {
      this.#section = this.#key
      this.#expectsRecord = true
    } else if (byte === COMMA) this.#key = undefined
    else if (byte === OPEN_OBJECT && isWanted) throw this.#damaged(at)
  }

  /** Handles a byte between the records of a section's list. */
  #listByte(byte: number, at: number): void {
    if (byte === COMMA && !this.#expectsRecord) this.#expectsRecord = true
    else if (byte === OPEN_OBJECT && this.#expectsRecord) this.#start = at
    else if (byte !== CLOSE_LIST) throw this.#damaged(at)
  }

  /** @param end index behind the record's last byte in the piece */
  #closeRecord(piece: Buffer, end: number): void {
    const own = piece.subarray(Math.max(0, this.#start - this.#offset), end)
    const bytes = this.#carried.length === 0 ? own : Buffer.concat([...this.#carried, own])
    let value: unknown
    try {
      value = JSON.parse(bytes.toString('utf8'))
    } catch {
      throw this.#damaged(this.#start)
    }
    this.#onRecord({
      section: this.#section!,
      value: value as JsonRecord['value'],
      start: this.#start,
      end: this.#offset + end,
    })
    this.#start = -1
    this.#expectsRecord = false
    this.#carried = []
    this.#carriedBytes = 0
  }

  /** Keeps the open record's bytes of this piece. */
  #carry(piece: Buffer): void {
    const rest = piece.subarray(Math.max(0, this.#start - this.#offset))
    this.#carriedBytes += rest.length
    if (this.#carriedBytes > MOST_RECORD_BYTES) throw this.#damaged(this.#start)
    this.#carried.push(rest)
  }

  #damaged(at: number): InputError {
    return new InputError(
      `${this.#path} is damaged at byte ${at}, or is not a COCO annotation file; download or copy it again`,
    )
  }
}
