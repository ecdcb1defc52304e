import { isAbsolute, relative, resolve, sep } from 'node:path'
import sharp from 'sharp'
import { UsageError } from '../errors.js'
import { readRegular } from '../files/regularFile.js'
import { type CocoAnnotation, type CocoImage, type CocoIndex, readSegmentation } from './cocoAnnotations.js'
import { cocoMask } from './cocoMask.js'
import { type Image, MAX_PIXELS } from './image.js'
import { pictureFormat } from './pictureFormat.js'
import type { Mask } from './runLengthMask.js'

/** The paper's classes. */
export const PAPER_CLASSES = [
  'car',
  'airplane',
  'boat',
  'dog',
  'bird',
  'zebra',
  'orange',
  'banana',
  'clock',
  'laptop',
] as const

/** The paper's number of patches a class. */
export const PAPER_PER_CLASS = 20

/** An object is passed over if its box is narrower and lower than this: half of the smaller patch. */
const LEAST_SIDE = 37.5

/** An object that was chosen, not yet cut out. */
export interface CocoChoice {
  readonly name: string
  readonly category: string
  readonly annotation: CocoAnnotation
  /** Undefined: the file does not describe it. */
  readonly image: CocoImage | undefined
}

/**
 * The objects of the paper's rule: for each class its images by ascending id, in each the annotation that stands for the
 * class, unless its box is small on both sides, until there are enough.
 * @throws UsageError for a class that the file does not have
 */
export function chooseObjects(
  { path, categories, images, annotations }: CocoIndex,
  classes: readonly string[] = PAPER_CLASSES,
  perClass: number = PAPER_PER_CLASS,
): readonly CocoChoice[] {
  return [...new Set(classes)].flatMap((category) => {
    const id = categories.get(category)
    if (id === undefined) {
      throw new UsageError(`${path} has no class ${category}; it has ${[...categories.keys()].join(', ')}`)
    }
    return [...(annotations.get(id)?.values() ?? [])]
      .sort((a, b) => a.imageId - b.imageId)
      .filter(({ box }) => box === undefined || box[2] >= LEAST_SIDE || box[3] >= LEAST_SIDE)
      .slice(0, perClass)
      .map((annotation) => ({
        name: `${category.replace(/[^\p{L}\p{N}]+/gu, '-')}-${annotation.id}`,
        category,
        annotation,
        image: images.get(annotation.imageId),
      }))
  })
}

/**
 * Where an image of an annotation file lies below a folder.
 * @throws Error if its name leads out of the folder
 */
export function imagePath(folder: string, { file }: CocoImage): string {
  const path = resolve(folder, file)
  const way = relative(resolve(folder), path)
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) || isAbsolute(file)) {
    throw new Error(`its file_name ${file} leads out of the folder of images`)
  }
  return path
}

/**
 * Cuts an object out of its image: the pixels of its box, alpha 255 inside its outline and 0 outside.
 * @param path the image's file
 * @throws Error that says what is wrong with the image, the box or the outline
 */
export async function cutOut(index: CocoIndex, choice: CocoChoice, path: string): Promise<Image> {
  const { annotation, image } = choice
  if (image === undefined) throw new Error(`the file does not describe its image ${annotation.imageId}`)
  if (annotation.box === undefined) throw new Error('its bbox is not four numbers')
  // The picture first: only a real one may decide how much memory its mask takes.
  const rgb = await storedPixels(path, image)
  const mask = cocoMask(await readSegmentation(index, annotation), image.rows, image.cols)
  const cut = cropped(rgb, mask, annotation.box)
  if (cut.rows === 0 || cut.cols === 0) throw new Error('its box holds no pixels')
  if (!cut.data.some((value, i) => i % 4 === 3 && value > 0)) throw new Error('its mask holds no pixels')
  return cut
}

/** RGB as the file stores it: neither turned by EXIF nor converted by a colour profile, as OpenCV's users see COCO. */
async function storedPixels(path: string, { file, rows, cols }: CocoImage): Promise<Uint8Array> {
  const bytes = await readRegular(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined) throw new Error(`its image ${file} is not a file`)
    throw new Error(`its image ${file} ${error.code === 'ENOENT' ? 'is not there' : `cannot be read (${error.code})`}`)
  })
  if (['svg', undefined].includes(pictureFormat(bytes))) throw new Error(`its image ${file} is not a picture`)
  const picture = sharp(bytes, { failOn: 'error', ignoreIcc: true, limitInputPixels: MAX_PIXELS })
  const { width, height, space, depth, pages } = await picture.metadata().catch(() => {
    throw new Error(`its image ${file} is not a picture`)
  })
  if (space === 'cmyk') throw new Error(`its image ${file} is CMYK; convert it to RGB`)
  if (depth !== 'uchar') throw new Error(`its image ${file} has more than 8 bits a channel; convert it to 8 bits`)
  if (width !== cols || height !== rows || (pages ?? 1) > 1) {
    throw new Error(`its image ${file} is of ${width}×${height} pixels instead of ${cols}×${rows}`)
  }
  const { data, info } = await picture
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((error: Error) => {
      throw new Error(`its image ${file} is damaged (${error.message.split('\n')[0]})`)
    })
  if (info.channels !== 3) throw new Error(`its image ${file} has ${info.channels} channels`)
  return data
}

/** The box's numbers are rounded, half to even, before they are added; what lies outside the image is cut off. */
function cropped(rgb: Uint8Array, mask: Mask, box: readonly [number, number, number, number]): Image {
  const [x, y, w, h] = box.map(roundHalfToEven) as [number, number, number, number]
  const within = (value: number, most: number) => Math.min(Math.max(value, 0), most)
  const [left, right] = [within(x, mask.cols), within(x + w, mask.cols)]
  const [top, bottom] = [within(y, mask.rows), within(y + h, mask.rows)]
  const [rows, cols] = [Math.max(0, bottom - top), Math.max(0, right - left)]
  const data = new Uint8Array(rows * cols * 4)
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const source = (top + row) * mask.cols + left + col
      const target = (row * cols + col) * 4
      data.set(rgb.subarray(source * 3, source * 3 + 3), target)
      data[target + 3] = 255 * (mask.columns[(left + col) * mask.rows + top + row] as number)
    }
  }
  return { rows, cols, data }
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
