import {
  ANCHOR_NAMES,
  type Anchor,
  type AnchorPosition,
  anchorPositions,
  positionRange,
} from '../engine/scene/positions.js'
import { InputError, UsageError } from '../errors.js'
import type { AnswerCounts } from '../experiments/answers/answers.js'
import { type FeatureGrid, featuresAt } from '../experiments/maps/cosines.js'
import { type LayerGrid, positionAt } from '../experiments/maps/grid.js'
import { readNpy } from '../files/npy.js'
import { counted } from '../support/text.js'
import {
  anchorsBeside,
  type DescribedGrid,
  describedBeside,
  type ExtractionDescription,
  gridSchema,
  layersOfFeatures,
} from './extractFile.js'

/** Features of a grid of positions, in memory. */
export interface FeatureArray {
  /** Values in C order, maybe on a SharedArrayBuffer. */
  readonly data: Float32Array
  /** Shape of `data`: [rows, cols, dims]. */
  readonly shape: readonly number[]
  /**
   * Features at the five anchors, [5, dims], in the order of `ANCHOR_NAMES`. Without them, `similarity` compares with
   * the positions of the grid that are nearest to the anchors.
   */
  readonly anchorFeatures?: Float32Array
}

/** Features of several layers, such as the result of `extract`. */
export interface FeatureLayers {
  readonly layers: readonly (FeatureArray & { readonly name: string })[]
  /** The answers of a head, such as a detector's, whose layer has no features. */
  readonly answers?: Pick<AnswerCounts, 'layer' | 'head'>
}

/** Features on their grid of positions. If the stride is not known, it is 1. */
export interface OpenFeatures extends LayerGrid {
  /** Description of the grid, such as extract.json; undefined if there is none, or if it does not fit the array. */
  readonly described: (DescribedGrid & Pick<ExtractionDescription, 'layers'>) | undefined
}

/** Features on their grid, and those at the anchors. */
export interface AnchoredFeatures extends OpenFeatures, FeatureGrid {
  /** For each anchor, the index of the nearest position of the grid. */
  readonly nearest: readonly number[]
  /** If nearby positions replace anchors whose features are missing: which ones, in pixels. */
  readonly moved?: string
}

/** Reads features from a file, or checks those of an array in memory. */
export async function openFeatures(input: string | FeatureArray, given?: DescribedGrid): Promise<OpenFeatures> {
  if (typeof input === 'string') {
    const array = await readNpy(input)
    const matrix = matrixOf(input, array, InputError)
    return onGrid(matrix, await describedBeside(input, array))
  }
  const isArray = input?.data instanceof Float32Array && Array.isArray(input.shape)
  if (!isArray)
    throw new UsageError(
      'features must be the path of a .npy file, or { data, shape } with a Float32Array and [rows, cols, dims]',
    )
  const name = (input as { readonly name?: unknown }).name
  return onGrid(matrixOf(typeof name === 'string' ? name : 'the array of features', input, UsageError), given)
}

function matrixOf(layer: string, { shape, data }: FeatureArray, Failure: new (message: string) => Error) {
  const [rows, cols, dims] = shape
  const isGrid = shape.length === 3 && shape.every((extent) => Number.isInteger(extent) && extent > 0)
  if (!isGrid || rows === undefined || cols === undefined || dims === undefined)
    throw new Failure(
      `${layer} has shape (${shape.join(', ')}); give features of shape [rows, cols, dims] as extract writes them`,
    )
  if (data.length !== rows * cols * dims)
    throw new Failure(
      `${layer} has ${counted(data.length, 'value')}, but its shape (${shape.join(', ')}) needs ${rows * cols * dims}; correct the shape`,
    )
  return { layer, rows, cols, dims, matrix: data }
}

function onGrid(matrix: ReturnType<typeof matrixOf>, description: OpenFeatures['described']): OpenFeatures {
  const described = description && isOf(description, matrix) ? description : undefined
  const first = described && positionRange(described.frame, described.size).first
  return { ...matrix, stride: described?.stride ?? 1, ...(first !== undefined && { first }), described }
}

