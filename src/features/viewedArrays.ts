import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { availableCores } from '../cores.js'
import { ANCHOR_NAMES } from '../engine/positions.js'
import { InputError } from '../errors.js'
import { ANSWER_MAPS, answersOf } from '../experiments/answers.js'
import { consistency } from '../experiments/consistency.js'
import { featuresAt, similarityMaps } from '../experiments/similarity.js'
import { argmax } from '../native.js'
import type { ViewedExtraction } from '../report/extractionPage.js'
import { checkDrawable } from '../report/similarityPicture.js'
import { siteFeatureBytes } from '../report/viewer/siteFeatures.js'
import { measureLayer } from '../results/measures.js'
import { UNIT_FORMAT, type Unit } from '../results/unit/schema.js'
import { namedAnswers } from '../study/measure.js'
import { arrayFile, EXTRACT_FILE, type ExtractionDescription, readDescription } from './extractFile.js'
import { nearestAnchors, strideOf } from './featureGrid.js'
import { type FeatureMatrix, featureMatrix } from './features.js'

/** Bytes of a layer's features in a page, above which only its five maps are part of it: a browser holds them in memory. */
export const MOST_FEATURE_BYTES = 400e6

/** Whether the features of a layer become part of the page. */
export function fitsPage(positions: number, dims: number): boolean {
  return siteFeatureBytes(positions, dims) <= MOST_FEATURE_BYTES
}

/** Files of features that belong together, and what is known of them. */
interface FoundArrays {
  readonly files: readonly ArrayFile[]
  /** Their folder. */
  readonly folder: string
  readonly description: ExtractionDescription | undefined
  /** Whether the files must be what the description says; a file alone may be another one of the same name. */
  readonly isWhole: boolean
  /** Where the page goes by default. */
  readonly out: string
}

interface ArrayFile {
  /** Of the layer. */
  readonly name: string
  readonly path: string
}

/** @throws InputError for what is neither a file nor a folder that `extract` wrote */
export async function findArrays(source: string): Promise<FoundArrays> {
  const status = await stat(source).catch((error: NodeJS.ErrnoException) => {
    const cause = error.code === 'ENOENT' ? 'no such file or folder' : error.message
    throw new InputError(`cannot read ${source}: ${cause}; give a .npy file, or a folder that extract wrote`)
  })
  if (!status.isDirectory()) return findFile(source)
  const description = await readDescription(source)
  if (description === undefined) {
    const cause = (await isResultsFolder(source))
      ? `is a results folder, whose page is ${join(source, 'index.html')}`
      : `has no ${EXTRACT_FILE}`
    throw new InputError(`${source} ${cause}; give a folder that extract wrote, or a .npy file`)
  }
  const files = description.layers.map(({ name }) => ({ name, path: join(source, arrayFile(name)) }))
  return { files, folder: source, description, isWhole: true, out: source }
}

async function findFile(path: string): Promise<FoundArrays> {
  const [folder, file] = [dirname(path), basename(path)]
  const described = await readDescription(folder).catch(() => undefined)
  const layer = described?.layers.find(({ name }) => arrayFile(name) === file)
  return {
    files: [{ name: layer?.name ?? file, path }],
    folder,
    description: layer && described,
    isWhole: false,
    out: file.endsWith('.npy') && file !== '.npy' ? join(folder, basename(file, '.npy')) : `${path}-page`,
  }
}

/** Whether `reproduce` wrote into a folder. */
export function isResultsFolder(path: string): Promise<boolean> {
  return stat(join(path, 'units')).then(
    (status) => status.isDirectory(),
    () => false,
  )
}

/** A layer's similarity with the anchors, and what of its place is known. */
interface ComparedLayer {
  readonly file: ArrayFile
  readonly rows: number
  readonly cols: number
  readonly placement: (ExtractionDescription & { readonly isDescribed: true }) | undefined
  readonly layer: Unit['layers'][number]
  /** [5, rows, cols] */
  readonly maps: Float32Array
  /** [5, dims] */
  readonly anchorFeatures: Float32Array
  /** [3, rows, cols] of the layer of the classes. */
  readonly answers: Float32Array | undefined
}

/**
 * Compares every position with the anchors. Features of one layer at a time are in memory.
 * @param onLayer called with the number of layers that are compared
 * @throws InputError for a file that is no such array, or not the one that was described, a feature that is all zero or not
 *   finite, or a grid that is too large to be drawn
 */
export async function readExtraction(
  arrays: FoundArrays,
  onLayer: (layers: number) => void,
): Promise<ViewedExtraction> {
  const layers: ComparedLayer[] = []
  for (const file of arrays.files) {
    layers.push(await compareLayer(file, arrays))
    onLayer(layers.length)
  }
  return asUnit(arrays.folder, layers as [ComparedLayer, ...ComparedLayer[]])
}

