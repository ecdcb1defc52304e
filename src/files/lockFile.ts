import { type FileHandle, link, open, readdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { makeFolders } from './atomic.js'
import { tryJson } from './json.js'
import { type Owner, ownerSchema } from './owner.js'
import { READ_WITHOUT_WAITING } from './regularFile.js'
import { sha256 } from './sha256.js'
import { temporaryName } from './temporaries.js'

/** A file in a folder of locks, with what its owner wrote last. */
export interface LockFile {
  readonly path: string
  /** The lock; undefined for any other file. */
  readonly name: string | undefined
  /** A process that takes over a lock makes the file of the next number. */
  readonly number: number
  /** Undefined if the file is damaged. */
  readonly owner: Owner | undefined
  /** What the owner says about itself. */
  readonly state: unknown
  /** Hash of the content, which each heartbeat changes. */
  readonly version: string
}

/** Attempts to make a file in a folder that other processes remove. */
const MAX_ATTEMPTS = 100

/** Bytes of each file. The length is fixed, so that a heartbeat changes a file in place. */
const RECORD_BYTES = 2048

const recordSchema = z.object({ owner: ownerSchema, state: z.unknown() })

/** The files of a lock, or all files. */
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

/** More files than that may be open in all of a process. */
const FILES_AT_ONCE = 64

export function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (isAbsence(error)) return []
    throw error
  })
}

/** Whether there is no such file; a file server may say that it was replaced, and a file may stand where the folder should. */
function isAbsence({ code = '' }: NodeJS.ErrnoException): boolean {
  return ['ENOENT', 'ESTALE', 'ENOTDIR'].includes(code)
}

/** If that is impossible, such as another user's file, it does no harm either. */
export async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined)
}

/** The lock of a file NAME~NUMBER. */
export function lockOf(file: string): Pick<LockFile, 'name' | 'number'> {
  const [, name, number] = /^([^.].*)~(\d{1,9})$/.exec(file) ?? []
  return { name, number: Number(number) }
}

/** Opens the file, since NFS asks the server only then. Reads a second time if a heartbeat came in between. */
export async function readLock(path: string): Promise<LockFile | undefined> {
  const file = await open(path, READ_WITHOUT_WAITING).catch((error: NodeJS.ErrnoException) => error)
  // A file that is there but cannot be read is a lock of an unknown owner.
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

export async function isOwnedBy({ id }: Owner, path: string): Promise<boolean> {
  return (await readLock(path))?.owner?.id === id
}

/** Empty if the file cannot be read, as a folder. */
async function recordText(file: FileHandle): Promise<string> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(RECORD_BYTES), 0, RECORD_BYTES, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } catch {
    return ''
  }
}

/** Undefined if the text is damaged or half written. */
function recordIn(text: string): z.infer<typeof recordSchema> | undefined {
  return recordSchema.safeParse(tryJson(text)).data
}

/** @param beat number of the heartbeat, which makes each version of the file different */
export function recordOf(owner: Owner, state: unknown, beat: number): string {
  const text = JSON.stringify({ owner, beat, state })
  const isShort = Buffer.byteLength(text) < RECORD_BYTES
  return (isShort ? text : JSON.stringify({ owner, beat, state: null })).padEnd(RECORD_BYTES)
}

/** Writes a heartbeat into a lock's file, unless another process has taken the lock after a silence of this one. */
export async function rewrite(path: string, { id }: Owner, record: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    // Both go through one handle: the name may stand for another file a moment later.
    const { owner } = recordIn(await recordText(file)) ?? {}
    if (owner === undefined || owner.id === id) await file.write(record, 0, 'utf8')
  } finally {
    await file.close()
  }
}

/** Makes a file of its own where the file system has no links: whole, or not at all. */
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

/** Makes a file unless there is one of this name. */
export async function isNewFile(path: string, record: string): Promise<boolean> {
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
    // The last process that closes its locks removes the folder, maybe right now.
    await makeFolders(dirname(path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}
