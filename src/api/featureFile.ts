import { InputError } from '../errors.js'
import { readNpy } from '../files/npy.js'

/** Features of a grid of positions, read from a file. */
export interface FeatureFile {
  readonly rows: number
  readonly cols: number
  readonly dims: number
  /** [rows, cols, dims], C order. */
  readonly matrix: Float32Array
}

/**
 * Reads features as `extract` writes them.
 * @throws InputError if the file is not a .npy array of float32 with three axes, none of them empty
 */
export async function readFeatures(file: string): Promise<FeatureFile> {
  const { shape, data } = await readNpy(file)
  const [rows, cols, dims] = shape
  if (shape.length !== 3 || rows === undefined || cols === undefined || dims === undefined || data.length === 0) {
    throw new InputError(
      `${file} has shape (${shape.join(', ')}); give features of shape [rows, cols, dims] as extract writes them`,
    )
  }
  return { rows, cols, dims, matrix: data }
}
