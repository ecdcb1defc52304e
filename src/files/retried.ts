import type { RmOptions } from 'node:fs'
import { rename as renameOnce, rm as rmOnce } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

/** Errors that Windows reports while another program has the file or folder open. */
const IN_USE: readonly string[] = ['EPERM', 'EBUSY']

/** Milliseconds to wait before each further attempt; one second in total. */
const PAUSES: readonly number[] = [10, 20, 40, 80, 150, 200, 250, 250]

/** Like Node's `rename`, but retried as `retried` does. */
export function rename(from: string, to: string): Promise<void> {
  return retried(() => renameOnce(from, to))
}

/** Like Node's `rm`, but retried as `retried` does. */
export function rm(path: string, options: RmOptions = {}): Promise<void> {
  return retried(() => rmOnce(path, options))
}

/**
 * Does some work with files. On Windows, a file that a virus scanner or another reader has open cannot be renamed,
 * replaced or removed. Such programs close it soon, so the work is tried again for a second.
 */
export async function retried<T>(
  work: () => Promise<T>,
  platform: NodeJS.Platform = process.platform,
  pauses = PAUSES,
): Promise<T> {
  for (const pause of platform === 'win32' ? pauses : []) {
    try {
      return await work()
    } catch (error) {
      if (!IN_USE.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
    await setTimeout(pause)
  }
  return work()
}
