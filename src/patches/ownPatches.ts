import { readdir } from 'node:fs/promises'
import { join, parse, resolve } from 'node:path'
import { z } from 'zod'
import { InputError, UsageError } from '../errors.js'
import { makeWritableFolder } from '../files/atomic.js'
import { messageLine } from '../messageLine.js'
import { type ProgressListener, progressTo } from '../progress.js'
import { callback, type GivenOptions, parseOptions, schemas } from '../support/optionChecks.js'
import { isPicture } from './collection.js'
import { type Image, readImage } from './image.js'
import { resizeHard } from './patch.js'
import {
  checkSizes,
  MAX_PATCH_SIZE,
  madePatches,
  type PatchFailure,
  type PatchFolder,
  storePatch,
  writePatchManifest,
} from './patchFolder.js'
import { PICTURE_FORMATS } from './pictureFormat.js'
import { resizeVisible } from './resize.js'

const ASPECTS = ['stretch', 'pad'] as const
export type Aspect = (typeof ASPECTS)[number]

/** Lowest alpha of a pixel that belongs to the object, and lowest brightness that counts as white in a mask. */
const OPAQUE = 128

export const NO_OPAQUE_PIXELS = `it has no opaque pixels (alpha of ${OPAQUE} or more)`

const OPTIONS = {
  /** Folder of your pictures. Each picture has transparency, or is a photo NAME.jpg with a mask NAME.mask.png. */
  pictures: z.string(),
  /** Folder to write the patches and manifest.json to. */
  out: z.string(),
  /** Sides of the square patches in pixels; `[75, 125]` by default. */
  sizes: z.array(z.number()).readonly().superRefine(checkSizes).default([75, 125]),
  /**
   * `stretch` (default, as in the paper) stretches each object to a square. `pad` keeps its proportions and adds
   * transparent margins.
   */
  aspect: z.custom<Aspect>((value) => typeof value === 'string', 'a string').default('stretch'),
  /** Class of all objects in the folder. */
  category: z.string().exactOptional(),
  onProgress: callback<ProgressListener>().exactOptional(),
  /** Stops the work; the call rejects with the signal's reason. */
  signal: schemas.signal.exactOptional(),
}

/** Options of `ownPatches`. */
export interface OwnPatchesOptions extends GivenOptions<typeof OPTIONS> {}

/**
 * Makes patches from your own pictures. It trims each picture to its object and makes every pixel opaque or
 * transparent. Pictures that cannot be used are listed in the result's `failed`.
 * @throws UsageError for invalid options
 * @throws InputError if the folder has no pictures or none can be used
 * @throws OutputError if `out` cannot be written
 */
export async function ownPatches(options: OwnPatchesOptions): Promise<PatchFolder> {
  const { pictures: folder, out, sizes, aspect, category, signal } = parseOptions(options, OPTIONS)
  const progress = progressTo(options.onProgress)
  if (!ASPECTS.includes(aspect)) throw new UsageError(`aspect ${aspect} is not known; use ${ASPECTS.join(' or ')}`)
  if (resolve(folder) === resolve(out))
    throw UsageError.of`${out} contains the pictures; choose another folder with \`out\``
  const { pictures, failed: refused } = await ownPictures(folder)
  await makeWritableFolder(out)
  const make = async (picture: OwnPicture) => {
    const image = await cutFree(picture, aspect, signal)
    const stored = await storePatch(out, picture.name, image, sizes, resizeVisible)
    return { ...stored, ...(category !== undefined && { category }) }
  }
  const { patches, failed } = await madePatches(pictures, make, { progress, signal, refused })
  if (patches.length === 0)
    throw new InputError(`no object could be made from ${folder}: ${failed.map(({ reason }) => reason).join('; ')}`)
  return { manifest: await writePatchManifest(out, { kind: 'images', aspect }, patches, failed), patches, failed }
}

interface OwnPicture {
  readonly name: string
  readonly path: string
  readonly mask?: string
}

export interface OwnPictures {
  readonly pictures: readonly OwnPicture[]
  readonly failed: readonly PatchFailure[]
}

/** NAME.mask.png (or .jpg, .webp, …) is the mask of the picture NAME. */
export async function ownPictures(folder: string): Promise<OwnPictures> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(
      `cannot read ${folder}: ${error.code === 'ENOTDIR' ? 'not a folder' : 'no such folder'}; give a folder of pictures`,
    )
  })
  const names = entries.filter(isPicture).sort()
  const isMask = (name: string) => parse(parse(name).name).ext === '.mask'
  const files = byName(names.filter((name) => !isMask(name)))
  const masks = byName(names.filter(isMask))
  if (files.size === 0) throw new InputError(`no pictures in ${folder}; put ${PICTURE_FORMATS} files there`)
  const pictures: OwnPicture[] = []
  const failed: PatchFailure[] = []
  const fail = (name: string, reason: string) => failed.push({ name, reason: messageLine(reason) })
  for (const [name, [file = '', ...others]] of files) {
    const [mask, ...otherMasks] = masks.get(`${name}.mask`) ?? []
    if (others.length > 0)
      fail(name, `${folder} has several pictures named ${name}: ${[file, ...others].join(', ')}; keep one of them`)
    else if (otherMasks.length > 0)
      fail(name, `${folder} has several masks of ${name}: ${[mask, ...otherMasks].join(', ')}; keep one of them`)
    else pictures.push({ name, path: join(folder, file), ...(mask !== undefined && { mask: join(folder, mask) }) })
  }
  for (const [stem, [mask = '']] of masks) {
    const { name } = parse(stem)
    if (!files.has(name))
      fail(
        name,
        `${join(folder, mask)} is a mask, but there is no picture called ${name}; rename the mask or its picture`,
      )
  }
  return { pictures, failed }
}

