import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { InputError } from '../errors.js'
import { isInside, readRegular } from '../files/regularFile.js'
import { counted } from '../support/text.js'
import type { CocoImage } from './cocoAnnotations.js'
import { pictureFormat } from './pictureFormat.js'
import { MAX_PIXELS } from './reading.js'

const ENDINGS = { jpeg: 'jpg', png: 'png' } as const
type ImageFormat = keyof typeof ENDINGS

/**
 * Path for a downloaded image. The file's name is made from the image's id, as in 000000123456.jpg, because file names
 * in the annotation file are not trusted.
 */
export function fetchedPath(folder: string, { id }: CocoImage, format: ImageFormat): string {
  return join(folder, `${String(id).padStart(12, '0')}.${ENDINGS[format]}`)
}

export interface ImageFile {
  readonly path: string
  readonly isPicture: boolean
}

/**
 * Finds an image under its name in the annotation file, or under the name that `fetchedPath` gives it. If such files
 * exist, but none of them is a picture, it returns the first with `isPicture: false`.
 * @throws InputError if the name in the annotation file points outside the folder, or the image is a link that does
 */
export async function findImage(folder: string, image: CocoImage): Promise<ImageFile | undefined> {
  const formats = Object.keys(ENDINGS) as ImageFormat[]
  const names = [imagePath(folder, image), ...formats.map((format) => fetchedPath(folder, image, format))]
  let other: string | undefined
  for (const path of names) {
    await requireInside(folder, path)
    if (await isPicture(path)) return { path, isPicture: true }
    if (other === undefined && existsSync(path)) other = path
  }
  return other === undefined ? undefined : { path: other, isPicture: false }
}

/** @throws InputError if the name points outside the folder */
function imagePath(folder: string, { file }: CocoImage): string {
  const [root, path] = [resolve(folder), resolve(folder, file)]
  if (path !== root && isInside(root, path) && !isAbsolute(file)) return path
  throw new InputError(`its file_name ${file} points outside the folder of images`)
}

async function requireInside(folder: string, path: string): Promise<void> {
  const [root, real] = await Promise.all([realpath(folder), realpath(path)].map((one) => one.catch(() => undefined)))
  if (root === undefined || real === undefined || isInside(root, real)) return
  throw new InputError(
    `its image ${path} is a link to a file in another folder; replace the link with a copy of that file`,
  )
}

async function isPicture(path: string): Promise<boolean> {
  try {
    const bytes = await readRegular(path)
    const { default: sharp } = await import('sharp')
    if (!isDecoded(bytes)) return false
    await sharp(bytes).metadata()
    return true
  } catch {
    return false
  }
}

/** Whether a file is a bitmap in a known format. SVG does not count, because it must be drawn in a separate process. */
function isDecoded(bytes: Uint8Array): boolean {
  return !['svg', undefined].includes(pictureFormat(bytes))
}

export async function readImageFile(path: string | undefined, { file }: CocoImage): Promise<Buffer> {
  if (path === undefined) throw new InputError(`its image ${file} is missing`)
  return readRegular(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined) throw new InputError(`its image ${file} is not a file`)
    throw new InputError(`its image ${file} cannot be read (${error.code})`)
  })
}

/**
 * Decodes an image to the pixels that its file stores, RGB [rows, cols, 3]. EXIF orientation is ignored, because COCO's
 * annotations refer to the stored pixels. Colour profiles are ignored, too, as OpenCV does.
 * @throws InputError if it is damaged, is not 8-bit RGB, or has another size than the annotation file states
 */
export async function storedPixels(bytes: Uint8Array, { rows, cols }: CocoImage, name: string): Promise<Uint8Array> {
  if (!isDecoded(bytes)) throw new InputError(`${name} is not a picture`)
  const { default: sharp } = await import('sharp')
  const picture = sharp(bytes, { failOn: 'error', ignoreIcc: true, limitInputPixels: MAX_PIXELS })
  const { width, height, space, depth, pages } = await picture.metadata().catch(() => {
    throw new InputError(`${name} is not a picture`)
  })
  if (space === 'cmyk') throw new InputError(`${name} is CMYK; convert it to RGB`)
  if (depth !== 'uchar') throw new InputError(`${name} has more than 8 bits per channel; convert it to 8 bits`)
  if ((pages ?? 1) > 1) throw new InputError(`${name} contains ${pages} pictures; use a single one`)
  if (width !== cols || height !== rows) {
    throw new InputError(`${name} has ${width}×${height} pixels instead of ${cols}×${rows}`)
  }
  const { data, info } = await picture
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: Error) => {
      throw new InputError(`${name} is damaged (${error.message.split('\n')[0]})`)
    })
  if (info.channels !== 3) throw new InputError(`${name} has ${counted(info.channels, 'channel')} instead of 3`)
  return data
}
