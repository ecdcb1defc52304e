import { type FileHandle, link, open, readdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { asOutputError, makeFolders, orOutputError } from './atomic.js'
import { tryJson } from './json.js'
import { type Owner, ownerSchema } from './owner.js'
import { READ_WITHOUT_WAITING } from './regularFile.js'
import { rm } from './retried.js'
import { sha256 } from './sha256.js'
import { temporaryName } from './temporaries.js'

/** A file in a folder of locks, and the record in it. */
export interface LockFile {
  readonly path: string
  /** Name of the lock; undefined if the file is not a lock. */
  readonly name: string | undefined
  /**
   * Number in the name of the lock file, 0 at first. A process that takes over the lock creates the file with the next
   * number.
   */
  readonly number: number
  /** Process that has the lock; undefined if the file is damaged or cannot be read. */
  readonly owner: Owner | undefined
  /** Any data that the owner shows to other processes. */
  readonly state: unknown
  /** Hash of the content. It changes with each heartbeat. */
  readonly version: string
}

/** Largest number of attempts to create a file while other processes remove its folder. */
const MAX_ATTEMPTS = 100

/** Size of a lock file in bytes. It is fixed, so that a heartbeat overwrites the file in place. */
const RECORD_BYTES = 2048

const recordSchema = z.object({ owner: ownerSchema, state: z.unknown() })

export async function filesOf(folder: string, lock?: string): Promise<readonly LockFile[]> {
  const names = await namesIn(folder)
  const wanted = names.filter((name) => lock === undefined || lockOf(name).name === lock)
  const files: LockFile[] = []
  for (let start = 0; start < wanted.length; start += FILES_AT_ONCE) {
    const some = wanted.slice(start, start + FILES_AT_ONCE).map((name) => readLock(join(folder, name)))
    files.push(...(await Promise.all(some)).filter((file) => file !== undefined))
  }
  return files
}

/** Number of files to read at a time. It is limited, because a process may have only a limited number of open files. */
const FILES_AT_ONCE = 64

/** @throws OutputError if the folder cannot be read */
export function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (isAbsence(error)) return []
    throw asOutputError(folder, error)
  })
}

/** Whether the error says that there is no such file. ESTALE: a server replaced it. ENOTDIR: its folder is a file. */
function isAbsence({ code = '' }: NodeJS.ErrnoException): boolean {
  return ['ENOENT', 'ESTALE', 'ENOTDIR'].includes(code)
}

/** Ignores a file that cannot be removed, for example because another user owns it. Such a file does no harm. */
export async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined)
}

/** Name and number of the lock that the file NAME~NUMBER belongs to. The name is undefined for other files. */
export function lockOf(file: string): Pick<LockFile, 'name' | 'number'> {
  const [, name, number] = /^([^.].*)~(\d{1,9})$/.exec(file) ?? []
  return { name, number: Number(number) }
}

/**
 * Reads a lock file; undefined if there is none. It opens the file each time, because only an open makes NFS ask the
 * server for changes. If it finds a half-written heartbeat, it reads the file again.
 */
export async function readLock(path: string): Promise<LockFile | undefined> {
  const file = await open(path, READ_WITHOUT_WAITING).catch((error: NodeJS.ErrnoException) => error)
  // A file that exists but cannot be read counts as a lock with an unknown owner.
  if (file instanceof Error)
    return isAbsence(file) ? undefined : { path, ...lockOf(basename(path)), owner: undefined, state: null, version: '' }
  try {
    let text = await recordText(file)
    if (recordIn(text) === undefined) text = await recordText(file)
    const { owner, state } = recordIn(text) ?? {}
    return { path, ...lockOf(basename(path)), owner, state, version: sha256(text) }
  } finally {
    await file.close()
  }
}

/** Text of the file; empty if it cannot be read, for example because it is a folder. */
async function recordText(file: FileHandle): Promise<string> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(RECORD_BYTES), 0, RECORD_BYTES, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } catch {
    return ''
  }
}

function recordIn(text: string): z.infer<typeof recordSchema> | undefined {
  return recordSchema.safeParse(tryJson(text)).data
}

/**
 * If `state` is too long, it is left out.
 * @param beat number of the heartbeat, so that each version of the file differs
 */
export function recordOf(owner: Owner, state: unknown, beat: number): string {
  const text = JSON.stringify({ owner, beat, state })
  const isShort = Buffer.byteLength(text) < RECORD_BYTES
  return (isShort ? text : JSON.stringify({ owner, beat, state: null })).padEnd(RECORD_BYTES)
}

/** Writes a heartbeat into a lock file, unless another process has taken over the lock meanwhile. */
export async function rewrite(path: string, { id }: Owner, record: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    // Reads and writes through one file handle, because the path may lead to another file a moment later.
    const { owner } = recordIn(await recordText(file)) ?? {}
    if (owner === undefined || owner.id === id) await file.write(record, 0, 'utf8')
  } finally {
    await file.close()
  }
}

/** Creates a lock file on a file system without hard links. If it cannot be written completely, removes it again. */
async function writeWhole(path: string, record: string): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(record)
  } catch (error) {
    await remove(path)
    throw error
  } finally {
    await file.close()
  }
}

/**
 * Creates a lock file, unless a file of this name exists.
 * @throws OutputError if it cannot be written
 */
export function createNewFile(path: string, record: string): Promise<boolean> {
  return orOutputError(dirname(path), () => linkNewFile(path, record))
}

async function linkNewFile(path: string, record: string): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const temporary = temporaryName(path)
    try {
      await writeFile(temporary, record, { flag: 'wx' })
      await link(temporary, path).catch(async (error: NodeJS.ErrnoException) => {
        if (['EEXIST', 'ENOENT', 'EACCES', 'ENOSPC', 'EDQUOT', 'EROFS', 'EIO'].includes(error.code ?? '')) throw error
        await writeWhole(path, record)
      })
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EEXIST') return false
      if (code !== 'ENOENT' || attempt === MAX_ATTEMPTS) throw error
    } finally {
      await rm(temporary, { force: true })
    }
    // The folder is gone: a process that closed its locks found the folder empty and removed it.
    await makeFolders(dirname(path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}