/** Groups files whose names differ only in the extension, such as dog.png and dog.jpg. */
function byName(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const file of names) {
    const { name } = parse(file)
    found.set(name, [...(found.get(name) ?? []), file])
  }
  return found
}

/**
 * Crops a picture to the smallest box around the object's pixels. These have an alpha of 128 or more. If there is a
 * mask, they are also white in the mask. In the result, alpha is 0 or 255, and transparent pixels are black. With
 * `pad`, an object larger than MAX_PATCH_SIZE is reduced before it gets margins. So its square takes no more memory
 * than the largest patch.
 */
async function cutFree(picture: OwnPicture, aspect: Aspect, signal?: AbortSignal): Promise<Image> {
  const image = await readImage(picture.path, signal)
  const isObject =
    picture.mask === undefined ? ownAlpha(picture, image) : await maskOf(picture.mask, picture, image, signal)
  const object = cutOut(image, isObject, aspect)
  if (object === undefined)
    throw new InputError(
      picture.mask === undefined
        ? `${picture.path} shows no object: ${NO_OPAQUE_PIXELS}; make the object opaque`
        : `${picture.mask} shows no object: it has no white pixels (${OPAQUE} or more) where ${picture.path} is opaque; paint the object white`,
    )
  return object
}

/**
 * Puts the opaque pixels into a square with transparent margins. Its side is at most `longest` pixels. The result is
 * undefined if no pixel is opaque.
 */
export function squareObject(image: Image, longest: number): Image | undefined {
  return cutOut(image, opaquePixels(image), 'pad', longest)
}

function cutOut(image: Image, isObject: Uint8Array, aspect: Aspect, longest = MAX_PATCH_SIZE): Image | undefined {
  const box = boxAround(isObject, image)
  if (box === undefined) return undefined
  const object = cropped(image, isObject, box)
  return aspect === 'pad' ? padded(reduced(object, longest)) : object
}

function cropped(image: Image, isObject: Uint8Array, { top, left, rows, cols }: Box): Image {
  const data = new Uint8Array(rows * cols * 4)
  for (let row = 0; row < rows; row++) {
    const start = (top + row) * image.cols + left
    for (let col = 0; col < cols; col++) {
      const source = (start + col) * 4
      const target = (row * cols + col) * 4
      if (!isObject[start + col]) continue
      for (let channel = 0; channel < 3; channel++) data[target + channel] = image.data[source + channel]!
      data[target + 3] = 255
    }
  }
  return { rows, cols, data }
}

function reduced(object: Image, longest: number): Image {
  const scale = longest / Math.max(object.rows, object.cols)
  if (scale >= 1) return object
  const side = (length: number) => Math.max(1, Math.round(length * scale))
  return resizeHard(object, side(object.rows), side(object.cols), resizeVisible)
}

function padded({ rows, cols, data: object }: Image): Image {
  const side = Math.max(rows, cols)
  const [above, before] = [Math.floor((side - rows) / 2), Math.floor((side - cols) / 2)]
  const data = new Uint8Array(side * side * 4)
  for (let row = 0; row < rows; row++)
    data.set(object.subarray(row * cols * 4, (row + 1) * cols * 4), ((above + row) * side + before) * 4)
  return { rows: side, cols: side, data }
}

function opaquePixels({ data }: Image): Uint8Array {
  const isObject = new Uint8Array(data.length / 4)
  for (let i = 0; i < isObject.length; i++) isObject[i] = data[i * 4 + 3]! >= OPAQUE ? 1 : 0
  return isObject
}

function ownAlpha({ name, path }: OwnPicture, image: Image): Uint8Array {
  const isObject = opaquePixels(image)
  if (isObject.includes(0)) return isObject
  throw new InputError(
    `${path} has no transparency; in the same folder, add a mask called ${name}.mask.png, in which the object is white`,
  )
}

/** Advice for a mask that has the photo's height as its width, and the photo's width as its height. */
const UPRIGHT = 'photos are rotated by their EXIF orientation, so make the mask from the rotated photo'

async function maskOf(
  path: string,
  picture: OwnPicture,
  { rows, cols, data }: Image,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const mask = await readImage(path, signal)
  if (mask.rows !== rows || mask.cols !== cols) {
    const isTurned = mask.rows === cols && mask.cols === rows
    throw new InputError(
      `${path} has ${mask.cols}×${mask.rows} pixels, but ${picture.path} has ${cols}×${rows}; ${isTurned ? UPRIGHT : 'make a mask of the same size'}`,
    )
  }
  const isObject = new Uint8Array(rows * cols)
  for (let i = 0; i < isObject.length; i++) {
    const at = (channel: number) => mask.data[i * 4 + channel]!
    const isWhite = at(3) >= OPAQUE && (at(0) + at(1) + at(2)) / 3 >= OPAQUE
    if (isWhite && data[i * 4 + 3]! >= OPAQUE) isObject[i] = 1
  }
  return isObject
}

interface Box {
  readonly top: number
  readonly left: number
  readonly rows: number
  readonly cols: number
}

function boxAround(isObject: Uint8Array, { rows, cols }: Image): Box | undefined {
  let [top, left, bottom, right] = [rows, cols, -1, -1]
  for (let i = isObject.indexOf(1); i >= 0 && i < isObject.length; i++) {
    if (isObject[i] === 0) continue
    const [row, col] = [Math.floor(i / cols), i % cols]
    top = Math.min(top, row)
    bottom = Math.max(bottom, row)
    left = Math.min(left, col)
    right = Math.max(right, col)
  }
  return bottom < 0 ? undefined : { top, left, rows: bottom - top + 1, cols: right - left + 1 }
}
