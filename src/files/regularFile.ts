import { constants, createReadStream, existsSync, type ReadStream, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, extname, isAbsolute, relative, sep } from 'node:path'
import { InputError } from '../errors.js'

/** Flags to open a file for reading. Opening a pipe with them does not wait until another process writes into it. */
export const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** @throws Error for a missing file, and for a pipe or a device, which might never end */
export async function regularSize(path: string): Promise<number> {
  const status = await stat(path)
  if (!status.isFile()) throw new Error(`${path} is not a file`)
  return status.size
}

/** A text that changes whenever a file is written again; undefined if there is none. */
export async function fileVersion(path: string): Promise<string | undefined> {
  const status = await stat(path).catch(() => undefined)
  return status && `${status.ino} ${status.mtimeMs}`
}

export function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  )
}

/**
 * Whether a text that may also be a name is an existing path. A folder counts only if the text has a separator or an
 * ending, because a folder of results often has the name of what was measured.
 */
export function isGivenPath(text: string): boolean {
  const hasForm = basename(text) !== text || extname(text) !== ''
  return existsSync(text) && (hasForm || !statSync(text).isDirectory())
}

export async function readRegular(path: string): Promise<Buffer> {
  await regularSize(path)
  return readFile(path)
}

/** @param remedy advice that ends the error message, such as `check the path` */
export function readNamed(path: string, remedy: string): Promise<Buffer> {
  return readRegular(path).catch((error: NodeJS.ErrnoException) => {
    const cause = error.code === 'ENOENT' ? 'no such file' : (error.code ?? 'it is not a file')
    throw new InputError(`cannot read ${path}: ${cause}; ${remedy}`, { cause: error })
  })
}

/** Whether an absolute path equals `folder` or leads to something inside `folder`. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

const LONGEST_PIECE = 1 << 20

/** Opens a stream whose buffer is hardly larger than the file, so that small files need little memory. */
export async function streamRegular(path: string): Promise<ReadStream> {
  const highWaterMark = Math.min(LONGEST_PIECE, (await regularSize(path)) + 1)
  return createReadStream(path, { highWaterMark })
}
