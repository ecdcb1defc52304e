import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { InputError, throwIfStopped } from '../../errors.js'
import { makeFolders } from '../../files/atomic.js'
import { sha256OfFile } from '../../files/sha256.js'
import { printable } from '../../printable.js'
import type { Progress } from '../../progress.js'
import { download } from '../download.js'
import { claimPartial, releasePartial, removePartial, removeUnclaimed } from '../partialDownload.js'
import type { HubConnection } from './connection.js'
import type { HubFile } from './repository.js'

/** SHA-256 of a file of the hub that is here, whole and right; undefined otherwise. */
export async function presentSha256(path: string, file: HubFile): Promise<string | undefined> {
  const status = await lstat(path).catch(() => undefined)
  if (!status?.isFile() || status.size !== file.bytes) return undefined
  const sha256 = await sha256OfFile(path)
  return (await wrongHash(path, file, sha256)) === undefined ? sha256 : undefined
}

/**
 * Fetches a file of the hub, going on from where an earlier download of the same contents stopped. It takes its name only
 * after its size and hash have been found to be those that the hub states.
 *
 * @param path name that it takes
 * @returns its SHA-256
 * @throws InputError when it is not what the hub states: it is removed; NetworkError when it cannot be had; the signal's
 * reason when stopped
 */
export async function fetchHubFile(
  address: URL,
  file: HubFile,
  path: string,
  options: HubConnection & { readonly progress: Progress },
): Promise<string> {
  // By its contents, which may be the same in several repositories and commits.
  const name = `hub-${file.sha256 ?? file.blob}`
  const partial = await claimPartial(name)
  try {
    await download(address, partial, { ...options, bytes: file.bytes, label: printable(file.path) })
    throwIfStopped(options.signal)
    const sha256 = await sha256OfFile(partial.path)
    const wrong = await wrongHash(partial.path, file, sha256)
    if (wrong !== undefined) {
      await removePartial(partial)
      throw new InputError(
        `${address} has the ${wrong}: damaged, or changed on the way; the download was removed, run the same command again`,
      )
    }
    await makeFolders(dirname(path))
    await rename(partial.path, path)
    await removePartial(partial)
    await removeUnclaimed(name)
    return sha256
  } finally {
    await releasePartial(partial)
  }
}

/** What is wrong with a file's hash, for a message; undefined: it is right. */
async function wrongHash(path: string, file: HubFile, sha256: string): Promise<string | undefined> {
  if (file.sha256 !== null) return sha256 === file.sha256 ? undefined : `SHA-256 ${sha256} instead of ${file.sha256}`
  const blob = await gitBlob(path, file.bytes)
  return blob === file.blob ? undefined : `git hash ${blob} instead of ${file.blob}`
}

/** Reference: git-hash-object(1); the SHA-1 of "blob", the length and the contents. */
async function gitBlob(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha1').update(`blob ${bytes}\0`)
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
