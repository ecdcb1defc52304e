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
  const scanner = recordScanner(path, sections, onRecord)
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

/**
 * Finds the records of a file that is read piece by piece. Depth 1 is inside the top-level object, depth 2 is inside a
 * section's list, and greater depths are inside a record.
 */
function recordScanner(path: string, sections: readonly string[], onRecord: (record: JsonRecord) => void) {
  let depth = 0
  let inString = false
  let escaped = false
  let offset = 0
  let key: string | undefined
  let text = ''
  let section: string | undefined
  let start = -1
  let expectsRecord = true
  let carried: Buffer[] = []
  let carriedBytes = 0
  let closed = false

  const damaged = (at: number) =>
    new InputError(`${path} is damaged at byte ${at}, or is not a COCO annotation file; download or copy it again`)

  function finish(piece: Buffer, from: number, end: number): void {
    const bytes = carried.length === 0 ? piece.subarray(from, end) : Buffer.concat([...carried, piece.subarray(0, end)])
    let value: unknown
    try {
      value = JSON.parse(bytes.toString('utf8'))
    } catch {
      throw damaged(start)
    }
    onRecord({ section: section as string, value: value as JsonRecord['value'], start, end: offset + end })
    start = -1
    expectsRecord = false
    carried = []
    carriedBytes = 0
  }

  /** Handles one byte of the top-level object, outside strings. */
  function inFile(byte: number, at: number): void {
    if (byte === COLON) {
      key = text
      text = ''
    } else if (byte === OPEN_LIST && key !== undefined && sections.includes(key)) {
      section = key
      expectsRecord = true
    } else if (byte === COMMA) key = undefined
    else if (key !== undefined && byte === OPEN_OBJECT && sections.includes(key)) throw damaged(offset + at)
  }

  /** Handles one byte between the records of a section's list. */
  function inList(byte: number, at: number): void {
    if (byte === COMMA && !expectsRecord) expectsRecord = true
    else if (byte === OPEN_OBJECT && expectsRecord) start = offset + at
    else if (byte !== CLOSE_LIST) throw damaged(offset + at)
  }

  function push(piece: Buffer): void {
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i] as number
      if (inString) {
        if (escaped) escaped = false
        else if (byte === BACKSLASH) escaped = true
        else if (byte === QUOTE) inString = false
        // Names are compared without decoding escapes, because none of the wanted names needs a backslash.
        if (inString && depth === 1 && text.length < MOST_NAME_BYTES) text += String.fromCharCode(byte)
        continue
      }
      if (byte <= 0x20) continue
      if (depth === 0) {
        if (closed || (byte !== OPEN_OBJECT && !(offset === 0 && i < 3 && byte >= 0xbb))) throw damaged(offset + i)
      } else if (depth === 1) inFile(byte, i)
      else if (depth === 2 && section !== undefined) inList(byte, i)
      if (byte === QUOTE) {
        inString = true
        if (depth === 1) text = ''
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (++depth > MOST_DEPTH) throw damaged(offset + i)
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        depth--
        if (depth === 2 && start >= 0) finish(piece, Math.max(0, start - offset), i + 1)
        else if (depth === 1) section = undefined
        else if (depth === 0) closed = true
      }
    }
    if (start >= 0) {
      const rest = piece.subarray(Math.max(0, start - offset))
      carriedBytes += rest.length
      if (carriedBytes > MOST_RECORD_BYTES) throw damaged(start)
      carried.push(rest)
    }
    offset += piece.length
  }

  function end(): void {
    if (!closed) throw new InputError(`${path} is cut off after ${offset} bytes; download or copy it again`)
  }

  return { push, end }
}
