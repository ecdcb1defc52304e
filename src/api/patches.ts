import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { checkOptions, kinds } from '../checkedOptions.js'
import { InputError, throwIfStopped, UsageError } from '../errors.js'
import { makeWritableFolder, writeFileAtomic } from '../files/atomic.js'
import { sha256 } from '../files/sha256.js'
import {
  type CocoAnnotation,
  type CocoImage,
  type CocoIndex,
  RULES,
  type Rule,
  readCocoIndex,
} from '../patches/cocoAnnotations.js'
import { findImage, readImageFile } from '../patches/cocoImage.js'
import { type CocoChoice, chooseObjects, cutOut, PAPER_CLASSES, PAPER_PER_CLASS } from '../patches/cocoPatches.js'
import { builtInPatches, patchesFrom } from '../patches/collection.js'
import { readImage } from '../patches/image.js'
import { ASPECTS, type Aspect, cutFree, ownPictures } from '../patches/ownPatches.js'
import {
  MAX_PATCH_SIZE,
  type ManifestPatch,
  type PatchFailure,
  storePatch,
  writeManifest,
} from '../patches/patchFolder.js'
import { resizeBilinear, resizeVisible } from '../patches/resize.js'
import { messageLine } from '../printable.js'
import { type Progress, type ProgressListener, progressTo } from '../progress.js'
import { contactSheet } from '../report/contactSheet.js'
import { fetchImages, imageHosts } from './cocoImages.js'

export interface CocoPatchesOptions {
  /** Annotation file of COCO's "instances" form. */
  readonly annotations: string
  /** Folder of its images; `images` in the folder of the patches by default, which --download fills. */
  readonly images?: string
  /** Folder for the patches and their manifest. */
  readonly out: string
  /** Names of COCO's categories; the paper's ten by default. */
  readonly classes?: readonly string[]
  /** Patches of each class, 20 by default. */
  readonly perClass?: number
  /** Sides of the squares that are made, 75 and 125 by default. */
  readonly sizes?: readonly number[]
  /** authors (default): the first annotation of the class in an image; largest: the largest that is not a crowd. */
  readonly rule?: Rule
  /** Fetch the images that are needed and not there, from COCO's own host. */
  readonly download?: boolean
  /** Names or addresses of further hosts that the annotation file may have images fetched from. */
  readonly imageHosts?: readonly string[]
  readonly onProgress?: ProgressListener
  readonly signal?: AbortSignal
}

/** A folder of patches that was made. */
export interface PatchFolder {
  readonly manifest: string
  readonly patches: readonly ManifestPatch[]
  /** What was chosen but could not be made, and was not replaced by anything else. */
  readonly failed: readonly PatchFailure[]
}

/**
 * Cuts the paper's objects out of COCO's images by the authors' rule. An object that cannot be made is named in
 * `failed` and in the manifest; the next candidate does not take its place. An image is fetched from COCO's own host, or from
 * one that was named, and gets a name, made from its id, once it has been found to be what the annotation file says.
 * @throws UsageError for a class or rule that is not known, or what is no host; InputError for the annotation file; OutputError;
 * the signal's reason
 */
export async function cocoPatches(options: CocoPatchesOptions): Promise<PatchFolder> {
  checkOptions(options, {
    required: { annotations: kinds.text, out: kinds.text },
    optional: {
      ...{ images: kinds.text, classes: kinds.texts, perClass: kinds.number, sizes: kinds.numbers, rule: kinds.text },
      ...{ download: kinds.flag, imageHosts: kinds.texts, onProgress: kinds.callback, signal: kinds.signal },
    },
  })
  const { classes = PAPER_CLASSES, perClass = PAPER_PER_CLASS, rule = 'authors', signal } = options
  const progress = progressTo(options.onProgress)
  const { annotations, sizes = [75, 125], out } = options
  if (!RULES.includes(rule)) throw new UsageError(`rule ${rule} is not known; use ${RULES.join(' or ')}`)
  if (options.images === undefined && !options.download) {
    throw new UsageError('name the folder of the images with `images`, or fetch them with `download`')
  }
  checkSizes(sizes)
  const hosts = imageHosts(options.imageHosts)
  const images = options.images ?? join(out, 'images')
  const index = await readIndex(annotations, rule, progress, signal)
  const choices = chooseObjects(index, classes, perClass)
  await makeWritableFolder(out)
  noteShortage(choices, classes, perClass, progress)
  const missing = options.download
    ? await fetchImages(choices, images, { hosts, progress, signal })
    : new Map<number, string>()
  const patches: ManifestPatch[] = []
  const failed: PatchFailure[] = []
  progress.start('patches', choices.length)
  for (const choice of choices) {
    throwIfStopped(signal)
    try {
      const { name, category, annotation, image } = choice
      if (image === undefined) throw new Error(`the file does not describe its image ${annotation.imageId}`)
      const unfetched = missing.get(image.id)
      if (unfetched !== undefined) throw new Error(unfetched)
      const bytes = await readImageFile((await findImage(images, image))?.path, image)
      const stored = await storePatch(out, name, await cutOut(index, annotation, image, bytes), sizes, resizeBilinear)
      patches.push({ ...stored, category, ...originOf(annotation, image, bytes) })
    } catch (error) {
      failed.push({ name: choice.name, reason: `annotation ${choice.annotation.id}: ${reasonOf(error)}` })
    }
    progress.update(patches.length + failed.length)
  }
  progress.stop()
  const origin = { kind: 'coco', annotations: basename(annotations), rule, classes, perClass }
  return { manifest: await writeManifest(out, origin, patches, failed), patches, failed }
}

