import { existsSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { isInside, readRegular } from '../files/regularFile.js'
import { counted } from '../support/text.js'
import type { CocoImage } from './cocoAnnotations.js'
import { MAX_PIXELS } from './image.js'
import { pictureFormat } from './pictureFormat.js'

/** Formats of fetched images, and the endings of their files' names. */
const ENDINGS = { jpeg: 'jpg', png: 'png' } as const
export type ImageFormat = keyof typeof ENDINGS

/** Format by the first bytes, before any decoder sees the others; undefined for any other file. */
export function imageFormat(bytes: Uint8Array): ImageFormat | undefined {
  const format = pictureFormat(bytes)
  return format === 'jpeg' || format === 'png' ? format : undefined
}

/** Path of a fetched image: its id as COCO writes it, 000000123456.jpg, never a name from the file. */
export function fetchedPath(folder: string, { id }: CocoImage, format: ImageFormat): string {
  return join(folder, `${String(id).padStart(12, '0')}.${ENDINGS[format]}`)
}

/** A file that is found where an image should be. */
export interface ImageFile {
  readonly path: string
  /** Whether it can be read as a picture of any kind. */
  readonly isPicture: boolean
}

/**
 * Finds an image in a folder: under its name in the annotation file, or under one of those that fetched ones get. What is no
 * picture counts only where none of them is.
 * @throws Error if its name in the annotation file leads out of the folder
 */
export async function findImage(folder: string, image: CocoImage): Promise<ImageFile | undefined> {
  const formats = Object.keys(ENDINGS) as ImageFormat[]
  const names = [imagePath(folder, image), ...formats.map((format) => fetchedPath(folder, image, format))]
  let other: string | undefined
  for (const path of names) {
    if (await isPicture(path)) return { path, isPicture: true }
    if (other === undefined && existsSync(path)) other = path
  }
  return other === undefined ? undefined : { path: other, isPicture: false }
}

/**
 * Where an image of an annotation file lies below a folder.
 * @throws Error if its name leads out of the folder
 */
function imagePath(folder: string, { file }: CocoImage): string {
  const [root, path] = [resolve(folder), resolve(folder, file)]
  if (path !== root && isInside(root, path) && !isAbsolute(file)) return path
  throw new Error(`its file_name ${file} leads out of the folder of images`)
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

/** Drawings are not photographs, and to draw one takes a process of its own. */
function isDecoded(bytes: Uint8Array): boolean {
  return !['svg', undefined].includes(pictureFormat(bytes))
}

/** The bytes of an image's file. @throws Error that says why there are none */
export async function readImageFile(path: string | undefined, { file }: CocoImage): Promise<Buffer> {
  if (path === undefined) throw new Error(`its image ${file} is not there`)
  return readRegular(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined) throw new Error(`its image ${file} is not a file`)
    throw new Error(`its image ${file} cannot be read (${error.code})`)
  })
}

/**
 * RGB as the file stores it, [rows, cols, 3]: neither turned by EXIF nor converted by a colour profile, as OpenCV's users see
 * COCO.
 * @param name of the image, for messages
 * @throws Error if it is damaged, not a picture of 8-bit RGB, or not as large as the annotation file says
 */
export async function storedPixels(bytes: Uint8Array, { rows, cols }: CocoImage, name: string): Promise<Uint8Array> {
  if (!isDecoded(bytes)) throw new Error(`${name} is not a picture`)
  const { default: sharp } = await import('sharp')
  const picture = sharp(bytes, { failOn: 'error', ignoreIcc: true, limitInputPixels: MAX_PIXELS })
  const { width, height, space, depth, pages } = await picture.metadata().catch(() => {
    throw new Error(`${name} is not a picture`)
  })
  if (space === 'cmyk') throw new Error(`${name} is CMYK; convert it to RGB`)
  if (depth !== 'uchar') throw new Error(`${name} has more than 8 bits per channel; convert it to 8 bits`)
  if (width !== cols || height !== rows || (pages ?? 1) > 1) {
    throw new Error(`${name} is of ${width}×${height} pixels instead of ${cols}×${rows}`)
  }
  const { data, info } = await picture
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: Error) => {
      throw new Error(`${name} is damaged (${error.message.split('\n')[0]})`)
    })
  if (info.channels !== 3) throw new Error(`${name} has ${counted(info.channels, 'channel')}`)
  return data
}
