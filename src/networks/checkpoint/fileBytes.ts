import { open, stat } from 'node:fs/promises'
import { InputError, ShiftscopeError } from '../../errors.js'
import { READ_WITHOUT_WAITING } from '../../files/regularFile.js'
import { resourceError } from '../../support/resources.js'

/** A range of a file's bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/**
 * Size of a file in bytes.
 *
 * @throws InputError when there is no such file, or it cannot be read
 */
export async function fileSize(path: string): Promise<number> {
  try {
    const status = await stat(path)
    if (!status.isFile()) throw notFile(path)
    return status.size
  } catch (error) {
    throw readError(path, error)
  }
}

/**
 * Reads one range of a file into memory of its own. The range is checked against the file's length before memory is
 * taken. The file is opened for this call only, so that nobody has to close it.
 *
 * @throws InputError when the file is shorter than the range, or cannot be read
 */
export async function readRange(path: string, range: ByteRange): Promise<Buffer<ArrayBuffer>> {
  try {
    const file = await open(path, READ_WITHOUT_WAITING)
    try {
      const status = await file.stat()
      if (!status.isFile()) throw notFile(path)
      if (range.offset + range.length > status.size) throw truncated(path)
      const bytes = Buffer.from(new ArrayBuffer(range.length))
      let done = 0
      while (done < range.length) {
        const { bytesRead } = await file.read(bytes, done, range.length - done, range.offset + done)
        if (bytesRead === 0) throw truncated(path)
        done += bytesRead
      }
      return bytes
    } finally {
      await file.close()
    }
  } catch (error) {
    throw readError(path, error)
  }
}

function notFile(path: string): InputError {
  return new InputError(`${path} is not a file; give the path of a file`)
}

function truncated(path: string): InputError {
  return new InputError(`${path} is shorter than its own directory says: truncated; download or copy it again`)
}

function readError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ShiftscopeError || !('code' in error)) return error
  if (error.code === 'ENOENT') return new InputError(`${path} does not exist; check the path`, { cause: error })
  return (
    resourceError(error, `cannot read ${path}`) ??
    new InputError(`${path} cannot be read: ${error.message}`, { cause: error })
  )
}
