import { readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolders, writeFileAtomic } from '../files/atomic.js'
import { isAbandonedName, isOfThisMachine, isTemporaryName, temporaryName } from '../files/temporaries.js'
import { downloadsFolder } from './cache.js'

/**
 * The part of a file that has been downloaded. It belongs to one process at a time: whoever renames its folder first.
 * So several processes that fetch the same file never write into one another's part.
 */
export interface PartialDownload {
  /** Folder of the file's name, in which each process has a folder of its own. */
  readonly folderOfName: string
  readonly folder: string
  /** The bytes, under the file's own name. */
  readonly path: string
}

/** What tells later whether the file on the server is still the one that the part was taken from. */
const versionSchema = z.object({
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  /** Size of the whole file; null: the server does not tell. */
  bytes: z.number().nullable(),
})
export type FileVersion = Readonly<z.infer<typeof versionSchema>>

/** Name of a part that belongs to nobody. */
const FREE = 'partial'

/** A part of another machine's process belongs to nobody after this time without a new byte. */
const ABANDONED_AFTER_MINUTES = 10

/** Takes over the part of `name` that an earlier download left, or begins a new one. */
export async function claimPartial(name: string): Promise<PartialDownload> {
  await removeEmptyParts()
  const folderOfName = join(downloadsFolder(), name)
  const folder = temporaryName(join(folderOfName, FREE))
  await makeFolders(folderOfName)
  for (const unclaimed of await unclaimedParts(folderOfName, name)) {
    if (await renamed(unclaimed, folder)) return { folderOfName, folder, path: join(folder, name) }
  }
  await makeFolders(folder)
  return { folderOfName, folder, path: join(folder, name) }
}

/** Leaves a part to the next download of the file. */
export async function releasePartial(partial: PartialDownload): Promise<void> {
  if ((await partialLength(partial)) === 0) return removePartial(partial)
  // Where another process has left its part already, this one stays under this process's name, and is free with its end.
  await renamed(partial.folder, join(partial.folderOfName, FREE))
}

export async function removePartial({ folderOfName, folder }: PartialDownload): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await rmdir(folderOfName).catch(() => undefined)
}

/** Removes what earlier downloads of the file left, once there is no use for it. */
export async function removeUnclaimed(name: string): Promise<void> {
  const folderOfName = join(downloadsFolder(), name)
  for (const folder of await unclaimedParts(folderOfName, name)) await rm(folder, { recursive: true, force: true })
  await rmdir(folderOfName).catch(() => undefined)
}

/** The cache in which this process has looked. */
let cleared: string | undefined

/**
 * Removes parts of all files that nobody has and that nothing can be gone on with, as a process leaves them that is killed
 * when it has not got anything yet or has everything in its place. Once in a process.
 */
async function removeEmptyParts(): Promise<void> {
  const downloads = downloadsFolder()
  if (cleared === downloads) return
  cleared = downloads
  for (const name of await readdir(downloads).catch((): string[] => [])) {
    const folderOfName = join(downloads, name)
    for (const folder of await unclaimedParts(folderOfName, name)) {
      const partial = { folderOfName, folder, path: join(folder, name) }
      if ((await partialLength(partial)) === 0) await removePartial(partial)
    }
    await rmdir(folderOfName).catch(() => undefined)
  }
}

/** Bytes that have been downloaded. */
export async function partialLength({ path }: PartialDownload): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

/** The version of the file that the part was taken from; undefined: not known, so nothing can be added to it. */
export async function partialVersion({ folder }: PartialDownload): Promise<FileVersion | undefined> {
  const text = await readFile(join(folder, VERSION_FILE), 'utf8').catch(() => '')
  try {
    return versionSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Drops the bytes that there are; those to come are of the given version. */
export async function beginPartial({ folder, path }: PartialDownload, version: FileVersion): Promise<void> {
  await rm(path, { force: true })
  await writeFileAtomic(join(folder, VERSION_FILE), JSON.stringify(version))
}

const VERSION_FILE = 'version.json'

async function unclaimedParts(folderOfName: string, name: string): Promise<readonly string[]> {
  const entries = await readdir(folderOfName).catch((): string[] => [])
  const unclaimed = await Promise.all(
    entries.map(
      async (entry) =>
        entry === FREE || (isOfThisMachine(entry) ? isAbandonedName(entry) : await isStale(folderOfName, entry, name)),
    ),
  )
  return entries.filter((_, index) => unclaimed[index]).map((entry) => join(folderOfName, entry))
}

async function isStale(folderOfName: string, entry: string, name: string): Promise<boolean> {
  if (!isTemporaryName(entry)) return false
  const part = join(folderOfName, entry)
  const status = await stat(join(part, name)).catch(() => stat(part).catch(() => undefined))
  return status !== undefined && Date.now() - status.mtimeMs > ABANDONED_AFTER_MINUTES * 60_000
}

async function renamed(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    () => false,
  )
}
