import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OutputError } from '../errors.js'
import { asOutputError, makeFolders, writeFolderAtomic } from '../files/atomic.js'
import { temporaryName } from '../files/temporaries.js'

/** A folder that is filled first and takes its place when all that belongs to it is there too. */
export interface StagedFolder {
  /** Writes into the folder. Errors name the place that it will take. */
  readonly fill: <T>(write: (folder: string) => Promise<T>) => Promise<T>
  /** Puts it in its place, whole; what stood there is replaced. */
  readonly takePlace: () => Promise<void>
  /** Removes what has not taken its place. */
  readonly remove: () => Promise<void>
}

/** @param path the place that the folder will take */
export function stageFolder(path: string): StagedFolder {
  const folder = temporaryName(path)
  return {
    fill: async (write) => {
      try {
        await makeFolders(folder)
        return await write(folder)
      } catch (error) {
        // The user knows the folder's place, not the temporary names in it.
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
