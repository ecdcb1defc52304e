import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OutputError } from '../errors.js'
import { asOutputError, makeFolders, writeFolderAtomic } from '../files/atomic.js'
import { temporaryName } from '../files/temporaries.js'

/** A folder that is filled under a temporary name and moved to its final path later. */
export interface StagedFolder {
  /** Calls `write`, which writes into the temporary folder. Errors name the final path. */
  readonly fill: <T>(write: (folder: string) => Promise<T>) => Promise<T>
  /** Moves the folder to its final path, and replaces what is there. */
  readonly takePlace: () => Promise<void>
  /** Removes the temporary folder unless it was moved. */
  readonly remove: () => Promise<void>
}

/** @param path final path */
export function stageFolder(path: string): StagedFolder {
  const folder = temporaryName(path)
  return {
    fill: async (write) => {
      try {
        await makeFolders(folder)
        return await write(folder)
      } catch (error) {
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