async function compareLayer(file: ArrayFile, { folder, description, isWhole }: FoundArrays): Promise<ComparedLayer> {
  const { name, path } = file
  const { rows, cols, dims, matrix } = await featureMatrix(path)
  checkDrawable({ name: path, rows, cols })
  const isSame = description?.layers.some((layer) => layer.name === name && layer.dims === dims)
  const grid = isSame ? strideOf(description, rows, cols) : undefined
  if (isWhole && grid === undefined)
    throw new InputError(
      `${path} has shape (${rows}, ${cols}, ${dims}), which ${join(folder, EXTRACT_FILE)} does not say; run extract again`,
    )
  const stride = grid?.stride ?? 1
  const anchors = nearestAnchors(rows, cols, grid).map(({ row, col, ...anchor }) => ({
    ...anchor,
    row: row * stride,
    col: col * stride,
  }))
  const onGrid = { layer: path, matrix, dims, rows, cols, stride, anchors }
  const { maps, anchors: similarity } = await similarityMaps(onGrid, availableCores())
  const anchorFeatures = featuresAt(matrix, dims, anchors)
  const names = grid && description?.answers?.layer === name ? description.answers.names : undefined
  const { answers, ...steady } = await measureAnswers(onGrid, anchorFeatures, names)
  const layer = {
    ...{ name, dims, similarity, separability: {}, baselines: null, answers: answers && namedAnswers(answers, names) },
  }
  return {
    ...{ file, rows, cols, maps, anchorFeatures, answers: answers?.maps },
    placement: grid && description && { ...description, isDescribed: true },
    layer: { ...layer, measures: measureLayer({ ...layer, ...steady, rows, cols, stride, maps, foldErrors: null }) },
  }
}

/** @param names of the classes, if the layer is theirs */
async function measureAnswers(
  { matrix, rows, cols, dims }: Pick<FeatureMatrix, 'matrix' | 'rows' | 'cols' | 'dims'>,
  anchorFeatures: Float32Array,
  names: Readonly<Record<string, string>> | undefined,
) {
  const strongest = await argmax({ features: matrix, rows: rows * cols, dims, threads: availableCores() })
  const center = ANCHOR_NAMES.indexOf('center') * dims
  const answers = names ? answersOf(matrix, strongest, anchorFeatures.subarray(center, center + dims)) : null
  return { consistency: consistency(strongest, { rows, cols }), answers }
}

/** What an array says that nothing describes: each of its positions is a pixel. */
const UNKNOWN = {
  ...{ model: 'unknown network', weightsSha256: '', patch: 'unknown patch', patchSha256: '', background: '' },
  ...{ blend: 'hard' as const, size: 1, stride: 1, isDescribed: false },
}

function asUnit(folder: string, layers: readonly [ComparedLayer, ...ComparedLayer[]]): ViewedExtraction {
  const [{ rows, cols, placement }] = layers
  const known = placement ?? { ...UNKNOWN, frame: Math.max(rows, cols) }
  const { model, weightsSha256, patch, patchSha256, background, blend, size, stride, frame, isDescribed } = known
  const described = { model, weightsSha256, patch, patchSha256, background, blend, size, stride }
  const notMeasured = { category: null, separability: null, keepsFeatures: false }
  const description: Unit = {
    inputs: { format: UNIT_FORMAT, ...described, ...notMeasured, layers: layers.map(({ layer }) => layer.name) },
    ...{ rows, cols, layers: layers.map(({ layer }) => layer), arrays: {} },
  }
  const maps = new Float32Array(layers.length * ANCHOR_NAMES.length * rows * cols)
  layers.forEach((layer, i) => {
    maps.set(layer.maps, i * layer.maps.length)
  })
  const ofName = (name: string) => layers.find(({ layer }) => layer.name === name) as ComparedLayer
  return {
    ...{ frame, isDescribed, pictures: folder },
    unit: {
      ...{ folder, description, inputs: description.inputs, rows, cols, layers: description.layers },
      maps: async () => ({ shape: [layers.length, ANCHOR_NAMES.length, rows, cols], data: maps }),
      anchorFeatures: async (name) => {
        const { anchorFeatures: data, layer } = ofName(name)
        return { shape: [ANCHOR_NAMES.length, layer.dims], data }
      },
      answers: async (name) => {
        const { answers: data } = ofName(name)
        return data && { shape: [ANSWER_MAPS, rows, cols], data }
      },
      sketch: async () => undefined,
      features: async (name) => {
        const { file, layer } = ofName(name)
        return fitsPage(rows * cols, layer.dims) ? readAgain(file, [rows, cols, layer.dims]) : undefined
      },
    },
  }
}

async function readAgain({ path }: ArrayFile, shape: readonly number[]) {
  const { rows, cols, dims, matrix } = await featureMatrix(path)
  if ([rows, cols, dims].join() !== shape.join())
    throw new InputError(`${path} has changed while it was read; run the same command again`)
  return { shape, data: matrix }
}
