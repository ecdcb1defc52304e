import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InputError, RUN_AGAIN } from '../errors.js'
import { measureFeatures } from '../experiments/featureMeasures.js'
import type { NpyArray } from '../files/npy.js'
import { unitWithArrays } from '../results/store/openUnit.js'
import { isResultsFolder } from '../results/store/resultsFolder.js'
import { siteFeatureBytes } from '../results/store/siteFeatures.js'
import type { UnitArray } from '../results/unit/arrays.js'
import { assembleUnit, type LayerParts, NOT_CLASSIFIED } from '../results/unit/assemble.js'
import { UNIT_FORMAT, type UnitInputs } from '../results/unit/schema.js'
import {
  arrayFile,
  descriptionSchema,
  EXTRACT_FILE,
  type ExtractionDescription,
  layersOfFeatures,
  readDescription,
} from './extractFile.js'
import type { ViewedExtraction } from './extractionPage.js'
import { type AnchoredFeatures, openAnchored, openFeatures } from './features.js'
import { checkDrawable } from './similarityPicture.js'

/**
 * Largest size in bytes of a layer's features in a page. A browser holds them in memory. For larger layers, the page
 * has only the maps of the five anchors.
 */
export const MOST_FEATURE_BYTES = 400e6

export function fitsPage(positions: number, dims: number): boolean {
  return siteFeatureBytes(positions, dims) <= MOST_FEATURE_BYTES
}

/** Feature files that belong together, and the extract.json that describes them. */
interface FoundArrays {
  readonly files: readonly ArrayFile[]
  readonly folder: string
  readonly description: ExtractionDescription | undefined
  /** Whether every file must match extract.json: true for a folder, false for a single file. */
  readonly isWhole: boolean
  /** Default folder of the page. */
  readonly out: string
}

interface ArrayFile {
  readonly name: string
  readonly path: string
}

/** Finds the feature files of a folder, or a single one. */
export async function findArrays(source: string): Promise<FoundArrays> {
  const status = await stat(source).catch((error: NodeJS.ErrnoException) => {
    const cause = error.code === 'ENOENT' ? 'no such file or folder' : error.message
    throw new InputError(
      `cannot read ${source}: ${cause}; give a .npy file, or a folder that the extract command wrote`,
    )
  })
  if (!status.isDirectory()) return findFile(source)
  const description = await readDescription(source)
  const layers = description?.layers
  if (layers === undefined) {
    const cause = (await isResultsFolder(source))
      ? `is a results folder, whose page is ${join(source, 'index.html')}`
      : `has ${description ? 'no layers in its' : 'no'} ${EXTRACT_FILE}`
    throw new InputError(`${source} ${cause}; give a folder that the extract command wrote, or a .npy file`)
  }
  const files = layersOfFeatures(layers, description?.answers, source).map(({ name }) => ({
    name,
    path: join(source, arrayFile(name)),
  }))
  return { files, folder: source, description, isWhole: true, out: source }
}

async function findFile(path: string): Promise<FoundArrays> {
  const [folder, file] = [dirname(path), basename(path)]
  const description = await readDescription(folder)
  const layer = description?.layers?.find(({ name }) => arrayFile(name) === file)
  return {
    files: [{ name: layer?.name ?? file, path }],
    folder,
    description,
    isWhole: false,
    out: file.endsWith('.npy') && file !== '.npy' ? join(folder, basename(file, '.npy')) : `${path}-page`,
  }
}

/** The measures of one layer. Its features are not kept, to save memory. */
interface MeasuredFile {
  readonly file: ArrayFile
  readonly rows: number
  readonly cols: number
  readonly stride: number
  readonly described: AnchoredFeatures['described']
  readonly moved: AnchoredFeatures['moved']
  readonly parts: LayerParts
}

/** Reads and measures one layer after the other, so that only one layer's features are in memory at a time. */
export async function readExtraction(
  arrays: FoundArrays,
  onLayer: (layers: number) => void,
): Promise<ViewedExtraction> {
  const files: MeasuredFile[] = []
  for (const file of arrays.files) {
    files.push(await measureFile(file, arrays))
    onLayer(files.length)
  }
  return asUnit(arrays, files as [MeasuredFile, ...MeasuredFile[]])
}

async function measureFile(file: ArrayFile, { folder, description, isWhole }: FoundArrays): Promise<MeasuredFile> {
  const { name, path } = file
  const features = await openAnchored(path)
  const { rows, cols, dims, stride, described, moved } = features
  checkDrawable({ name: path, rows, cols })
  if (isWhole && described === undefined)
    throw new InputError(
      `${path} has shape (${rows}, ${cols}, ${dims}), which does not match ${join(folder, EXTRACT_FILE)}; run the extract command again`,
    )
  const answers = described && description?.answers
  const measures = await measureFeatures(features, answers?.layer === name ? answers.scores : undefined)
  return { file, rows, cols, stride, described, moved, parts: { name, dims, ...NOT_CLASSIFIED, ...measures } }
}

function asUnit(
  { folder, description }: FoundArrays,
  files: readonly [MeasuredFile, ...MeasuredFile[]],
): ViewedExtraction {
  const [{ rows, cols, stride, described, moved }] = files
  // Without a description, one step of the grid counts as one pixel.
  const pixels = { stride, size: 1, rows, cols, frame: Math.max(rows, cols) }
  const known = (described && description) ?? descriptionSchema.parse(pixels)
  const { model, weightsSha256, patch, patchSha256, background, blend, size, frame, answers } = known
  const inputs: UnitInputs = {
    format: UNIT_FORMAT,
    model,
    weightsSha256,
    patch,
    patchSha256,
    background,
    blend,
    size,
    stride,
    category: null,
    separability: null,
    keepsFeatures: true,
    layers: files.map(({ parts }) => parts.name),
  }
  const parts = files.map((file) => file.parts)
  const { unit, arrays } = assembleUnit(inputs, { rows, cols, frame }, parts, answers?.names)
  const read = async ({ kind, layer, shape }: UnitArray): Promise<NpyArray | undefined> => {
    if (kind === 'maps') return { shape, data: arrays.maps }
    if (kind !== 'features') return { shape, data: arrays[kind]![layer]! }
    const { file, parts } = files[layer]!
    return fitsPage(rows * cols, parts.dims) ? readAgain(file, shape) : undefined
  }
  return {
    isDescribed: described !== undefined,
    moved,
    pictures: folder,
    unit: unitWithArrays(folder, { ...unit, arrays: {} }, read),
  }
}

async function readAgain({ path }: ArrayFile, shape: readonly number[]): Promise<NpyArray> {
  const { rows, cols, dims, matrix } = await openFeatures(path)
  if ([rows, cols, dims].join() !== shape.join())
    throw InputError.of`${path} changed while it was being read; ${RUN_AGAIN}`
  return { shape, data: matrix }
}
