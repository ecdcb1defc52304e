import { readFile } from 'node:fs/promises'
import { type AllowedHosts, hostName } from '../download/allowedHosts.js'
import { fetchFile } from '../download/fetchFile.js'
import { InputError, NetworkError, RUN_AGAIN, throwIfStopped, wordingOf, words } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { rm } from '../files/retried.js'
import { sha256 } from '../files/sha256.js'
import { firstClause, type Wording } from '../message.js'
import { type Progress, silent } from '../progress.js'
import type { CocoImage } from './cocoAnnotations.js'
import { fetchedPath, findImage, storedPixels } from './cocoImage.js'
import { reasonOf } from './patchFolder.js'
import { pictureFormat } from './pictureFormat.js'

const AT_A_TIME = 4

/** A download fails if nothing arrives for this many seconds. */
const STALL_SECONDS = 30

/** Largest download in bytes. COCO's images are below 1 MB. */
const MOST_BYTES = 32 * 1024 * 1024

/** Host from which COCO and LVIS offer their images: the host in every `coco_url` of their annotation files. */
const COCO_HOSTS = ['images.cocodataset.org']

export interface FetchOptions {
  readonly hosts: AllowedHosts
  readonly progress: Progress
  readonly signal: AbortSignal | undefined
}

/** Hosts that images may be downloaded from: COCO's own, and those that the user names. */
export function imageHosts(named: readonly string[] = []): AllowedHosts {
  const option = 'imageHosts'
  return { names: [...COCO_HOSTS, ...named.map((text) => hostName(text, option))], option }
}

/**
 * Downloads images from their `coco_url`, unless the folder already has valid files for them. The annotation file's
 * addresses and names are not trusted. Only allowed hosts are contacted. An image is stored only after its pixels have
 * been decoded, and its file's name is made from its id.
 * @returns reasons why images could not be downloaded, by image id
 */
export async function fetchImages(
  images: readonly CocoImage[],
  folder: string,
  options: FetchOptions,
): Promise<ReadonlyMap<number, Wording>> {
  const { progress, signal } = options
  const failures = new Map<number, Wording>()
  const wanted = new Map(images.map((image) => [image.id, image]))
  const queue = [...wanted.values()]
  let done = 0
  progress.start('download', queue.length)
  const fetchNext = async (): Promise<void> => {
    for (let image = queue.shift(); image !== undefined; image = queue.shift()) {
      throwIfStopped(signal)
      try {
        await fetchImage(image, folder, options)
      } catch (error) {
        failures.set(image.id, words`its image ${image.file} could not be fetched: ${causeOf(error)}`)
      }
      progress.update(++done)
    }
  }
  try {
    const stop = (error: unknown) => {
      queue.length = 0
      throw error
    }
    const results = await Promise.allSettled(Array.from({ length: AT_A_TIME }, () => fetchNext().catch(stop)))
    const fault = results.find((result) => result.status === 'rejected')
    if (fault) throw fault.reason
  } finally {
    progress.stop()
  }
  return failures
}

/**
 * Message for a failed download. The advice to try another source is removed, because an image has only one address.
 * @throws the error itself if it is not about the download
 */
function causeOf(error: unknown): Wording {
  const reason = error instanceof NetworkError ? wordingOf(error) : reasonOf(error)
  return words`${firstClause(reason)}; ${RUN_AGAIN} to retry`
}

async function fetchImage(image: CocoImage, folder: string, { hosts, progress, signal }: FetchOptions): Promise<void> {
  const { url: address } = image
  const present = await findImage(folder, image)
  if (present?.isPicture) return
  if (present !== undefined) progress.note(`${present.path} is not a picture; downloading it again`)
  if (address === undefined || !URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw new InputError('it has no coco_url that is an http or https address')
  }
  const wanted = {
    name: `image-${sha256(address).slice(0, 16)}`,
    present: async () => ((await findImage(folder, image))?.isPicture ? true : undefined),
    origin: new URL(address),
    take: (path: string) => storeImage(path, image, folder, address),
  }
  await fetchFile(wanted, {
    bytes: null,
    mostBytes: MOST_BYTES,
    label: address,
    progress: silent,
    signal,
    stallSeconds: STALL_SECONDS,
    ca: undefined,
    hosts,
    elsewhere: 'another address',
  })
}

/** @throws InputError if the file is not the expected image; a retry downloads the whole file again */
async function storeImage(path: string, image: CocoImage, folder: string, address: string): Promise<true> {
  const bytes = await readFile(path)
  const format = pictureFormat(bytes)
  // Downloads are decoded only in the formats that such images have.
  if (format !== 'jpeg' && format !== 'png') throw new InputError(`${address} is neither a JPEG nor a PNG`)
  await storedPixels(bytes, image, address)
  await writeFileAtomic(fetchedPath(folder, image, format), bytes)
  await rm(path)
  return true
}
