import { readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { makeFolders, writeFileAtomic } from '../files/atomic.js'
import { downloadsFolder } from './cache.js'

/** The downloaded part of a file. One process at a time writes it: see `fetchFile`. */
export interface Part {
  readonly path: string
  /** The file that records which version of the file the part was taken from. */
  readonly versionPath: string
}

/** Tells later whether the server still has the file that the part was taken from. */
const versionSchema = z.object({
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  /** Size of the whole file; null if the server does not tell it. */
  bytes: z.number().nullable(),
})
export type FileVersion = Readonly<z.infer<typeof versionSchema>>

/** Paths of the part of the file `name`, whether it exists or not. They keep the file's extension. */
export function partOf(name: string): Part {
  const path = join(downloadsFolder(), `part-${name}`)
  return { path, versionPath: `${path}.json` }
}

/** Bytes that have been downloaded. */
export async function partLength({ path }: Part): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}

/** The version of the file that the part was taken from; undefined if not known, so nothing can be added to it. */
export async function partVersion({ versionPath }: Part): Promise<FileVersion | undefined> {
  const text = await readFile(versionPath, 'utf8').catch(() => '')
  try {
    return versionSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Empties the part, and records the version of the bytes to come. */
export async function beginPart({ path, versionPath }: Part, version: FileVersion): Promise<void> {
  await rm(path, { force: true })
  await makeFolders(dirname(versionPath))
  await writeFileAtomic(versionPath, JSON.stringify(version))
}

export async function removePart({ path, versionPath }: Part): Promise<void> {
  for (const file of [path, versionPath]) await rm(file, { force: true })
}
