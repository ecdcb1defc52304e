import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { InputError, throwIfStopped, UsageError } from '../errors.js'
import { makeWritableFolder } from '../files/atomic.js'
import { sha256 } from '../files/sha256.js'
import type { Wording } from '../message.js'
import { type Progress, type ProgressListener, progressTo } from '../progress.js'
import { callback, type GivenOptions, parseOptions, schemas } from '../support/optionChecks.js'
import { counted } from '../support/text.js'
import {
  type CocoAnnotation,
  type CocoImage,
  type CocoIndex,
  readCocoIndex,
  readSegmentation,
} from './cocoAnnotations.js'
import { fetchImages, imageHosts } from './cocoDownload.js'
import { findImage, readImageFile, storedPixels } from './cocoImage.js'
import { cocoMask } from './cocoMask.js'
import type { Image } from './image.js'
import {
  checkSizes,
  type ManifestPatch,
  madePatches,
  type PatchFolder,
  reasonOf,
  storePatch,
  writePatchManifest,
} from './patchFolder.js'
import type { Mask } from './polygonMask.js'
import { resizeBilinear, roundHalfToEven } from './resize.js'

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

export const PAPER_PER_CLASS = 20

const OPTIONS = {
  /** Path of an annotation file in COCO's "instances" format. */
  annotations: z.string(),
  /** Folder to write the patches and manifest.json to. */
  out: z.string(),
  /**
   * Folder of the images. You must name it unless `download` is true. With `download`, the default is the folder
   * `images` inside `out`.
   */
  images: z.string().exactOptional(),
  /** Names of the classes of objects, as COCO spells them; by default the ten classes of the paper. */
  classes: z.array(z.string()).readonly().default(PAPER_CLASSES),
  /** Number of objects per class; 20 by default. */
  perClass: z.number().default(PAPER_PER_CLASS),
  /** Sides of the square patches in pixels; `[75, 125]` by default. */
  sizes: z.array(z.number()).readonly().superRefine(checkSizes).default([75, 125]),
  /** Download missing images from COCO's host; false by default. */
  download: z.boolean().default(false),
  /** More hosts that images may be downloaded from, by name or IP address. */
  imageHosts: z.array(z.string()).readonly().exactOptional(),
  onProgress: callback<ProgressListener>().exactOptional(),
  /** Stops the work; the call rejects with the signal's reason. */
  signal: schemas.signal.exactOptional(),
}

/** Options of `cocoPatches`. */
export interface CocoPatchesOptions extends GivenOptions<typeof OPTIONS> {}

/**
 * Cuts objects out of COCO's images, by default the objects of the paper. If an object cannot be cut out, it is listed
 * in `failed` and in the manifest, and no other object replaces it. With `download`, only images that
 * match the annotation file are kept.
 * @throws UsageError for invalid options, such as an unknown class
 * @throws InputError if the annotation file is missing or damaged
 * @throws OutputError if `out` cannot be written
 */
export async function cocoPatches(options: CocoPatchesOptions): Promise<PatchFolder> {
  const { annotations, out, classes, perClass, sizes, download, signal } = parseOptions(options, OPTIONS)
  const progress = progressTo(options.onProgress)
  if (options.images === undefined && !download) {
    throw UsageError.of`no images are given; name their folder with \`images\`, or fetch them with \`download\``
  }
  const hosts = imageHosts(options.imageHosts)
  const images = options.images ?? join(out, 'images')
  const index = await readIndex(annotations, progress, signal)
  const choices = chooseObjects(index, classes, perClass)
  await makeWritableFolder(out)
  noteShortage(choices, classes, perClass, progress)
  const missing = download
    ? await fetchImages(
        choices.flatMap(({ image }) => image ?? []),
        images,
        { hosts, progress, signal },
      )
    : new Map<number, Wording>()
  const make = async ({ name, category, annotation, image }: CocoChoice): Promise<ManifestPatch> => {
    if (image === undefined) throw new InputError(`the annotation file has no entry for image ${annotation.imageId}`)
    const unfetched = missing.get(image.id)
    if (unfetched !== undefined) throw new InputError(unfetched)
    const bytes = await readImageFile((await findImage(images, image))?.path, image)
    const stored = await storePatch(out, name, await cutOut(index, annotation, image, bytes), sizes, resizeBilinear)
    return { ...stored, category, ...originOf(annotation, image, bytes) }
  }
  const makeNamed = (choice: CocoChoice) =>
    make(choice).catch((error: unknown) => {
      throw InputError.of`annotation ${choice.annotation.id}: ${reasonOf(error)}`
    })
  const { patches, failed } = await madePatches(choices, makeNamed, { progress, signal })
  const origin = { kind: 'coco', annotations: basename(annotations), classes, perClass }
  return { manifest: await writePatchManifest(out, origin, patches, failed), patches, failed }
}

async function readIndex(path: string, progress: Progress, signal: AbortSignal | undefined): Promise<CocoIndex> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0
  progress.start('annotations', size, { unit: 'bytes', before: 0 })
  try {
    return await readCocoIndex(path, (read) => {
      throwIfStopped(signal)
      progress.update(read)
    })
  } finally {
    progress.stop()
  }
}

function noteShortage(
  choices: readonly CocoChoice[],
  classes: readonly string[],
  perClass: number,
  progress: Progress,
) {
  for (const name of new Set(classes)) {
    const found = choices.filter(({ category }) => category === name).length
    if (found < perClass)
      progress.note(`class ${name}: wanted ${counted(perClass, 'object')}, but the annotations have only ${found}`)
  }
}

function originOf({ id }: CocoAnnotation, image: CocoImage, bytes: Uint8Array): object {
  return {
    image: image.id,
    annotation: id,
    licence: image.licence ?? null,
    url: image.url ?? null,
    imageSha256: sha256(bytes),
  }
}

/**
 * An object is skipped if both sides of its box are shorter than this, in pixels. It is half of the paper's smaller
 * patch size.
 */
const LEAST_SIDE = 37.5

export interface CocoChoice {
  readonly name: string
  readonly category: string
  readonly annotation: CocoAnnotation
  /** The image that shows the object; undefined if the annotation file does not list this image. */
  readonly image: CocoImage | undefined
}

/**
 * Chooses objects as the paper's authors did. For each class, it goes through the images by ascending id and takes the
 * class's annotation, unless both sides of its box are small.
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

/** Cuts out the object's box, with alpha 255 inside the object's outline and 0 outside. */
async function cutOut(
  index: CocoIndex,
  annotation: CocoAnnotation,
  image: CocoImage,
  bytes: Uint8Array,
): Promise<Image> {
  if (annotation.box === undefined) throw new InputError('its bbox is not four numbers')
  // The image is decoded before memory is allocated for the mask. This proves that the image really has the size that
  // the annotation file states, which is also the mask's size.
  const rgb = await storedPixels(bytes, image, `its image ${image.file}`)
  const mask = cocoMask(await readSegmentation(index, annotation), image.rows, image.cols)
  const cut = cropped(rgb, mask, annotation.box)
  if (cut.rows === 0 || cut.cols === 0) throw new InputError('its box holds no pixels')
  if (!cut.data.some((value, i) => i % 4 === 3 && value > 0)) throw new InputError('its mask holds no pixels')
  return cut
}

/**
 * Crops the picture to the box. Its x, y, width and height are rounded half to even before x + width and y + height
 * are computed. Parts of the box outside the picture are cut off.
 */
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
      data[target + 3] = 255 * mask.columns[(left + col) * mask.rows + top + row]!
    }
  }
  return { rows, cols, data }
}
