import { join } from 'node:path'
import { writeFileAtomic } from '../../files/atomic.js'
import { readRegular, regularSize } from '../../files/regularFile.js'
import { sha256 } from '../../files/sha256.js'
import type { NamedBackground } from '../../patches/background.js'
import { encodePng } from '../../patches/image.js'
import type { Patch } from '../../patches/patch.js'
import { pictureFormat } from '../../patches/pictureFormat.js'
import type { Reading } from '../../patches/reading.js'

/**
 * Path of a stored picture. It contains the picture's hash, with which units refer to the picture. So units stay valid
 * when folders are merged or moved.
 */
function pictureFile(results: string, kind: 'patch' | 'background', digest: string): string {
  return join(results, 'pictures', `${kind}-${digest}.png`)
}

export async function keepPatchPicture(results: string, { rgba, size, sha256: digest }: Patch): Promise<void> {
  if ((await readPatchPicture(results, digest, size)) !== undefined) return
  const raw = { width: size, height: size, channels: 4 } as const
  await writeFileAtomic(pictureFile(results, 'patch', digest), await encodePng(rgba, raw))
}

/** Stores the background if it is a picture. Colours and noise are drawn again when they are needed. */
export async function keepBackgroundPicture(
  results: string,
  { identity, background }: NamedBackground,
  frameSide: number,
): Promise<void> {
  const digest = pictureDigest(identity)
  if (digest === undefined || !('image' in background)) return
  if ((await readBackgroundPicture(results, identity, frameSide)) !== undefined) return
  const raw = { width: frameSide, height: frameSide, channels: 3 } as const
  await writeFileAtomic(pictureFile(results, 'background', digest), await encodePng(background.image, raw))
}

/**
 * Reads the pixels of a patch, RGBA, [size, size, 4]; undefined if no stored picture has this hash.
 * @param digest `patchSha256` of a unit's inputs
 */
export async function readPatchPicture(results: string, digest: string, size: number): Promise<Uint8Array | undefined> {
  if (!isDigest(digest)) return undefined
  const rgba = await readPixels(pictureFile(results, 'patch', digest), size, 4)
  return rgba !== undefined && sha256(`${size} `, rgba) === digest ? rgba : undefined
}

/**
 * Reads the pixels of a background, RGB, [frame, frame, 3]; undefined if no stored picture has this hash.
 * @param identity `background` of a unit's inputs
 */
export async function readBackgroundPicture(
  results: string,
  identity: string,
  frameSide: number,
): Promise<Uint8Array | undefined> {
  const digest = pictureDigest(identity)
  if (digest === undefined) return undefined
  const rgb = await readPixels(pictureFile(results, 'background', digest), frameSide, 3)
  return rgb !== undefined && sha256(rgb) === digest ? rgb : undefined
}

function pictureDigest(identity: string): string | undefined {
  const digest = /^image:(.*)$/.exec(identity)?.[1]
  return digest !== undefined && isDigest(digest) ? digest : undefined
}

/** Side of a stored picture of a photograph, in pixels. */
export const PHOTOGRAPH_SIDE = 224

/** A JPEG of this side has fewer bytes. */
const MOST_BYTES = 1 << 19

/** What decides how a network sees a photograph. */
export interface PhotographView {
  /** Side of the network's input in pixels. */
  readonly frameSide: number
  readonly reading: Reading
}

/**
 * Path of the stored picture of a photograph, as networks with this view see it. It contains the hash of the
 * photograph's file.
 */
function photographPicture(results: string, digest: string, { frameSide, reading }: PhotographView): string {
  return join(results, 'pictures', `photograph-${digest}-${frameSide}-${reading}.jpg`)
}

export async function keepPhotographPicture(
  results: string,
  digest: string,
  view: PhotographView,
  jpeg: Buffer,
): Promise<void> {
  await writeFileAtomic(photographPicture(results, digest, view), jpeg)
}

/** Reads the stored picture of a photograph, a JPEG; undefined if there is none. */
export async function readPhotographPicture(
  results: string,
  digest: string,
  view: PhotographView,
): Promise<Buffer | undefined> {
  const path = photographPicture(results, digest, view)
  if ((await regularSize(path).catch(() => MOST_BYTES)) >= MOST_BYTES) return undefined
  const bytes = await readRegular(path).catch(() => undefined)
  return bytes !== undefined && pictureFormat(bytes) === 'jpeg' ? bytes : undefined
}

/** Whether a text is a SHA-256. Other texts must be refused, because the text becomes part of a path. */
function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

/** The last chunk of every PNG. A file without it at the end is incomplete. */
const PNG_END = Buffer.from('0000000049454e44ae426082', 'hex')

async function readPixels(path: string, side: number, channels: 3 | 4): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readRegular(path)
    if (pictureFormat(bytes) !== 'png' || !bytes.subarray(-PNG_END.length).equals(PNG_END)) return undefined
    const { default: sharp } = await import('sharp')
    const { data, info } = await sharp(bytes, { limitInputPixels: side * side, failOn: 'error' })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    const fits = info.width === side && info.height === side && info.channels === channels
    return fits ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : undefined
  } catch {
    return undefined
  }
}
