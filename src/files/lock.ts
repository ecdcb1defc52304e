import { type FileHandle, link, open, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { OutputError, throwIfStopped } from '../errors.js'
import { asOutputError, makeFolders } from './atomic.js'
import { tryJson } from './json.js'
import { isDead, leaseSeconds, type Owner, ownerSchema, processName, thisOwner } from './owner.js'
import { READ_WITHOUT_WAITING } from './regularFile.js'
import { sha256 } from './sha256.js'
import { discard, ownerOfTemporary, temporaryName } from './temporaries.js'

/** A file in a folder of locks, with what its owner wrote last. */
interface LockFile {
  readonly path: string
  /** The lock; undefined for any other file. */
  readonly name: string | undefined
  /** Who takes a lock over makes a file of the next number. */
  readonly number: number
  /** Undefined if the file is damaged. */
  readonly owner: Owner | undefined
  /** What the owner says about itself. */
  readonly state: unknown
  /** Hash of the content, which each heartbeat changes. */
  readonly version: string
}

/** The lock of a living process. */
export type HeldLock = LockFile & { readonly name: string; readonly owner: Owner }

/** The locks in a folder that many processes share. */
export interface Locks {
  readonly owner: Owner
  /** Takes a lock that no living process holds. @returns false if one holds it */
  take(name: string): Promise<boolean>
  /** Takes a lock as soon as no living process holds it. @returns whether this process had to wait */
  takeInTurn(name: string, options?: WaitOptions): Promise<boolean>
  /** Releases a lock that this process holds. */
  release(name: string): Promise<void>
  /** Names of the locks of other processes, living or dead. Reads the folder and no file. */
  names(): Promise<ReadonlySet<string>>
  /** The locks of living processes, also of this one. Reads every file. */
  held(): Promise<readonly HeldLock[]>
  /** Sets the state that others see with the next heartbeat, or at once. */
  describe(state: unknown, atOnce?: boolean): void
  /** Releases all locks. The last process leaves nothing behind. */
  close(): Promise<void>
}

export interface WaitOptions {
  /** Called before each pause with the lock that is in the way; undefined if nobody can read whose it is. It may throw. */
  readonly onWait?: (held: HeldLock | undefined, attempt: number) => void
  /** The longest pause between two attempts. */
  readonly longestSeconds?: number
  readonly signal?: AbortSignal | undefined
}

/** Heartbeats within a lease. */
const BEATS = 6

const SHORTEST_PAUSE_SECONDS = 0.2
const LONGEST_PAUSE_SECONDS = 10

/** How often a file is made in a folder that others remove. */
const MAX_ATTEMPTS = 100

/** Bytes of each file. The length is fixed, so that a heartbeat changes a file in place. */
const RECORD_BYTES = 2048

const recordSchema = z.object({ owner: ownerSchema, state: z.unknown() })

/**
 * Opens the locks of a folder that processes of one or many machines share. They lie in its folder `.locks`, which the first lock
 * makes. The methods throw an OutputError if that cannot be written.
 *
 * A lock is a file, into which its owner writes a heartbeat as long as it lives. The first process that makes NAME~0 has the lock
 * NAME. Once its owner is dead, as `isDead` says, the next process makes NAME~1, and only then removes NAME~0. So no process
 * removes the lock of a living one, and only one of several takes over. Files appear whole and once, by a hard link, which NFS
 * has; it has no `flock`. On file systems without hard links they appear once, but not whole.
 */
export function openLocks(parent: string): Locks {
  const folder = join(parent, '.locks')
  const owner = thisOwner()
  /** Paths of this process's locks, by name. */
  const mine = new Map<string, string>()
  let state: unknown = null
  let timer: NodeJS.Timeout | undefined
  let beats = 0

  const beat = async () => {
    const record = recordOf(owner, state, ++beats)
    // If one fails, there is another long before the lease ends.
    for (const path of mine.values()) await rewrite(path, owner, record).catch(() => undefined)
  }

  const start = async () => {
    if (timer !== undefined) return
    timer = setInterval(beat, (leaseSeconds() * 1000) / BEATS).unref()
    // `close` removes files that do not change for a lease after this first look.
    await deadFiles(folder)
  }

  const take = async (name: string): Promise<boolean> => {
    await start()
    const before = await filesOf(folder, name)
    if (!before.every(isOfTheDead)) return false
    const path = join(folder, `${name}~${Math.max(-1, ...before.map(({ number }) => number)) + 1}`)
    const isMade = await isNewFile(path, recordOf(owner, state, beats))
    // A server that gets a request twice refuses it the second time.
    if (!isMade && !(await isOwnedBy(owner, path))) return false
    // Another process may have read the folder at another moment, and have taken another number.
    const others = (await filesOf(folder, name)).filter((file) => file.owner?.id !== owner.id)
    if (!others.every(isOfTheDead)) {
      await rm(path, { force: true })
      return false
    }
    mine.set(name, path)
    for (const file of others) await discard(file.path)
    return true
  }

  const release = async (name: string): Promise<void> => {
    const path = mine.get(name)
    mine.delete(name)
    if (path !== undefined && (await isOwnedBy(owner, path))) await rm(path, { force: true })
  }

  const close = async (): Promise<void> => {
    clearInterval(timer)
    for (const name of [...mine.keys()]) await release(name)
    if (timer === undefined) return
    for (const { path, name } of await deadFiles(folder)) {
      // Only the holder of a lock may remove its files, since nobody else can take it meanwhile.
      if (name === undefined) await discard(path)
      else if (await take(name)) await release(name)
    }
    await rmdir(folder).catch(() => undefined)
  }

  const orOutputError = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw asOutputError(folder, error)
    })
  return {
    owner,
    take: (name) => orOutputError(take(name)),
    takeInTurn: async (name, { onWait, signal, longestSeconds } = {}) => {
      for (let attempt = 0; ; attempt++) {
        if (await orOutputError(take(name))) return attempt > 0
        onWait?.((await filesOf(folder, name)).find(isHeld), attempt)
        await pause(attempt, signal, longestSeconds)
      }
    },
    release: (name) => orOutputError(release(name)),
    names: async () => {
      const names = (await namesIn(folder)).flatMap((file) => lockOf(file).name ?? [])
      return new Set(names.filter((name) => !mine.has(name)))
    },
    held: async () => (await filesOf(folder)).filter(isHeld),
    describe: (next, atOnce = false) => {
      state = next
      if (atOnce) void beat()
    },
    close: () => orOutputError(close()),
  }
}

