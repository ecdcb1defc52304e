import { rmdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { OutputError, throwIfStopped } from '../errors.js'
import { makeFolders, orOutputError } from './atomic.js'
import {
  createNewFile,
  filesOf,
  type LockFile,
  lockOf,
  namesIn,
  readLock,
  recordOf,
  remove,
  rewrite,
} from './lockFile.js'
import { isDead, leaseSeconds, lifeOf, type Owner, processName, thisOwner } from './owner.js'
import { rm } from './retried.js'
import { ownerOfTemporary } from './temporaries.js'

/** The lock of a living process. */
export type HeldLock = LockFile & { readonly name: string; readonly owner: Owner }

interface WaitOptions {
  /**
   * Called before each pause; the callback may throw to stop waiting. `held` is the lock that another process holds;
   * undefined if its owner is unknown.
   */
  readonly onWait?: (held: HeldLock | undefined, attempt: number) => void
  readonly longestSeconds?: number
  readonly signal?: AbortSignal | undefined
}

/** Number of heartbeats during one lease. A process that is silent for a whole lease counts as dead. */
const BEATS = 6

const SHORTEST_PAUSE_SECONDS = 0.2
const LONGEST_PAUSE_SECONDS = 10

/** Opens the locks of a folder. Their files are in its subfolder `.locks`. */
export function openLocks(parent: string): Locks {
  return new Locks(join(parent, '.locks'))
}

/**
 * The locks of a folder that processes on one or more machines share. For each process, a lock NAME has three states:
 *
 *                 create NAME~n                 all other files of NAME are of dead processes
 *     free ────────────────────────► created ──────────────────────────────────────────────► held
 *       ▲                                │ a living process has a file of NAME, too            │
 *       └────────────────────────────────┴──────────────────── release ────────────────────────┘
 *
 * A lock is a file into which its owner writes heartbeats. The process that creates NAME~0 has the lock NAME. Once its
 * owner is dead (see `isDead`), the next process creates NAME~1, and only then removes NAME~0. So no process removes
 * the lock of an owner that still gives signs of life, and only one of several processes takes over.
 *
 * A file is written under a temporary name and hard-linked to its final name. So it is complete when it appears, and
 * only one process can create it. This works on NFS, unlike `flock`. On a file system without hard links, still only
 * one process can create the file, but it is empty at first.
 *
 * The methods throw an OutputError if the folder cannot be written.
 */
export class Locks {
  readonly owner = thisOwner()
  readonly #folder: string
  /** Paths of the files that this process has created, by the name of their lock. */
  readonly #created = new Map<string, string>()
  /** Data that this process shows to other processes. */
  #state: unknown = null
  #beats = 0
  /** Writes the heartbeats; undefined until the first lock is taken. */
  #timer: NodeJS.Timeout | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Takes a lock unless a living process holds it. Returns whether the lock was taken. */
  async take(name: string): Promise<boolean> {
    await this.#startHeartbeat()
    const before = await filesOf(this.#folder, name)
    if (!before.every(isOfTheDead)) return false
    const number = Math.max(-1, ...before.map((file) => file.number)) + 1
    const path = join(this.#folder, `${name}~${number}`)
    // free → created
    if (!(await this.#create(name, path))) return false
    try {
      const left = await this.#filesOfTheDead(name, path)
      // created → held, or back to free
      if (left === undefined) await this.release(name)
      else for (const file of left) await remove(file.path)
      return left !== undefined
    } catch (error) {
      await this.release(name).catch(() => undefined)
      throw error
    }
  }

  /**
   * Takes a lock as soon as no living process holds it.
   * @returns whether this process had to wait
   */
  async takeInTurn(name: string, { onWait, signal, longestSeconds }: WaitOptions = {}): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      if (await this.take(name)) return attempt > 0
      onWait?.((await filesOf(this.#folder, name)).find(isHeld), attempt)
      await pause(attempt, signal, longestSeconds)
    }
  }

  async release(name: string): Promise<void> {
    const path = this.#created.get(name)
    this.#created.delete(name)
    if (path === undefined) return
    const file = await readLock(path)
    // A damaged file at this path is this process's own, because other processes create files with other names.
    if (file !== undefined && (file.owner === undefined || this.#isOwn(file)))
      await orOutputError(path, () => rm(path, { force: true }))
  }

  /** Names of the locks of other processes, whether these are alive or dead. */
  async names(): Promise<ReadonlySet<string>> {
    const own = new Set(this.#created.values())
    const others = (await namesIn(this.#folder)).filter((file) => !own.has(join(this.#folder, file)))
    return new Set(others.flatMap((file) => lockOf(file).name ?? []))
  }

  /** The locks of all living processes, including this process. Each call reads every lock file. */
  async held(): Promise<readonly HeldLock[]> {
    return (await filesOf(this.#folder)).filter(isHeld)
  }

  /**
   * Sets the data that this process shows to other processes. They are written with the next heartbeat, or immediately
   * if `atOnce` is true.
   */
  describe(state: unknown, atOnce = false): void {
    this.#state = state
    if (atOnce) void this.#beat()
  }

  /** Releases all locks. The last process also removes the folder of locks. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const name of [...this.#created.keys()]) await this.release(name)
    if (this.#timer === undefined) return
    for (const { path, name } of await deadFiles(this.#folder)) {
      // Takes the lock of a dead process before removing its files, so that no other process can take it meanwhile.
      if (name !== undefined && (await this.take(name))) await this.release(name)
      // Removes only temporary files. All other files that are no locks belong to other programs.
      if (ownerOfTemporary(basename(path)) !== undefined) await remove(path)
    }
    await rmdir(this.#folder).catch(() => undefined)
  }

  async #startHeartbeat(): Promise<void> {
    if (this.#timer !== undefined) return
    this.#timer = setInterval(() => this.#beat(), (leaseSeconds() * 1000) / BEATS).unref()
    // This call notes the state of other machines' files. If a file does not change during the time of a lease, its
    // process counts as dead, and `close` removes the file.
    await deadFiles(this.#folder)
  }

  async #beat(): Promise<void> {
    const record = recordOf(this.owner, this.#state, ++this.#beats)
    // A failed heartbeat does no harm, because the next one comes long before the lease ends.
    for (const path of this.#created.values()) await rewrite(path, this.owner, record).catch(() => undefined)
  }

  async #create(name: string, path: string): Promise<boolean> {
    const isNew = await createNewFile(path, recordOf(this.owner, this.#state, this.#beats))
    // If a file server receives one request twice, it says that the file exists, although this process has created it.
    if (!isNew && !this.#isOwn(await readLock(path))) return false
    this.#created.set(name, path)
    return true
  }

  /**
   * The other files of a created lock if all are of dead processes, and undefined if the lock cannot be held. The folder
   * is listed again: another process may have looked before the file at `path` existed, and created its own lock file
   * with another number. And if this process was suspended, its file may have been removed meanwhile.
   */
  async #filesOfTheDead(name: string, path: string): Promise<readonly LockFile[] | undefined> {
    const files = await filesOf(this.#folder, name)
    const others = files.filter((file) => file.path !== path)
    return files.some((file) => this.#isOwn(file)) && others.every(isOfTheDead) ? others : undefined
  }

  #isOwn(file: LockFile | undefined): boolean {
    return file?.owner?.id === this.owner.id
  }
}

/** Waits before the next attempt to take a lock. Each pause is longer than the one before, up to `longestSeconds`. */
export async function pause(
  attempt: number,
  signal: AbortSignal | undefined,
  longestSeconds = LONGEST_PAUSE_SECONDS,
): Promise<void> {
  const seconds = Math.min(longestSeconds, SHORTEST_PAUSE_SECONDS * 1.5 ** attempt)
  await setTimeout(seconds * 1000, undefined, signal && { signal }).catch(() => throwIfStopped(signal))
}

export interface FolderLockOptions {
  readonly note?: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes a folder and locks it for one writer, so that two processes do not mix their rows in one file. This call waits
 * only if the process that holds the lock may be dead. A process that is suspended for longer than a lease loses the
 * lock, but continues to write afterwards. If this damages the file, a wrong hash shows it.
 * @returns a function that releases the lock
 * @throws OutputError if a living process writes there, or if the folder cannot be written
 */
export async function lockFolder(folder: string, options: FolderLockOptions = {}): Promise<() => Promise<void>> {
  const { note, signal } = options
  await orOutputError(folder, () => makeFolders(folder))
  const locks = openLocks(folder)
  let first: HeldLock | undefined
  const onWait = (held: HeldLock | undefined, attempt: number) => {
    first ??= held
    const who = held === undefined ? 'another process' : processName(held.owner)
    // If the system does not know whether the owner is alive, a changed heartbeat shows it.
    if (held !== undefined && (lifeOf(held.owner) === 'running' || held.version !== first?.version))
      throw OutputError.of`${who} is writing into ${folder}; wait until it has finished, or choose another folder with \`out\``
    if (attempt === 0) note?.(`${who} was writing into ${folder}; waiting to see whether it is still running`)
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

async function deadFiles(folder: string): Promise<readonly LockFile[]> {
  return (await filesOf(folder)).filter(isOfTheDead)
}
