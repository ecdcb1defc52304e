import { anchorPositions } from '../engine/positions.js'
import { InputError, UsageError } from '../errors.js'
import type { FeatureGrid } from '../experiments/similarity.js'
import { readNpy } from '../files/npy.js'
import { counted } from '../support/text.js'
import { type DescribedGrid, describedBeside } from './extractFile.js'

/** Features of a grid of positions, in memory. */
export interface FeatureArray {
  /** Values in C order, maybe on a SharedArrayBuffer. */
  readonly data: Float32Array
  /** Shape of `data`: [rows, cols, dims]. */
  readonly shape: readonly number[]
}

/** Features of several layers, such as the result of `extract`. */
export interface FeatureLayers {
  readonly layers: readonly (FeatureArray & { readonly name: string })[]
}

/**
 * Features on their grid of positions. The coordinates of anchors are in pixels if the stride is known, and in steps of
 * the grid if it is not.
 */
export interface OpenFeatures extends FeatureGrid {
  /** Description of the grid, such as extract.json; undefined if there is none, or if it does not fit the array. */
  readonly described: DescribedGrid | undefined
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

/** Adds anchors to features. Chooses anchors for stride 1, then moves each one to the nearest position of this grid. */
function onGrid(matrix: ReturnType<typeof matrixOf>, description: OpenFeatures['described']): OpenFeatures {
  const { rows, cols } = matrix
  const described = description && isOf(description, matrix) ? description : undefined
  const stride = described?.stride ?? 1
  const side = described && described.frame - described.size + 1
  const nearest = (pixel: number, count: number) => Math.min(count - 1, Math.round(pixel / stride))
  const across = anchorPositions(side ?? cols)
  const anchors = anchorPositions(side ?? rows).map(({ name, row: pixelRow }, i) => {
    const [row, col] = [nearest(pixelRow, rows), nearest((across[i] as (typeof across)[number]).col, cols)]
    return { name, row: row * stride, col: col * stride, index: row * cols + col }
  })
  return { ...matrix, stride, anchors, described }
}

function isOf({ stride, size, frame, ...described }: DescribedGrid, { rows, cols }: { rows: number; cols: number }) {
  const positions = Math.ceil((frame - size + 1) / stride)
  return [described.rows, described.cols, rows, cols].every((extent) => extent === positions)
}

export function hasLayers(input: string | FeatureArray | FeatureLayers): input is FeatureLayers {
  return typeof input === 'object' && input !== null && 'layers' in input
}

/** One result per layer, in the order of the layers. */
export interface LayerResults<T> {
  readonly layers: readonly (T & { readonly name: string })[]
}

export async function measureLayers<T>(
  { layers }: FeatureLayers,
  work: (layer: FeatureArray) => Promise<T>,
): Promise<LayerResults<T>> {
  const results: (T & { readonly name: string })[] = []
  for (const layer of layers) results.push({ name: layer.name, ...(await work(layer)) })
  return { layers: results }
}