async function readIndex(
  path: string,
  rule: Rule,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<CocoIndex> {
  const bytes = await stat(path).then(
    ({ size }) => size,
    () => 0,
  )
  progress.start('annotations', bytes, { unit: 'bytes', before: 0 })
  try {
    return await readCocoIndex(path, rule, (read) => {
      throwIfStopped(signal)
      progress.update(read)
    })
  } finally {
    progress.stop()
  }
}

function checkSizes(sizes: readonly number[]): void {
  const wrong = sizes.find((size) => !Number.isInteger(size) || size < 1 || size > MAX_PATCH_SIZE)
  if (wrong !== undefined)
    throw new UsageError(`size ${wrong} is not a whole number from 1 to ${MAX_PATCH_SIZE}; use \`sizes 75,125\``)
}

function noteShortage(
  choices: readonly CocoChoice[],
  classes: readonly string[],
  perClass: number,
  progress: Progress,
) {
  for (const name of new Set(classes)) {
    const found = choices.filter(({ category }) => category === name).length
    if (found < perClass) progress.note(`${name}: only ${found} of ${perClass} objects fulfil the rule`)
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

/** Only errors of the object itself; others, such as a full disk, end the work. */
function reasonOf(error: unknown): string {
  if (error instanceof InputError) return error.message
  if (error instanceof Error && error.constructor === Error && !('code' in error)) return messageLine(error.message)
  throw error
}

export interface OwnPatchesOptions {
  /** Folder of pictures with transparency, or of photos with NAME.mask.png beside NAME.jpg. */
  readonly pictures: string
  /** Folder for the patches and their manifest. */
  readonly out: string
  /** Sides of the squares that are made, 75 and 125 by default. */
  readonly sizes?: readonly number[]
  /** stretch (default): as the paper's; pad: transparent margins keep the proportions. */
  readonly aspect?: Aspect
  /** Class of all of them. */
  readonly category?: string
  readonly onProgress?: ProgressListener
  readonly signal?: AbortSignal
}

/**
 * Makes patches of anybody's own pictures: each trimmed to its object, with a hard mask.
 * @throws UsageError; InputError if the folder has no pictures; OutputError; the signal's reason. A picture of which no
 * patch can be made is named in `failed`.
 */
export async function ownPatches(options: OwnPatchesOptions): Promise<PatchFolder> {
  checkOptions(options, {
    required: { pictures: kinds.text, out: kinds.text },
    optional: {
      ...{ sizes: kinds.numbers, aspect: kinds.text, category: kinds.text },
      ...{ onProgress: kinds.callback, signal: kinds.signal },
    },
  })
  const { pictures: folder, out, sizes = [75, 125], aspect = 'stretch', category, signal } = options
  const progress = progressTo(options.onProgress)
  if (!ASPECTS.includes(aspect)) throw new UsageError(`aspect ${aspect} is not known; use ${ASPECTS.join(' or ')}`)
  checkSizes(sizes)
  if (resolve(folder) === resolve(out))
    throw new UsageError(`${out} holds the pictures; choose another folder with \`out\``)
  const { pictures, failed: refused } = await ownPictures(folder)
  await makeWritableFolder(out)
  const patches: ManifestPatch[] = []
  const failed: PatchFailure[] = [...refused]
  progress.start('patches', pictures.length + refused.length)
  for (const picture of pictures) {
    throwIfStopped(signal)
    try {
      const image = await cutFree(picture, aspect, signal)
      const stored = await storePatch(out, picture.name, image, sizes, resizeVisible)
      patches.push({ ...stored, ...(category !== undefined && { category }) })
    } catch (error) {
      throwIfStopped(signal)
      failed.push({ name: picture.name, reason: reasonOf(error) })
    }
    progress.update(patches.length + failed.length)
  }
  progress.stop()
  if (patches.length === 0)
    throw new InputError(`no patch could be made of ${folder}: ${failed.map(({ reason }) => reason).join('; ')}`)
  return { manifest: await writeManifest(out, { kind: 'images', aspect }, patches, failed), patches, failed }
}

/** A patch that a study would take. */
export interface ListedPatch {
  readonly name: string
  readonly category: string | null
  readonly path: string
  readonly rows: number
  readonly cols: number
  /** Share of pixels that are the object's. */
  readonly opaque: number
}

/**
 * What `reproduce` would study: the built-in patches (all, or those that are named: `dog,car`), or those of a folder or manifest.
 * @param sheet path of a PNG to write that shows all of them
 */
export async function listPatches(
  path?: string,
  sheet?: string,
  signal?: AbortSignal,
): Promise<readonly ListedPatch[]> {
  const sources = path === undefined ? await builtInPatches() : await patchesFrom(path)
  const listed: ListedPatch[] = []
  for (const { name, category = null, path } of sources) {
    const { rows, cols, data } = await readImage(path, signal)
    let opaque = 0
    for (let i = 3; i < data.length; i += 4) if ((data[i] as number) >= 128) opaque++
    listed.push({ name, category, path, rows, cols, opaque: opaque / (rows * cols) })
  }
  if (sheet !== undefined) await writeFileAtomic(sheet, await contactSheet(sources, signal))
  return listed
}
