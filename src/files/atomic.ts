import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OutputError, ShiftscopeError } from '../errors.js'

/** Anything that can be written to a file in one go or in consecutive pieces. */
export type Content = string | Uint8Array | readonly Uint8Array[]

/**
 * Writes a file whole or not at all: to a temporary name in the same folder, flushed, then renamed.
 * Folders on the way are made. A full disk, a read-only folder and the like become one-line OutputErrors.
 */
export async function writeFileAtomic(path: string, content: Content): Promise<void> {
  const temporary = temporaryName(path)
  try {
    await mkdir(dirname(path), { recursive: true })
    await writePieces(temporary, content)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw asOutputError(path, error)
  }
}

/**
 * Makes a folder whole or not at all: `fill` writes into a temporary sibling, which then takes the folder's place.
 * What stood under that name before is replaced.
 */
export async function writeFolderAtomic(path: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryName(path)
  try {
    await mkdir(temporary, { recursive: true })
    await fill(temporary)
    await rm(path, { recursive: true, force: true })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    throw asOutputError(path, error)
  }
}

/** True for the names that an interrupted atomic write can leave behind. */
export function isTemporaryName(name: string): boolean {
  return /^\.tmp-[0-9a-f]{12}-/.test(name)
}

function temporaryName(path: string): string {
  const name = path.slice(dirname(path).length).replace(/^[/\\]+/, '')
  return join(dirname(path), `.tmp-${randomBytes(6).toString('hex')}-${name}`)
}

async function writePieces(path: string, content: Content): Promise<void> {
  const pieces = Array.isArray(content) ? (content as readonly Uint8Array[]) : [content as string | Uint8Array]
  const file = await open(path, 'wx')
  try {
    for (const piece of pieces) {
      if (typeof piece === 'string') await file.writeFile(piece)
      else await writeBytes(file, piece)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Writes in pieces of at most 64 MiB, since one system call moves less than 2 GiB. */
async function writeBytes(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  const pieceLength = 64 * 1024 * 1024
  for (let start = 0; start < bytes.byteLength; ) {
    const piece = bytes.subarray(start, start + pieceLength)
    const { bytesWritten } = await file.write(piece)
    start += bytesWritten
  }
}

/** Turns an error of the file system into an OutputError that names the path, the cause and the remedy. */
export function asOutputError(path: string, error: unknown): Error {
  if (error instanceof ShiftscopeError) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  const remedies: Record<string, string> = {
    ENOSPC: 'the disk is full; free some space and run the same command again',
    EDQUOT: 'the disk quota is used up; free some space and run the same command again',
    EROFS: 'the folder is on a read-only file system; choose another with --out',
    EACCES: 'no permission to write there; choose another folder with --out',
    EPERM: 'no permission to write there; choose another folder with --out',
    ENOTDIR: 'a file stands where a folder is needed; choose another folder with --out',
    EEXIST: 'a file stands where a folder is needed; choose another folder with --out',
    EISDIR: 'a folder stands where a file is needed; choose another name with --out',
  }
  const remedy = code === undefined ? undefined : remedies[code]
  if (remedy === undefined) return error instanceof Error ? error : new Error(String(error))
  return new OutputError(`cannot write ${path}: ${remedy}`, { cause: error })
}
