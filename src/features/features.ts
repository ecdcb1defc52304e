import { counted } from '../counted.js'
import { InputError, UsageError } from '../errors.js'
import { readNpy } from '../files/npy.js'
import { type DescribedGrid, describedGrid } from './extractFile.js'

/** Features of a grid of positions in memory. */
export interface FeatureArray {
  /** float32, C order; may lie on a SharedArrayBuffer. */
  readonly data: Float32Array
  /** [rows, cols, dims] */
  readonly shape: readonly number[]
}

/** What `extract` gives: features of several layers. */
export interface FeatureLayers {
  readonly layers: readonly (FeatureArray & { readonly name: string })[]
}

/** A feature matrix and what messages call it. */
export interface FeatureMatrix {
  readonly name: string
  readonly rows: number
  readonly cols: number
  readonly dims: number
  /** [rows, cols, dims], C order. */
  readonly matrix: Float32Array
  /** What the extract.json beside a file says of it, if there is one. */
  readonly described?: DescribedGrid | undefined
}

/**
 * Reads features from a file, or checks those in memory.
 * @throws InputError if a file is not a .npy array of float32 with three axes, none of them empty, or not the one that
 *   extract.json beside it describes; UsageError for an array in memory that is not that
 */
export async function featureMatrix(input: string | FeatureArray): Promise<FeatureMatrix> {
  if (typeof input === 'string') {
    const array = await readNpy(input)
    return { ...matrixOf(input, array, InputError), described: await describedGrid(input, array) }
  }
  const isArray = input?.data instanceof Float32Array && Array.isArray(input.shape)
  if (!isArray)
    throw new UsageError('features are a .npy file, or { data, shape }: a Float32Array and [rows, cols, dims]')
  const name = (input as { readonly name?: unknown }).name
  return matrixOf(typeof name === 'string' ? name : 'the array of features', input, UsageError)
}

function matrixOf(name: string, { shape, data }: FeatureArray, Failure: new (message: string) => Error): FeatureMatrix {
  const [rows, cols, dims] = shape
  const isGrid = shape.length === 3 && shape.every((extent) => Number.isInteger(extent) && extent > 0)
  if (!isGrid || rows === undefined || cols === undefined || dims === undefined)
    throw new Failure(
      `${name} has shape (${shape.join(', ')}); give features of shape [rows, cols, dims] as extract writes them`,
    )
  if (data.length !== rows * cols * dims)
    throw new Failure(
      `${name} has ${counted(data.length, 'value')}, not the ${rows * cols * dims} of shape (${shape.join(', ')})`,
    )
  return { name, rows, cols, dims, matrix: data }
}

/** Whether features are those of several layers. */
export function hasLayers(input: string | FeatureArray | FeatureLayers): input is FeatureLayers {
  return typeof input === 'object' && input !== null && 'layers' in input
}

/** One result a layer, in the layers' order. */
export interface LayerResults<T> {
  readonly layers: readonly (T & { readonly name: string })[]
}

export async function eachLayer<T>(
  { layers }: FeatureLayers,
  work: (layer: FeatureArray) => Promise<T>,
): Promise<LayerResults<T>> {
  const results: (T & { readonly name: string })[] = []
  for (const layer of layers) results.push({ name: layer.name, ...(await work(layer)) })
  return { layers: results }
}
