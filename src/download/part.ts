import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { makeFolders, writeFileAtomic } from '../files/atomic.js'
import { downloadsFolder } from '../files/cacheFolder.js'
import { readStored } from '../files/json.js'
import { rm } from '../files/retried.js'

/** Identifies a version of a file on a server, so that a download continues only with the same version. */
const versionSchema = z.object({
  etag: z.string().nullable(),
  lastModified: z.string().nullable(),
  bytes: z.number().nullable(),
})
export type FileVersion = Readonly<z.infer<typeof versionSchema>>

/**
 * Path of the part of the file `name`: a partial download, which a later attempt can continue. One process at a time
 * writes it: see `fetchFile`. The path keeps the extension of `name`, because Caffe models are recognised by it.
 */
export function partOf(name: string): string {
  return join(downloadsFolder(), `part-${name}`)
}

/** Path of the JSON file that records which version of the file is being downloaded. */
function versionFile(part: string): string {
  return `${part}.json`
}

export async function partLength(part: string): Promise<number> {
  return (await stat(part).catch(() => undefined))?.size ?? 0
}

export function partVersion(part: string): Promise<FileVersion | undefined> {
  return readStored(versionSchema, versionFile(part))
}

export async function beginPart(part: string, version: FileVersion): Promise<void> {
  await rm(part, { force: true })
  await makeFolders(dirname(part))
  await writeFileAtomic(versionFile(part), JSON.stringify(version))
}

export async function removePart(part: string): Promise<void> {
  for (const file of [part, versionFile(part)]) await rm(file, { force: true })
}
