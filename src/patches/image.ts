import { readFile, stat } from 'node:fs/promises'
import sharp from 'sharp'
import { InputError } from '../errors.js'
import { resourceError } from '../resources.js'

/** An 8-bit picture: RGBA, straight alpha, row-major [rows, cols, 4]. */
export interface Image {
  readonly rows: number
  readonly cols: number
  readonly data: Uint8Array
}

/** The largest picture that is decoded, in pixels: 64 megapixels, 256 MB as RGBA. */
export const MAX_PIXELS = 64_000_000

/** The largest picture file that is opened, in bytes. */
const MAX_FILE_BYTES = 256 * 1024 * 1024

/**
 * Reads a picture file (PNG, WebP, JPEG, SVG, …) as 8-bit sRGB with alpha, upright as its EXIF orientation says.
 * @throws InputError if the file is missing, too large or not a picture
 */
export async function readImage(path: string): Promise<Image> {
  const info = await stat(path).catch(() => {
    throw new InputError(`cannot read ${path}: no such file; check the path`)
  })
  if (!info.isFile()) throw new InputError(`${path} is not a file; give a picture`)
  if (info.size > MAX_FILE_BYTES) {
    throw new InputError(
      `${path} has ${info.size} bytes, more than the ${MAX_FILE_BYTES} that are read; make it smaller`,
    )
  }
  // Given a path, sharp may answer from its cache after the file has changed.
  return decodeImage(await readFile(path), path)
}

/**
 * The same of a file's bytes.
 * @param name for messages
 */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<Image> {
  try {
    const { data, info: raw } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' })
      .autoOrient()
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    if (raw.channels !== 4) throw new Error(`decoded to ${raw.channels} channels`)
    return { rows: raw.height, cols: raw.width, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }
  } catch (error) {
    throw (
      resourceError(error, `cannot read ${name}`) ??
      new InputError(`cannot read ${name}: ${plainCause(error)}`, { cause: error })
    )
  }
}

function plainCause(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (/pixel limit/i.test(message)) return `it has more than ${MAX_PIXELS / 1e6} million pixels; make it smaller`
  if (/unsupported image format|unknown file format|input buffer is empty/i.test(message))
    return 'it is not a picture; give PNG, WebP, JPEG or SVG'
  return `the picture is damaged (${message.split('\n')[0]?.trim()}); make it again`
}
