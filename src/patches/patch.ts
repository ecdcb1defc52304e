import { InputError, UsageError } from '../errors.js'
import { sha256 } from '../files/sha256.js'
import { type Image, readImage } from './image.js'
import { resizeBilinear, resizeVisible } from './resize.js'

/** Picture file of an object that has been cut out of its background, but not yet resized to a patch. */
export interface PatchSource {
  /** Name of the object, unique in a study. It is also the name of the folder for the object's results. */
  readonly name: string
  readonly path: string
  /** Class of the object, if known. */
  readonly category?: string
  /** Ready-made files that show the object already resized: the path of each file, by the side in pixels. */
  readonly sizes?: Readonly<Record<string, string>>
  /** `hard`: each pixel is opaque or transparent, as in the objects of the paper's authors; see `resizeHard`. */
  readonly alpha?: 'hard'
  /**
   * `authors`: colours are resized without regard to alpha, as the paper's authors did. Otherwise transparent pixels do
   * not affect the colours.
   */
  readonly colours?: 'authors'
}

export type Resize = typeof resizeBilinear

/** A square patch that is moved across the frame. */
export interface Patch {
  readonly name: string
  readonly size: number
  /** RGBA, straight alpha, row-major [size, size, 4]. */
  readonly rgba: Uint8Array
  /** SHA-256 of the size and the pixels. */
  readonly sha256: string
  readonly category?: string
}

/**
 * @param frameSide side of the frame in pixels
 * @param resize resizes the object; for objects from COCO, use `resizeBilinear`, as the paper's authors did
 * @throws UsageError if the size is not between 1 and the frame's side
 */
export function patchAtSize(
  name: string,
  image: Image,
  size: number,
  frameSide: number,
  resize: Resize = resizeVisible,
): Patch {
  if (!Number.isInteger(size) || size < 1)
    throw new UsageError(`object size ${size} is not a positive whole number; use 75, for example`)
  if (size > frameSide)
    throw new UsageError(
      `an object of ${size}×${size} does not fit into the frame of ${frameSide}×${frameSide}; choose a smaller size`,
    )
  return madePatch(name, size, resize(image, size, size).data)
}

/** @param rgba [size, size, 4], straight alpha */
export function madePatch(name: string, size: number, rgba: Uint8Array): Patch {
  return { name, size, rgba, sha256: sha256(`${size} `, rgba) }
}

export function checkVisible({ size, rgba }: Patch, blend: 'hard' | 'soft', path: string): void {
  const least = blend === 'hard' ? 128 : 1
  for (let alpha = 3; alpha < rgba.length; alpha += 4) {
    if (rgba[alpha]! >= least) return
  }
  throw new InputError(
    `${path}: no pixel of the object is visible at ${size}×${size} (${blend} blending needs an alpha of ${least} or more); check its transparency`,
  )
}

/** Makes one square patch for each size. If the source has a ready-made file of a size, this file is used. */
export async function patchesOfSource(
  { name, path, category, sizes: ready, alpha, colours }: PatchSource,
  sizes: readonly number[],
  frameSide: number,
  blend: 'hard' | 'soft',
  signal?: AbortSignal,
): Promise<readonly Patch[]> {
  const smooth = colours === 'authors' ? resizeBilinear : resizeVisible
  const resize: Resize = alpha === 'hard' ? (image, rows, cols) => resizeHard(image, rows, cols, smooth) : smooth
  const patches: Patch[] = []
  let whole: Image | undefined
  for (const size of sizes) {
    const file = ready?.[size]
    if (file === undefined) whole ??= await readImage(path, signal)
    const image = file === undefined ? whole! : await readImage(file, signal)
    const patch = patchAtSize(name, image, size, frameSide, resize)
    checkVisible(patch, blend, file ?? path)
    patches.push({ ...patch, ...(category !== undefined && { category }) })
  }
  return patches
}

/**
 * Resizes an object with alpha values of 0 and 1, as the paper's authors did. Resizing alpha from 0 to 255 and applying
 * a threshold would give a different mask. A picture that already has the size is returned unchanged.
 * @param resize for objects from COCO, the paper authors' `resizeBilinear`, which treats alpha like a colour; for other
 *   pictures, `resizeVisible`, where transparent pixels do not affect the colours
 */
export function resizeHard(image: Image, rows: number, cols: number, resize: Resize): Image {
  if (image.rows === rows && image.cols === cols) return image
  const isAlpha = (i: number) => i % 4 === 3
  const data = image.data.map((value, i) => (isAlpha(i) ? value >> 7 : value))
  const resized = resize({ ...image, data }, rows, cols)
  return { ...resized, data: resized.data.map((value, i) => (isAlpha(i) ? value * 255 : value)) }
}
