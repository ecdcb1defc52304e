import { readdir } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { InputError } from '../errors.js'
import { isPicture } from './collection.js'
import { type Image, readImage } from './image.js'

/** Whether an object is stretched to a square, or made square by transparent margins. */
export const ASPECTS = ['stretch', 'pad'] as const
export type Aspect = (typeof ASPECTS)[number]

/** A pixel is the object's from this alpha on. */
const OPAQUE = 128

/** A picture of an object: with transparency, or a photo with its mask beside it. */
export interface OwnPicture {
  readonly name: string
  readonly path: string
  readonly mask?: string
}

/**
 * The pictures of a folder, by name. NAME.mask.png (or another kind of picture) is the mask of the picture NAME.
 * @throws InputError if there are none, or a mask has no picture
 */
export async function ownPictures(folder: string): Promise<readonly OwnPicture[]> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`cannot read ${folder}: ${error.code === 'ENOTDIR' ? 'not a folder' : 'no such folder'}`)
  })
  const names = entries.filter(isPicture).sort()
  const isMask = (name: string) => parse(parse(name).name).ext === '.mask'
  const masks = new Map(names.filter(isMask).map((name) => [parse(parse(name).name).name, name]))
  const pictures = names.filter((name) => !isMask(name)).map((file) => ({ name: parse(file).name, file }))
  if (pictures.length === 0) throw new InputError(`no pictures in ${folder}; put PNG, WebP or SVG files there`)
  const stray = [...masks].find(([name]) => !pictures.some((picture) => picture.name === name))
  if (stray) throw new InputError(`${join(folder, stray[1])} is the mask of no picture ${stray[0]}; rename one of them`)
  const twice = pictures.find(({ name }, i) => pictures.findIndex((other) => other.name === name) < i)
  if (twice) throw new InputError(`${folder} has two pictures named ${twice.name}; rename one`)
  return pictures.map(({ name, file }) => {
    const mask = masks.get(name)
    return { name, path: join(folder, file), ...(mask !== undefined && { mask: join(folder, mask) }) }
  })
}

/**
 * An object alone: the smallest box around its pixels (alpha of 128 or more, or white in the mask), with alpha 0 or 255.
 * Margins that make it square repeat the colours at its edge, so that these do not change when it is resized.
 * @throws InputError if a file is damaged, the mask is of another size, or nothing or everything is transparent
 */
export async function cutFree(picture: OwnPicture, aspect: Aspect): Promise<Image> {
  const image = await readImage(picture.path)
  const isObject = picture.mask === undefined ? ownAlpha(picture, image) : await maskOf(picture.mask, picture, image)
  const box = boxAround(isObject, image)
  if (box === undefined)
    throw new InputError(`${picture.mask ?? picture.path} shows no object: it has no opaque pixels`)
  const { top, left, rows, cols } = box
  const side = Math.max(rows, cols)
  const [outRows, outCols] = aspect === 'pad' ? [side, side] : [rows, cols]
  const [above, before] = [Math.floor((outRows - rows) / 2), Math.floor((outCols - cols) / 2)]
  const data = new Uint8Array(outRows * outCols * 4)
  for (let row = 0; row < outRows; row++) {
    for (let col = 0; col < outCols; col++) {
      const y = Math.min(Math.max(row - above, 0), rows - 1)
      const x = Math.min(Math.max(col - before, 0), cols - 1)
      const isMargin = y !== row - above || x !== col - before
      const source = (top + y) * image.cols + left + x
      const target = (row * outCols + col) * 4
      data.set(image.data.subarray(source * 4, source * 4 + 3), target)
      data[target + 3] = !isMargin && isObject[source] ? 255 : 0
    }
  }
  return { rows: outRows, cols: outCols, data }
}

function ownAlpha({ name, path }: OwnPicture, { data }: Image): Uint8Array {
  const isObject = Uint8Array.from({ length: data.length / 4 }, (_, i) =>
    (data[i * 4 + 3] as number) >= OPAQUE ? 1 : 0,
  )
  if (isObject.includes(0)) return isObject
  throw new InputError(`${path} has no transparency; put its mask beside it as ${name}.mask.png, white on the object`)
}

async function maskOf(path: string, picture: OwnPicture, { rows, cols }: Image): Promise<Uint8Array> {
  const mask = await readImage(path)
  if (mask.rows !== rows || mask.cols !== cols) {
    throw new InputError(
      `${path} is of ${mask.cols}×${mask.rows} pixels, ${picture.path} of ${cols}×${rows}; make the mask of the same size`,
    )
  }
  return Uint8Array.from({ length: rows * cols }, (_, i) => {
    const [red, green, blue, alpha] = mask.data.subarray(i * 4, i * 4 + 4) as unknown as [
      number,
      number,
      number,
      number,
    ]
    return alpha >= OPAQUE && (red + green + blue) / 3 >= OPAQUE ? 1 : 0
  })
}

function boxAround(isObject: Uint8Array, { rows, cols }: Image) {
  let [top, left, bottom, right] = [rows, cols, -1, -1]
  for (const [i, object] of isObject.entries()) {
    if (object === 0) continue
    const [row, col] = [Math.floor(i / cols), i % cols]
    top = Math.min(top, row)
    bottom = Math.max(bottom, row)
    left = Math.min(left, col)
    right = Math.max(right, col)
  }
  return bottom < 0 ? undefined : { top, left, rows: bottom - top + 1, cols: right - left + 1 }
}
