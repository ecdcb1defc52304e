import { cosineSimilarity } from '../../native.js'

/** Short vectors that stand in for features. The cosines between them are nearly those between the features. */
export interface Sketch {
  readonly dims: number
  /** One short vector per feature, [rows, dims]. */
  readonly rows: Float32Array
}

/** Largest error of a cosine between two rows of a sketch. */
export const SKETCH_ERROR = 0.002

const MOST_BYTES = 8 * 1024 * 1024

/**
 * Makes a sketch: short rows whose cosines differ from those of the features by at most `SKETCH_ERROR`. They are the
 * pivoted Cholesky factor of the matrix of all cosines. To compute it, only one row of the matrix is needed for each
 * dim of the sketch.
 *
 * Dims are added until the squared length of every row is at least 1 - `SKETCH_ERROR` / 2. Then the scalar product of
 * two rows differs from the cosine of their features by at most `SKETCH_ERROR` / 2. Dividing this product by the
 * lengths of the rows can increase the error to `SKETCH_ERROR`.
 * @param features [rows, dims], all finite, no row all zero
 * @returns undefined if such a sketch would be larger than `MOST_BYTES`
 */
export async function sketchOf(
  features: Float32Array,
  rows: number,
  dims: number,
  threads: number,
): Promise<Sketch | undefined> {
  const most = Math.min(rows, dims, Math.floor(MOST_BYTES / (rows * Float32Array.BYTES_PER_ELEMENT)))
  const lacking = new Float64Array(rows).fill(1)
  const columns: Float64Array[] = []
  for (;;) {
    const pivot = indexOfLargest(lacking)
    if (lacking[pivot]! <= SKETCH_ERROR / 2) break
    if (columns.length === most) return undefined
    const anchor = features.slice(pivot * dims, (pivot + 1) * dims)
    const cosines = await cosineSimilarity({ features, rows, dims, anchors: anchor, anchorCount: 1, threads })
    columns.push(nextColumn(Float64Array.from(cosines), columns, pivot, lacking))
  }
  const sketch = new Float32Array(rows * columns.length)
  columns.forEach((column, dim) => {
    for (let row = 0; row < rows; row++) sketch[row * columns.length + dim] = column[row]!
  })
  return { dims: columns.length, rows: sketch }
}

/**
 * Computes the next column of the sketch (the Cholesky factor).
 * @param cosines cosine between each row and the pivot row; overwritten with the column
 * @param lacking 1 minus the squared length of each row; updated
 */
function nextColumn(
  cosines: Float64Array,
  columns: readonly Float64Array[],
  pivot: number,
  lacking: Float64Array,
): Float64Array {
  for (const column of columns) {
    const factor = column[pivot]!
    for (let row = 0; row < cosines.length; row++) cosines[row] = cosines[row]! - factor * column[row]!
  }
  const length = Math.sqrt(lacking[pivot]!)
  for (let row = 0; row < cosines.length; row++) {
    const value = cosines[row]! / length
    cosines[row] = value
    lacking[row] = Math.max(0, lacking[row]! - value * value)
  }
  // Without this, rounding errors could make this row the pivot again.
  lacking[pivot] = 0
  return cosines
}

function indexOfLargest(values: Float64Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}
