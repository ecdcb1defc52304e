import { stat } from 'node:fs/promises'
import { ChildFailure } from '../childProcess/child.js'
import { confined, type Limits } from '../childProcess/confined.js'
import { InputError, throwIfStopped } from '../errors.js'
import { withFile } from '../files/openFile.js'
import { workerFile } from '../files/package.js'
import { machineMemory, resourceError } from '../support/machine.js'
import { PICTURE_FORMATS, pictureFormat } from './pictureFormat.js'
import { displayedPixels, MAX_PIXELS, type Pixels, type Reading, torchvisionPixels } from './reading.js'

/** An 8-bit picture: RGBA, straight alpha, row-major [rows, cols, 4]. */
export type Image = Pixels

const MAX_FILE_BYTES = 256 * 1024 * 1024

const draw = confined<Uint8Array, Image>(workerFile('patches/drawingMain.js'))

/**
 * Limits for drawing an SVG. Even a tiny SVG can take unlimited time and memory, and librsvg ignores sharp's `timeout`.
 * Usual objects take milliseconds. The largest picture takes seconds and 1 GiB, or several GiB if it is blurred.
 */
export function drawingLimits(seconds = 60): Limits {
  return { seconds, bytes: Math.min(4 * 2 ** 30, machineMemory() / 2) }
}

/**
 * Reads a picture file as 8-bit sRGB with alpha, rotated by its EXIF orientation. The format is detected from the
 * content, not from the file's name. SVG is drawn in a separate process.
 * @throws InputError if the file is missing, too large, not a picture, or needs too much time or memory
 */
export async function readImage(path: string, signal?: AbortSignal): Promise<Image> {
  // sharp gets bytes, because it caches pictures by path and may return an old one for a changed file.
  return decodeImage(await pictureBytes(path), path, signal)
}

/** @throws InputError if the file is missing, too large, or cannot be read */
export async function pictureBytes(path: string): Promise<Buffer> {
  const info = await stat(path).catch(() => {
    throw new InputError(`cannot read ${path}: no such file; check the path`)
  })
  if (!info.isFile()) throw new InputError(`${path} is not a file; give a picture`)
  if (info.size > MAX_FILE_BYTES) {
    throw new InputError(
      `${path} is too large: it has ${info.size} bytes, and the limit is ${MAX_FILE_BYTES}; make it smaller`,
    )
  }
  return withFile(path, (file) => file.read({ offset: 0, length: file.size }))
}

/** Does the same as `readImage` for the bytes of a file. */
export function decodeImage(
  bytes: Uint8Array,
  name: string,
  signal?: AbortSignal,
  limits = drawingLimits(),
): Promise<Image> {
  return decoded(bytes, name, signal, (isDrawn) => (isDrawn ? draw(bytes, limits, signal) : displayedPixels(bytes)))
}

/**
 * Decodes a photograph, RGB or RGBA.
 * @returns also whether it looks different in a browser; false for the reading `display`
 * @throws the errors of `readImage`
 */
export function decodePhotograph(
  bytes: Uint8Array,
  name: string,
  reading: Reading,
  signal?: AbortSignal,
): ReturnType<typeof torchvisionPixels> {
  return decoded(bytes, name, signal, async (isDrawn) => {
    if (reading === 'torchvision' && !isDrawn) return torchvisionPixels(bytes)
    const pixels = isDrawn ? await draw(bytes, drawingLimits(), signal) : await displayedPixels(bytes)
    return { pixels, looksDifferent: false }
  })
}

/** @param decode gets whether the picture must be drawn */
async function decoded<T>(
  bytes: Uint8Array,
  name: string,
  signal: AbortSignal | undefined,
  decode: (isDrawn: boolean) => Promise<T>,
): Promise<T> {
  const format = pictureFormat(bytes)
  if (format === undefined) throw new InputError(`cannot read ${name}: ${NO_PICTURE}`)
  try {
    return await decode(format === 'svg')
  } catch (error) {
    throwIfStopped(signal)
    throw (
      resourceError(error, `cannot read ${name}`) ??
      new InputError(`cannot read ${name}: ${plainCause(error)}`, { cause: error })
    )
  }
}

/** PNG of RGB or RGBA pixels, [height, width, channels]. */
export async function encodePng(
  pixels: Uint8Array,
  raw: { readonly width: number; readonly height: number; readonly channels: 3 | 4 },
  options?: { readonly compressionLevel: number },
): Promise<Buffer> {
  const { default: sharp } = await import('sharp')
  return sharp(pixels, { raw }).png(options).toBuffer()
}

const NO_PICTURE = `it is not a picture; give ${PICTURE_FORMATS}`

function plainCause(error: unknown): string {
  if (error instanceof ChildFailure) return `${error.message}; convert it to PNG`
  const message = error instanceof Error ? error.message : String(error)
  if (/pixel limit/i.test(message)) return `it has more than ${MAX_PIXELS / 1e6} million pixels; make it smaller`
  if (/unsupported image format|unknown file format|input buffer is empty/i.test(message)) return NO_PICTURE
  return `the picture is damaged (${message.split('\n')[0]?.trim()}); make it again`
}
