import { join } from 'node:path'
import { writeFileAtomic } from '../files/atomic.js'
import { readRegular } from '../files/regularFile.js'
import { sha256 } from '../files/sha256.js'
import type { NamedBackground } from '../patches/background.js'
import type { Patch } from '../patches/patch.js'
import { pictureFormat } from '../patches/pictureFormat.js'

/**
 * Pictures of patches and backgrounds as they were moved and composited: `pictures/patch-<sha256>.png` (RGBA) and
 * `pictures/background-<sha256>.png` (RGB) below a results folder or that of an extraction. Their names are what units and
 * extractions know them by, so merged and moved folders keep them. No number depends on them.
 */
function pictureFile(results: string, kind: 'patch' | 'background', digest: string): string {
  return join(results, 'pictures', `${kind}-${digest}.png`)
}

/** Stores the picture of a patch, unless it is there already. */
export async function keepPatchPicture(results: string, { rgba, size, sha256: digest }: Patch): Promise<void> {
  if ((await readPatchPicture(results, digest, size)) !== undefined) return
  const raw = { width: size, height: size, channels: 4 } as const
  const { default: sharp } = await import('sharp')
  await writeFileAtomic(pictureFile(results, 'patch', digest), await sharp(rgba, { raw }).png().toBuffer())
}

/** Stores the picture of a background that is one, unless it is there already; colours and noise need none. */
export async function keepBackgroundPicture(
  results: string,
  { identity, background }: NamedBackground,
  frame: number,
): Promise<void> {
  const digest = pictureDigest(identity)
  if (digest === undefined || !('image' in background)) return
  if ((await readBackgroundPicture(results, identity, frame)) !== undefined) return
  const raw = { width: frame, height: frame, channels: 3 } as const
  const { default: sharp } = await import('sharp')
  await writeFileAtomic(
    pictureFile(results, 'background', digest),
    await sharp(background.image, { raw }).png().toBuffer(),
  )
}

/**
 * Pixels of a patch, RGBA, [size, size, 4]; undefined if there is no picture with just these pixels.
 * @param digest as in a unit's inputs
 */
export async function readPatchPicture(results: string, digest: string, size: number): Promise<Uint8Array | undefined> {
  if (!isDigest(digest)) return undefined
  const rgba = await readPixels(pictureFile(results, 'patch', digest), size, 4)
  return rgba !== undefined && sha256(`${size} `, rgba) === digest ? rgba : undefined
}

/**
 * Pixels of a background that is a picture, RGB, [frame, frame, 3]; undefined if there is no picture with just these pixels.
 * @param identity as in a unit's inputs
 */
export async function readBackgroundPicture(
  results: string,
  identity: string,
  frame: number,
): Promise<Uint8Array | undefined> {
  const digest = pictureDigest(identity)
  if (digest === undefined) return undefined
  const rgb = await readPixels(pictureFile(results, 'background', digest), frame, 3)
  return rgb !== undefined && sha256(rgb) === digest ? rgb : undefined
}

function pictureDigest(identity: string): string | undefined {
  const digest = /^image:(.*)$/.exec(identity)?.[1]
  return digest !== undefined && isDigest(digest) ? digest : undefined
}

/** It becomes part of a file's name. */
function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

/** The last chunk of every PNG. This program writes nothing after it. */
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
