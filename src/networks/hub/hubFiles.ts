import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fetchFile } from '../../download/fetchFile.js'
import { InputError, RUN_AGAIN } from '../../errors.js'
import { makeFolders } from '../../files/atomic.js'
import { rename } from '../../files/retried.js'
import { sha256OfFile } from '../../files/sha256.js'
import type { Progress } from '../../progress.js'
import { printable } from '../../support/text.js'
import type { HubConnection } from './connection.js'
import type { HubFile } from './repository.js'

export interface FetchedHubFile {
  readonly sha256: string
  readonly isFetched: boolean
}

export async function presentHubFile(path: string, file: HubFile): Promise<FetchedHubFile | undefined> {
  const status = await lstat(path).catch(() => undefined)
  if (!status?.isFile() || status.size !== file.bytes) return undefined
  const sha256 = await sha256OfFile(path)
  return (await wrongHash(path, file, sha256)) === undefined ? { sha256, isFetched: false } : undefined
}

/**
 * Fetches a file of the hub, unless it is already there. The file gets its name only after its size and hash match
 * those that the hub states. A file that does not match is removed.
 */
export function fetchHubFile(
  origin: URL,
  file: HubFile,
  path: string,
  options: HubConnection & { readonly progress: Progress; readonly begin: () => void },
): Promise<FetchedHubFile> {
  const wanted = {
    // The download is named by the file's hash, because several repositories and commits may have the same file.
    name: `hub-${file.sha256 ?? file.blob}`,
    present: () => presentHubFile(path, file),
    origin,
    begin: options.begin,
    take: async (part: string) => {
      const sha256 = await sha256OfFile(part)
      const wrong = await wrongHash(part, file, sha256)
      if (wrong !== undefined)
        throw InputError.of`the download from ${origin} has the ${wrong}, so it is damaged and was removed; ${RUN_AGAIN}`
      await makeFolders(dirname(path))
      await rename(part, path)
      return { sha256, isFetched: true }
    },
  }
  return fetchFile(wanted, { ...options, bytes: file.bytes, label: printable(file.path) })
}

async function wrongHash(path: string, file: HubFile, sha256: string): Promise<string | undefined> {
  if (file.sha256 !== null) return sha256 === file.sha256 ? undefined : `SHA-256 ${sha256} instead of ${file.sha256}`
  const blob = await gitBlob(path, file.bytes)
  return blob === file.blob ? undefined : `git hash ${blob} instead of ${file.blob}`
}

/** Git's hash of a file: SHA-1 of "blob", the length and the contents. Reference: git-hash-object(1). */
async function gitBlob(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha1').update(`blob ${bytes}\0`)
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
