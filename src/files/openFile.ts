import { createHash } from 'node:crypto'
import { closeSync, createReadStream, fstatSync, openSync, read, readSync, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { InputError, ShiftscopeError } from '../errors.js'
import { resourceError } from '../support/machine.js'
import { READ_WITHOUT_WAITING } from './regularFile.js'

/** A range of a file's bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** A file that is open for reading. */
export interface OpenFile {
  readonly path: string
  /** Size in bytes. */
  readonly size: number
  /**
   * Bytes of a range, in memory of their own. The range is compared with the file's size before memory is taken.
   * @throws InputError if the file is shorter than the range or cannot be read
   */
  read(range: ByteRange): Promise<Buffer<ArrayBuffer>>
  /** A single byte. It is quick for bytes that lie close together. @throws InputError beyond the end */
  byteAt(offset: number): number
  /** SHA-256 of the contents, in hexadecimal. */
  sha256(): Promise<string>
}

/**
 * Opens a file from outside for the time of a call.
 *
 * @throws InputError if the file is missing, is no regular file, or cannot be read; whatever `use` throws
 */
export async function withFile<T>(path: string, use: (file: OpenFile) => T | Promise<T>): Promise<T> {
  const descriptor = opened(path)
  try {
    return await use(openFile(path, descriptor))
  } finally {
    closeSync(descriptor)
  }
}

/** The same for a call that waits for nothing. */
export function withFileSync<T>(path: string, use: (file: Pick<OpenFile, 'path' | 'size' | 'byteAt'>) => T): T {
  const descriptor = opened(path)
  try {
    return use(openFile(path, descriptor))
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Size of a file in bytes.
 *
 * @throws InputError if the file is missing or cannot be read
 */
export async function fileSize(path: string): Promise<number> {
  try {
    return sizeOf(path, await stat(path))
  } catch (error) {
    throw readError(path, error)
  }
}

function opened(path: string): number {
  try {
    return openSync(path, READ_WITHOUT_WAITING)
  } catch (error) {
    throw readError(path, error)
  }
}

function openFile(path: string, descriptor: number): OpenFile {
  const size = sizeOf(path, fstatSync(descriptor))
  return {
    path,
    size,
    read: async ({ offset, length }) => {
      if (offset + length > size) throw truncated(path)
      const bytes = Buffer.from(new ArrayBuffer(length))
      for (let done = 0; done < length; ) {
        const { bytesRead } = await readBytes(descriptor, bytes, done, length - done, offset + done).catch((error) => {
          throw readError(path, error)
        })
        if (bytesRead === 0) throw truncated(path)
        done += bytesRead
      }
      return bytes
    },
    byteAt: bytesOf(path, descriptor),
    sha256: async () => {
      const hash = createHash('sha256')
      const options = { fd: descriptor, start: 0, autoClose: false, highWaterMark: LONGEST_PIECE }
      await pipeline(createReadStream(path, options), hash).catch((error) => {
        throw readError(path, error)
      })
      return hash.digest('hex')
    },
  }
}

function sizeOf(path: string, status: Stats): number {
  if (status.isFile()) return status.size
  throw new InputError(`${path} is not a file; give the path of a file`)
}

const readBytes = promisify(read)

const LONGEST_PIECE = 1 << 20
const WINDOW_BYTES = 4096

/** Keeps the bytes around the last one that was read. */
function bytesOf(path: string, descriptor: number): OpenFile['byteAt'] {
  const window = Buffer.alloc(WINDOW_BYTES)
  let start = 0
  let length = 0
  return (offset) => {
    if (offset < start || offset >= start + length) {
      start = offset
      length = readSync(descriptor, window, 0, window.length, offset)
      if (length === 0) throw truncated(path)
    }
    return window[offset - start] as number
  }
}

function truncated(path: string): InputError {
  return new InputError(`${path} is shorter than its own directory says: truncated; download or copy it again`)
}

/** The same error, but where the system gives no bytes: one that names the file. */
function readError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ShiftscopeError || !('code' in error)) return error
  if (error.code === 'ENOENT') return new InputError(`${path} does not exist; check the path`, { cause: error })
  return (
    resourceError(error, `cannot read ${path}`) ??
    new InputError(`${path} cannot be read: ${error.message}`, { cause: error })
  )
}
