import { basename, join } from 'node:path'
import { InputError, InterruptedError, UsageError } from '../errors.js'
import { makeWritableFolder } from '../files/atomic.js'
import { sha256OfFile } from '../files/sha256.js'
import { RULES, type Rule, readCocoIndex } from '../patches/cocoAnnotations.js'
import {
  type CocoChoice,
  chooseObjects,
  cutOut,
  imagePath,
  PAPER_CLASSES,
  PAPER_PER_CLASS,
} from '../patches/cocoPatches.js'
import { type ManifestPatch, type PatchFailure, storePatch, writeManifest } from '../patches/patchFolder.js'
import { type Progress, silent } from '../progress.js'
import { fetchImages } from './cocoImages.js'

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
  /** Fetch the images that are needed and not there. */
  readonly download?: boolean
  readonly progress?: Progress
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
 * `failed` and in the manifest; the next candidate does not take its place.
 * @throws UsageError for a class or rule that is not known; InputError for the annotation file; OutputError;
 * InterruptedError
 */
export async function cocoPatches(options: CocoPatchesOptions): Promise<PatchFolder> {
  const { classes = PAPER_CLASSES, perClass = PAPER_PER_CLASS, rule = 'authors', progress = silent, signal } = options
  const { annotations, sizes = [75, 125], out } = options
  if (!RULES.includes(rule)) throw new UsageError(`rule ${rule} is not known; use ${RULES.join(' or ')}`)
  if (options.images === undefined && !options.download) {
    throw new UsageError('name the folder of the images with --images, or fetch them with --download')
  }
  checkSizes(sizes)
  const images = options.images ?? join(out, 'images')
  progress.note(`reading ${annotations}`)
  const index = await readCocoIndex(annotations, rule)
  const choices = chooseObjects(index, classes, perClass)
  await makeWritableFolder(out)
  noteShortage(choices, classes, perClass, progress)
  const missing = options.download ? await fetchImages(choices, images, progress, signal) : new Map<number, string>()
  const patches: ManifestPatch[] = []
  const failed: PatchFailure[] = []
  progress.start('patches', choices.length)
  for (const choice of choices) {
    if (signal?.aborted) throw new InterruptedError()
    try {
      const unfetched = missing.get(choice.annotation.imageId)
      if (unfetched !== undefined) throw new Error(unfetched)
      const path = choice.image === undefined ? '' : imagePath(images, choice.image)
      const image = await cutOut(index, choice, path)
      patches.push({ ...(await storePatch(out, choice.name, image, sizes)), ...(await originOf(choice, path)) })
    } catch (error) {
      failed.push({ name: choice.name, reason: `annotation ${choice.annotation.id}: ${reasonOf(error)}` })
    }
    progress.update(patches.length + failed.length)
  }
  progress.stop()
  const origin = { kind: 'coco', annotations: basename(annotations), rule, classes, perClass }
  return { manifest: await writeManifest(out, origin, patches, failed), patches, failed }
}

function checkSizes(sizes: readonly number[]): void {
  const wrong = sizes.find((size) => !Number.isInteger(size) || size < 1 || size > 4096)
  if (wrong !== undefined)
    throw new UsageError(`size ${wrong} is not a whole number from 1 to 4096; use --sizes 75,125`)
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

async function originOf({ category, annotation, image }: CocoChoice, path: string): Promise<object> {
  return {
    category,
    image: annotation.imageId,
    annotation: annotation.id,
    licence: image?.licence ?? null,
    url: image?.url ?? null,
    imageSha256: await sha256OfFile(path),
  }
}

/** Only errors of the object itself; others, such as a full disk, end the work. */
function reasonOf(error: unknown): string {
  const isOfObject = error instanceof InputError || (error instanceof Error && error.constructor === Error)
  if (!isOfObject || 'code' in (error as Error)) throw error
  return (error as Error).message
}
