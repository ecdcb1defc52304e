import { UsageError } from '../errors.js'
import { sha256 } from '../files/sha256.js'
import type { Image } from './image.js'
import { resizeBilinear } from './resize.js'

/** An object cut out of its picture: the file that it comes from, not yet resized. */
export interface PatchSource {
  /** Unique in its study; names the folder of its results. */
  readonly name: string
  readonly path: string
  /** The object's class, where it is known. */
  readonly category?: string
}

/** A square patch as it is moved across the frame. */
export interface Patch {
  readonly name: string
  /** Length of its side in pixels. */
  readonly size: number
  /** RGBA, straight alpha, row-major [size, size, 4]. */
  readonly rgba: Uint8Array
  /** SHA-256 of size and pixels. */
  readonly sha256: string
  /** The object's class, where it is known. */
  readonly category?: string
}

/**
 * Resizes a picture to a square of `size` pixels by the authors' rule (bilinear, aspect ratio not kept); a picture that
 * has the size already is used as it is. SPEC section 1.
 * @throws UsageError if the size is not between 1 and the frame
 */
export function patchAtSize(name: string, image: Image, size: number, frame: number): Patch {
  if (!Number.isInteger(size) || size < 1) throw new UsageError(`patch size ${size} is not a positive whole number`)
  if (size > frame)
    throw new UsageError(
      `a patch of ${size}×${size} does not fit into the frame of ${frame}×${frame}; choose a smaller --size`,
    )
  const rgba = resizeBilinear(image, size, size).data
  return { name, size, rgba, sha256: sha256(`${size} `, rgba) }
}
