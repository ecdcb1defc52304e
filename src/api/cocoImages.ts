import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { InputError, NetworkError, throwIfStopped } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { sha256 } from '../files/sha256.js'
import { asCacheError } from '../networks/cache.js'
import { download } from '../networks/download.js'
import { claimPartial, releasePartial, removePartial } from '../networks/partialDownload.js'
import { type CocoChoice, imagePath } from '../patches/cocoPatches.js'
import { type Progress, silent } from '../progress.js'

/** Images that are fetched at the same time. */
const AT_A_TIME = 4

/** The longest time without a byte, in seconds. */
const STALL_SECONDS = 30

/**
 * Fetches the images of the chosen objects that a folder lacks, from their `coco_url`; each goes on from where an
 * earlier download stopped.
 * @returns why an image could not be fetched, by its id
 * @throws the signal's reason when stopped; UsageError for a proxy that cannot be used; OutputError
 */
export async function fetchImages(
  choices: readonly CocoChoice[],
  folder: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, string>> {
  const failures = new Map<number, string>()
  const wanted = new Map(choices.flatMap(({ image }) => (image === undefined ? [] : [[image.id, image] as const])))
  const queue = [...wanted.values()]
  let done = 0
  progress.start('download', queue.length)
  const fetchNext = async (): Promise<void> => {
    for (let image = queue.shift(); image !== undefined; image = queue.shift()) {
      throwIfStopped(signal)
      try {
        await fetchImage(image.url, imagePath(folder, image), signal)
      } catch (error) {
        if (!isOfTheImage(error)) {
          queue.length = 0
          throw error
        }
        failures.set(image.id, `its image ${image.file} could not be fetched: ${causeOf(error)}`)
      }
      progress.update(++done)
    }
  }
  try {
    const results = await Promise.allSettled(Array.from({ length: AT_A_TIME }, fetchNext))
    const fault = results.find((result) => result.status === 'rejected')
    if (fault) throw fault.reason
  } finally {
    progress.stop()
  }
  return failures
}

function isOfTheImage(error: unknown): error is Error {
  if (error instanceof NetworkError || error instanceof InputError) return true
  return error instanceof Error && error.constructor === Error && !('code' in error)
}

/** Without the remedies for weights: an image has one address. */
function causeOf(error: Error): string {
  return `${error.message.split('; ')[0]}; the same command tries again`
}

async function fetchImage(address: string | undefined, path: string, signal: AbortSignal | undefined): Promise<void> {
  if (await isFile(path)) return
  if (address === undefined || !URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw new Error('it has no coco_url that is an http or https address')
  }
  const partial = await claimPartial(`image-${sha256(address).slice(0, 16)}`).catch((error: unknown) => {
    throw asCacheError(error)
  })
  try {
    await download(new URL(address), partial, {
      bytes: null,
      label: address,
      progress: silent,
      signal,
      stallSeconds: STALL_SECONDS,
      ca: undefined,
      elsewhere: 'another address',
    })
    await writeFileAtomic(path, createReadStream(partial.path))
    await removePartial(partial)
  } finally {
    await releasePartial(partial)
  }
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  )
}
