import { UsageError } from '../errors.js'
import { patchFrom } from './collection.js'
import { decodeImage, type Image } from './image.js'
import { checkVisible, type Patch, patchAtSize, patchesOfSource } from './patch.js'

/**
 * An object: the path of a picture, the name of a built-in object, the bytes of a picture file, or pixels. Pixels are
 * RGBA with straight alpha, row-major [height, width, 4].
 */
export type PatchInput =
  | string
  | Uint8Array
  | { readonly data: Uint8Array | Uint8ClampedArray; readonly width: number; readonly height: number }

/** Whether a value from JavaScript has the form of a patch. `patchOf` checks the rest. */
export function isPatchInput(value: unknown): boolean {
  if (typeof value === 'string' || value instanceof Uint8Array) return true
  const { data } = (value ?? {}) as { readonly data?: unknown }
  return data instanceof Uint8Array || data instanceof Uint8ClampedArray
}

export function patchTitle(input: PatchInput): string {
  return typeof input === 'string' ? input : 'the patch'
}

/** If a text is both the path of a file and a built-in name, the file is used. */
export async function patchOf(
  input: PatchInput,
  size: number,
  frameSide: number,
  blend: 'hard' | 'soft',
  signal?: AbortSignal,
): Promise<Patch> {
  if (typeof input === 'string') {
    const [patch] = await patchesOfSource(await patchFrom(input), [size], frameSide, blend, signal)
    return patch!
  }
  const image = input instanceof Uint8Array ? await decodeImage(input, patchTitle(input), signal) : imageOf(input)
  const patch = patchAtSize('patch', image, size, frameSide)
  checkVisible(patch, blend, patchTitle(input))
  return patch
}

function imageOf({ data, width, height }: Exclude<PatchInput, string | Uint8Array>): Image {
  const isSide = (side: number) => Number.isInteger(side) && side > 0
  if (!isSide(width) || !isSide(height) || data.length !== width * height * 4)
    throw new UsageError(
      `width and height of a picture must be whole numbers, and its data 4 bytes (RGBA) per pixel, but this one has ${width}×${height} pixels and ${data.length} bytes; correct { data, width, height }`,
    )
  return { rows: height, cols: width, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
}
