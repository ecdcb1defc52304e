import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OutputError } from '../errors.js'
import { asOutputError, makeFolders, writeFolderAtomic } from '../files/atomic.js'
import { temporaryName } from '../files/temporaries.js'

/** A folder that is filled under a temporary name and moved to its path once everything else is ready. */
export interface StagedFolder {
  /** Writes into the folder. Errors name its final path. */
  readonly fill: <T>(write: (folder: string) => Promise<T>) => Promise<T>
  /** Moves the complete folder to its path, and replaces a folder that is there. */
  readonly takePlace: () => Promise<void>
  /** Removes the temporary folder, if it was not moved. */
  readonly remove: () => Promise<void>
}

/** @param path final path of the folder */
export function stageFolder(path: string): StagedFolder {
  const folder = temporaryName(path)
  return {
    fill: async (write) => {
      try {
        await makeFolders(folder)
        return await write(folder)
      } catch (error) {
        // The user knows the final path, but not the temporary one.
        throw asOutputError(path, error instanceof OutputError ? error.cause : error)
      }
    },
    takePlace: () =>
      writeFolderAtomic(path, async (temporary) => {
        for (const name of await readdir(folder)) await rename(join(folder, name), join(temporary, name))
      }),
    remove: () => rm(folder, { recursive: true, force: true }).catch(() => undefined),
  }
}