/** Waits for other processes: a moment before the second attempt, and longer before each further one. */
export async function pause(
  attempt: number,
  signal: AbortSignal | undefined,
  longestSeconds = LONGEST_PAUSE_SECONDS,
): Promise<void> {
  const seconds = Math.min(longestSeconds, SHORTEST_PAUSE_SECONDS * 1.5 ** attempt)
  await setTimeout(seconds * 1000, undefined, signal && { signal }).catch(() => throwIfStopped(signal))
}

export interface FolderLockOptions {
  /** Is told which process this one waits for. */
  readonly note?: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Locks a folder for one writer, so that the rows of two do not mix in one file. Waits only for a process that may be dead.
 * @returns a function that releases the lock
 * @throws OutputError if a living process writes there; the signal's reason
 */
export async function lockFolder(folder: string, options: FolderLockOptions = {}): Promise<() => Promise<void>> {
  const { note, signal } = options
  const locks = openLocks(folder)
  let first: HeldLock | undefined
  const onWait = (held: HeldLock | undefined, attempt: number) => {
    first ??= held
    const who = held === undefined ? 'another process' : processName(held.owner)
    // The system vouches for a holder on this machine, a heartbeat for one on another.
    if (held !== undefined && (held.owner.machine === locks.owner.machine || held.version !== first?.version))
      throw new OutputError(`${who} is writing into ${folder}; wait for it, or choose another folder with \`out\``)
    if (attempt === 0) note?.(`${who} has been writing into ${folder}; waiting for a sign of life`)
  }
  try {
    await locks.takeInTurn('rows', { onWait, signal })
  } catch (error) {
    await locks.close()
    throw error
  }
  return () => locks.close()
}

function isOfTheDead({ owner, path, version }: LockFile): boolean {
  return isDead(owner ?? ownerOfTemporary(basename(path)), path, version)
}

function isHeld(file: LockFile): file is HeldLock {
  return file.name !== undefined && file.owner !== undefined && !isOfTheDead(file)
}

/** Whatever the dead left in a folder: locks and temporaries. */
async function deadFiles(folder: string): Promise<readonly LockFile[]> {
  return (await filesOf(folder)).filter(isOfTheDead)
}

/** The files of a lock, or all files. */
async function filesOf(folder: string, lock?: string): Promise<readonly LockFile[]> {
  const names = await namesIn(folder)
  const wanted = names.filter((name) => lock === undefined || lockOf(name).name === lock)
  const files = await Promise.all(wanted.map((name) => readLock(join(folder, name))))
  return files.filter((file) => file !== undefined)
}

function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => [])
}

/** The lock of a file NAME~NUMBER. */
function lockOf(file: string): Pick<LockFile, 'name' | 'number'> {
  const [, name, number] = /^([^.].*)~(\d{1,15})$/.exec(file) ?? []
  return { name, number: Number(number) }
}

/** Opens the file, since NFS asks the server only then. Reads a second time if a heartbeat came in between. */
async function readLock(path: string): Promise<LockFile | undefined> {
  const file = await open(path, READ_WITHOUT_WAITING).catch(() => undefined)
  if (file === undefined) return undefined
  try {
    let text = await recordText(file)
    if (recordIn(text) === undefined) text = await recordText(file)
    const { owner, state } = recordIn(text) ?? {}
    return { path, ...lockOf(basename(path)), owner, state, version: sha256(text) }
  } finally {
    await file.close()
  }
}

async function isOwnedBy({ id }: Owner, path: string): Promise<boolean> {
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
function recordOf(owner: Owner, state: unknown, beat: number): string {
  const text = JSON.stringify({ owner, beat, state })
  const isShort = Buffer.byteLength(text) < RECORD_BYTES
  return (isShort ? text : JSON.stringify({ owner, beat, state: null })).padEnd(RECORD_BYTES)
}

/** Writes a heartbeat into a lock's file, unless another process has taken the lock after a silence of this one. */
async function rewrite(path: string, { id }: Owner, record: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    // Both go through one handle: the name may stand for another file a moment later.
    const { owner } = recordIn(await recordText(file)) ?? {}
    if (owner === undefined || owner.id === id) await file.write(record, 0, 'utf8')
  } finally {
    await file.close()
  }
}

/** Makes a file unless there is one of this name. */
async function isNewFile(path: string, record: string): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const temporary = temporaryName(path)
    try {
      await writeFile(temporary, record, { flag: 'wx' })
      await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
        if (['EEXIST', 'ENOENT', 'EACCES', 'ENOSPC'].includes(error.code ?? '')) throw error
        return writeFile(path, record, { flag: 'wx' })
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
