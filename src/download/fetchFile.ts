import { InputError, throwIfStopped } from '../errors.js'
import { downloadsFolder, inCache } from '../files/cacheFolder.js'
import { openLocks } from '../files/lock.js'
import { processName } from '../files/owner.js'
import { copyFrom, type DownloadOptions, download } from './download.js'
import { partLength, partOf, removePart } from './part.js'

export interface WantedFile<T> {
  /** Name of the partial download: see `partOf`. */
  readonly name: string
  /** Name of the lock; downloads with the same lock wait for one another. By default `name`. */
  readonly lock?: string
  /**
   * Returns the file if it is already there. Called while the lock is held, because another process may have just
   * fetched it.
   */
  readonly present: () => Promise<T | undefined>
  readonly begin?: () => void
  /** URL, or path on this machine. */
  readonly origin: URL | string
  /** Checks the complete file and moves it to its final path. If this throws an InputError, the download is removed. */
  readonly take: (path: string) => Promise<T>
}

/** Longest wait between two attempts to take a lock that another process holds. */
const SECONDS_BETWEEN_LOOKS = 1

/**
 * Fetches a file into the cache, unless it is already there. If several processes need the same file, one fetches it
 * while the others wait. An interrupted download is resumed.
 */
export async function fetchFile<T>(wanted: WantedFile<T>, options: DownloadOptions): Promise<T> {
  const { name, lock = name, present, origin, take } = wanted
  return inTurn(lock, options, async () => {
    const there = await present()
    if (there !== undefined) return there
    wanted.begin?.()
    const part = partOf(name)
    try {
      await inCache(typeof origin === 'string' ? copyFrom(origin, part, options) : download(origin, part, options))
      throwIfStopped(options.signal)
      return await taken(part, take)
    } finally {
      if ((await partLength(part)) === 0) await removePart(part)
    }
  })
}

async function taken<T>(part: string, take: (path: string) => Promise<T>): Promise<T> {
  try {
    return await take(part)
  } catch (error) {
    if (error instanceof InputError) await removePart(part)
    throw error
  }
}

/** If another process holds the lock, a note tells the user that this other process is downloading `label`. */
async function inTurn<T>(
  name: string,
  { label, progress, signal }: Pick<DownloadOptions, 'label' | 'progress' | 'signal'>,
  work: () => Promise<T>,
): Promise<T> {
  const locks = openLocks(downloadsFolder())
  try {
    await inCache(
      locks.takeInTurn(name, {
        signal,
        longestSeconds: SECONDS_BETWEEN_LOOKS,
        onWait: (held, attempt) => {
          if (held && attempt === 0)
            progress.note(`waiting for ${processName(held.owner)}, which is downloading ${label}`)
        },
      }),
    )
    return await work()
  } finally {
    await locks.close()
  }
}
