import { rm, rmdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { OutputError, throwIfStopped } from '../errors.js'
import { orOutputError } from './atomic.js'
import { filesOf, isNewFile, type LockFile, lockOf, namesIn, readLock, recordOf, remove, rewrite } from './lockFile.js'
import { isDead, leaseSeconds, type Owner, processName, thisOwner } from './owner.js'
import { ownerOfTemporary } from './temporaries.js'

/** The lock of a living process. */
export type HeldLock = LockFile & { readonly name: string; readonly owner: Owner }

export interface Locks {
  readonly owner: Owner
  /** Takes a lock unless a living process holds it. Returns whether the lock was taken. */
  take(name: string): Promise<boolean>
  /**
   * Takes a lock as soon as no living process holds it.
   * @returns whether this process had to wait
   */
  takeInTurn(name: string, options?: WaitOptions): Promise<boolean>
  release(name: string): Promise<void>
  /** Names of the locks of other processes, whether these are alive or dead. */
  names(): Promise<ReadonlySet<string>>
  /** The locks of all living processes, including this process. Each call reads every lock file. */
  held(): Promise<readonly HeldLock[]>
  /**
   * Sets the data that this process shows to other processes. They are written with the next heartbeat, or immediately
   * if `atOnce` is true.
   */
  describe(state: unknown, atOnce?: boolean): void
  /** Releases all locks. The last process also removes the folder of locks. */
  close(): Promise<void>
}

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

/**
 * Opens the locks of a folder that processes on one or more machines share. The lock files are in the subfolder
 * `.locks`. The methods throw an OutputError if this subfolder cannot be written.
 *
 * A lock is a file into which its owner writes heartbeats. The process that creates NAME~0 has the lock NAME. Once its
 * owner is dead (see `isDead`), the next process creates NAME~1, and only then removes NAME~0. So no process removes
 * the lock of an owner that still gives signs of life, and only one of several processes takes over.
 *
 * A file is written under a temporary name and hard-linked to its final name. So it is complete when it appears, and
 * only one process can create it. This works on NFS, unlike `flock`. On a file system without hard links, still only
 * one process can create the file, but it is empty at first.
 */
export function openLocks(parent: string): Locks {
  const folder = join(parent, '.locks')
  const owner = thisOwner()
  /** Paths of the locks that this process holds, by name. */
  const mine = new Map<string, string>()
  let state: unknown = null
  let timer: NodeJS.Timeout | undefined
  let beats = 0

  const beat = async () => {
    const record = recordOf(owner, state, ++beats)
    // A failed heartbeat does no harm, because the next one comes long before the lease ends.
    for (const path of mine.values()) await rewrite(path, owner, record).catch(() => undefined)
  }

  const start = async () => {
    if (timer !== undefined) return
    timer = setInterval(beat, (leaseSeconds() * 1000) / BEATS).unref()
    // This call notes the state of other machines' files. If a file does not change during the time of a lease, its
    // process counts as dead, and `close` removes the file.
    await deadFiles(folder)
  }

  const release = async (name: string): Promise<void> => {
    const path = mine.get(name)
    mine.delete(name)
    if (path === undefined) return
    const file = await readLock(path)
    // A damaged file at this path is this process's own, because other processes create files with other names.
    if (file !== undefined && (file.owner === undefined || file.owner.id === owner.id)) await rm(path, { force: true })
  }

  const take = async (name: string): Promise<boolean> => {
    await start()
    const before = await filesOf(folder, name)
    if (!before.every(isOfTheDead)) return false
    const path = join(folder, `${name}~${Math.max(-1, ...before.map(({ number }) => number)) + 1}`)
    const isMade = await isNewFile(path, recordOf(owner, state, beats))
    // If a file server receives one request twice, it says that the file exists, although this process has created it.
    if (!isMade && (await readLock(path))?.owner?.id !== owner.id) return false
    mine.set(name, path)
    try {
      // The folder is listed again: another process may have looked before this file existed, and created its own lock
      // file with another number. And if this process was suspended, its file may have been removed meanwhile.
      const now = await filesOf(folder, name)
      const others = now.filter((file) => file.path !== path)
      if (now.some((file) => file.owner?.id === owner.id) && others.every(isOfTheDead)) {
        for (const file of others) await remove(file.path)
        return true
      }
      await release(name)
      return false
    } catch (error) {
      await release(name).catch(() => undefined)
      throw error
    }
  }

  const close = async (): Promise<void> => {
    clearInterval(timer)
    for (const name of [...mine.keys()]) await release(name)
    if (timer === undefined) return
    for (const { path, name } of await deadFiles(folder)) {
      // Takes the lock of a dead process before removing its files, so that no other process can take it meanwhile.
      if (name !== undefined && (await take(name))) await release(name)
      // Removes only temporary files. All other files that are no locks belong to other programs.
      if (ownerOfTemporary(basename(path)) !== undefined) await remove(path)
    }
    await rmdir(folder).catch(() => undefined)
  }

  return {
    owner,
    take: (name) => orOutputError(folder, () => take(name)),
    takeInTurn: async (name, { onWait, signal, longestSeconds } = {}) => {
      for (let attempt = 0; ; attempt++) {
        if (await orOutputError(folder, () => take(name))) return attempt > 0
        onWait?.((await filesOf(folder, name)).find(isHeld), attempt)
        await pause(attempt, signal, longestSeconds)
      }
    },
    release: (name) => orOutputError(folder, () => release(name)),
    names: async () => {
      const own = new Set(mine.values())
      const others = (await namesIn(folder)).filter((file) => !own.has(join(folder, file)))
      return new Set(others.flatMap((file) => lockOf(file).name ?? []))
    },
    held: async () => (await filesOf(folder)).filter(isHeld),
    describe: (next, atOnce = false) => {
      state = next
      if (atOnce) void beat()
    },
    close: () => orOutputError(folder, close),
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
 * Locks a folder for one writer, so that two processes do not mix their rows in one file. This call waits only if the
 * process that holds the lock may be dead. A process that is suspended for longer than a lease loses the lock, but
 * continues to write afterwards. If this damages the file, a wrong hash shows it.
 * @returns a function that releases the lock
 * @throws OutputError if a living process writes there
 */
export async function lockFolder(folder: string, options: FolderLockOptions = {}): Promise<() => Promise<void>> {
  const { note, signal } = options
  const locks = openLocks(folder)
  let first: HeldLock | undefined
  const onWait = (held: HeldLock | undefined, attempt: number) => {
    first ??= held
    const who = held === undefined ? 'another process' : processName(held.owner)
    // If the owner runs on this machine, `isDead` knows that it is alive. If it runs elsewhere, it is alive if its
    // heartbeat changed.
    if (held !== undefined && (held.owner.machine === locks.owner.machine || held.version !== first?.version))
      throw new OutputError(
        `${who} is writing into ${folder}; wait until it has finished, or choose another folder with \`out\``,
      )
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
