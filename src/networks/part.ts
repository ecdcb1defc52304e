import { readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { makeFolders, writeFileAtomic } from '../files/atomic.js'
import { downloadsFolder } from './cache.js'

/** A partial download, which a later attempt can continue. One process at a time writes it: see `fetchFile`. */
export interface Part {
  readonly path: string
  /** Path of the JSON file that records which version of the file is being downloaded. */
  readonly versionPath: string
}

/** Identifies a version of a file on a server, so that a download continues only with the same version. */
const versionSchema = z.object({
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  bytes: z.number().nullable(),
})
export type FileVersion = Readonly<z.infer<typeof versionSchema>>

/**
 * Paths for the partial download of the file `name`. The download keeps the extension of `name`, because Caffe models
 * are recognised by it.
 */
export function partOf(name: string): Part {
  const path = join(downloadsFolder(), `part-${name}`)
  return { path, versionPath: `${path}.json` }
}

export async function partLength({ path }: Part): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}

export async function partVersion({ versionPath }: Part): Promise<FileVersion | undefined> {
  const text = await readFile(versionPath, 'utf8').catch(() => '')
  try {
    return versionSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

export async function beginPart({ path, versionPath }: Part, version: FileVersion): Promise<void> {
  await rm(path, { force: true })
  await makeFolders(dirname(versionPath))
  await writeFileAtomic(versionPath, JSON.stringify(version))
}

export async function removePart({ path, versionPath }: Part): Promise<void> {
  for (const file of [path, versionPath]) await rm(file, { force: true })
}
