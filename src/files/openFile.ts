import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, read, readSync, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { InputError, ShiftscopeError } from '../errors.js'
import { resourceError } from '../support/machine.js'
import { READ_WITHOUT_WAITING } from './regularFile.js'

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

export interface OpenFile {
  readonly path: string
  readonly size: number
  /**
   * Reads bytes into a new buffer, after checking the range.
   * @throws InputError if the file is too short
   */
  read(range: ByteRange): Promise<Buffer<ArrayBuffer>>
  /**
   * Reads one byte. This is fast for bytes that are close together.
   * @throws InputError beyond the end of the file
   */
  byteAt(offset: number): number
  /** Reads the bytes from `start` to before `end`. The caller must limit their number. */
  bytesAt(start: number, end: number): Buffer
  /** SHA-256 of the contents, in hexadecimal. */
  sha256(): Promise<string>
}

/** @throws InputError if the file is missing, is not a regular file, or cannot be read */
export async function withFile<T>(path: string, use: (file: OpenFile) => T | Promise<T>): Promise<T> {
  const { file, close } = openFile(path)
  try {
    return await use(file)
  } finally {
    close()
  }
}

export function withFileSync<T>(path: string, use: (file: Omit<OpenFile, 'read' | 'sha256'>) => T): T {
  const { file, close } = openFile(path)
  try {
    return use(file)
  } finally {
    close()
  }
}

function openFile(path: string): { readonly file: OpenFile; readonly close: () => void } {
  const opened = asInput(path, () => openSync(path, READ_WITHOUT_WAITING))
  let descriptor: number | undefined = opened
  const close = () => {
    descriptor = undefined
    closeSync(opened)
  }
  // Throws if the file is closed already, because its descriptor may then belong to another file.
  const stillOpen = () => {
    if (descriptor === undefined) throw new Error(`${path} was read after it was closed`)
    return descriptor
  }
  try {
    const size = sizeOf(path, fstatSync(opened))
    return { file: { path, size, ...reads(path, size, stillOpen), ...windowReads(path, stillOpen) }, close }
  } catch (error) {
    close()
    throw error
  }
}

function reads(path: string, size: number, descriptor: () => number): Pick<OpenFile, 'read' | 'sha256'> {
  const read = async ({ offset, length }: ByteRange) => {
    if (offset + length > size) throw tooShort(path)
    const bytes = Buffer.from(new ArrayBuffer(length))
    for (let done = 0; done < length; ) {
      const asked = readBytes(descriptor(), bytes, done, Math.min(MOST_AT_ONCE, length - done), offset + done)
      const { bytesRead } = await asked.catch((error) => {
        throw inputError(path, error)
      })
      if (bytesRead === 0) throw tooShort(path)
      done += bytesRead
    }
    return bytes
  }
  return {
    read,
    sha256: async () => {
      const hash = createHash('sha256')
      for (let offset = 0; offset < size; offset += HASHED_AT_ONCE)
        hash.update(await read({ offset, length: Math.min(HASHED_AT_ONCE, size - offset) }))
      return hash.digest('hex')
    },
  }
}

const readBytes = promisify(read)
/** Node.js reads less than 2 GiB at once. */
const MOST_AT_ONCE = 1 << 30

const HASHED_AT_ONCE = 1 << 20
const WINDOW_BYTES = 4096

/** Reads bytes through a small buffer. If a byte is not in it, the buffer is filled from that byte on. */
function windowReads(path: string, descriptor: () => number): Pick<OpenFile, 'byteAt' | 'bytesAt'> {
  const window = Buffer.alloc(WINDOW_BYTES)
  let start = 0
  let length = 0
  const fill = (offset: number) => {
    length = 0
    length = asInput(path, () => readSync(descriptor(), window, 0, window.length, offset))
    start = offset
    if (length === 0) throw tooShort(path)
  }
  return {
    byteAt: (offset) => {
      if (offset < start || offset >= start + length) fill(offset)
      return window[offset - start]!
    },
    bytesAt: (from, end) => {
      const bytes = Buffer.alloc(end - from)
      for (let at = from; at < end; ) {
        if (at < start || at >= start + length) fill(at)
        at += window.copy(bytes, at - from, at - start, Math.min(length, end - start))
      }
      return bytes
    },
  }
}

function sizeOf(path: string, status: Stats): number {
  if (status.isFile()) return status.size
  throw new InputError(`${path} is not a file; give the path of a file`)
}

function tooShort(path: string): InputError {
  return new InputError(`${path} is cut off; download or copy it again`)
}

function asInput<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw inputError(path, error)
  }
}

/** Turns an error of the system into an InputError that names the file. Returns any other error unchanged. */
function inputError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ShiftscopeError || !('code' in error)) return error
  if (error.code === 'ENOENT') return new InputError(`${path} does not exist; check the path`, { cause: error })
  return (
    resourceError(error, `cannot read ${path}`) ??
    new InputError(`${path} cannot be read: ${error.message}`, { cause: error })
  )
}