/**
 * Opens features as `openFeatures` does, together with those at the anchors. If the latter are missing, the nearest
 * positions of the grid replace the anchors.
 */
export async function openAnchored(input: string | FeatureArray, given?: DescribedGrid): Promise<AnchoredFeatures> {
  const features = await openFeatures(input, given)
  const { matrix, dims, described } = features
  const anchors = anchorsOf(features)
  const near = anchors.map((anchor) => nearestOnGrid(anchor, features))
  const nearest = near.map(({ index }) => index)
  const stored =
    typeof input === 'string' ? described && (await anchorsBeside(input, described)) : anchorFeaturesOf(input, dims)
  if (stored !== undefined) return { ...features, anchors, anchorFeatures: stored, nearest }
  const moves = near.flatMap(({ name, ...to }, i) => {
    const [now, wanted] = [to, anchors[i]!].map(({ row, col }) => `(${row}, ${col})`)
    return now === wanted ? [] : `${name} ${now} instead of ${wanted}`
  })
  const moved = `the features at the anchors are missing, so the nearest positions replace them (row and column in px): ${moves.join(', ')}`
  const anchorFeatures = featuresAt(matrix, dims, near)
  return { ...features, anchors: near, anchorFeatures, nearest, ...(moves.length > 0 && { moved }) }
}

/** The anchors in pixels. If the grid is not described, its corners and its center are the anchors. */
function anchorsOf({ rows, cols, described }: OpenFeatures): readonly AnchorPosition[] {
  const range = described && positionRange(described.frame, described.size)
  const across = anchorPositions(range ?? { first: 0, count: cols })
  return anchorPositions(range ?? { first: 0, count: rows }).map((anchor, i) => ({
    ...anchor,
    col: across[i]!.col,
  }))
}

function nearestOnGrid({ name, row, col }: AnchorPosition, grid: OpenFeatures): Anchor {
  const { rows, cols, stride, first = 0 } = grid
  const nearest = (pixel: number, count: number) => Math.min(count - 1, Math.round((pixel - first) / stride))
  const index = nearest(row, rows) * cols + nearest(col, cols)
  return { name, index, ...positionAt(index, grid) }
}

function anchorFeaturesOf({ anchorFeatures }: FeatureArray, dims: number): Float32Array | undefined {
  if (anchorFeatures === undefined) return undefined
  if (anchorFeatures instanceof Float32Array && anchorFeatures.length === ANCHOR_NAMES.length * dims)
    return anchorFeatures
  throw new UsageError(`anchorFeatures must be a Float32Array of shape [${ANCHOR_NAMES.length}, ${dims}]`)
}

function isOf({ stride, size, frame, ...described }: DescribedGrid, { rows, cols }: { rows: number; cols: number }) {
  const positions = Math.ceil(positionRange(frame, size).count / stride)
  return [described.rows, described.cols, rows, cols].every((extent) => extent === positions)
}

export function hasLayers(input: string | FeatureArray | FeatureLayers): input is FeatureLayers {
  return typeof input === 'object' && input !== null && 'layers' in input
}

/** One result per layer, in the order of the layers. */
export interface LayerResults<T> {
  readonly layers: readonly (T & { readonly name: string })[]
}

/**
 * Measures one layer, or each layer of an extraction on the grid of the extraction.
 * @throws InputError if all layers are of a head, such as a detector's scores and boxes
 */
export async function measureLayers<T>(
  features: string | FeatureArray | FeatureLayers,
  work: (layer: string | FeatureArray, grid?: DescribedGrid) => Promise<T>,
): Promise<T | LayerResults<T>> {
  if (!hasLayers(features)) return work(features)
  const { data: grid } = gridSchema.safeParse(features)
  const results: (T & { readonly name: string })[] = []
  for (const layer of layersOfFeatures(features.layers, features.answers, 'this extraction'))
    results.push({ name: layer.name, ...(await work(layer, grid)) })
  return { layers: results }
}
