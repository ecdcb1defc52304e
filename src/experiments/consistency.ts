import type { GridShape } from './folds.js'

/** Share of neighbouring positions with the same top-1 unit; null along an axis that has one position. */
export interface Consistency {
  /** Of neighbours in a row: the object moves left or right. */
  readonly horizontal: number | null
  /** Of neighbours in a column: the object moves up or down. */
  readonly vertical: number | null
}

/**
 * Consistency of a layer's answer: the share of neighbouring positions whose largest feature is the same
 * one, so the same class where the features are those of classes. Neighbours are one stride apart. Of equal features the
 * first counts. After the consistency of Zhang 2019, which compares random shifts of a photo.
 * @param matrix [positions, dims], float32, row-major over the grid; it may have further rows, which do not count
 */
export function consistency(matrix: Float32Array, dims: number, { rows, cols }: GridShape): Consistency {
  const winners = Int32Array.from({ length: rows * cols }, (_, position) => largest(matrix, position * dims, dims))
  let horizontal = 0
  let vertical = 0
  for (let position = 0; position < winners.length; position++) {
    if (position % cols > 0 && winners[position] === winners[position - 1]) horizontal++
    if (position >= cols && winners[position] === winners[position - cols]) vertical++
  }
  return {
    horizontal: cols > 1 ? horizontal / (rows * (cols - 1)) : null,
    vertical: rows > 1 ? vertical / ((rows - 1) * cols) : null,
  }
}

function largest(matrix: Float32Array, start: number, dims: number): number {
  let winner = 0
  let value = Number.NEGATIVE_INFINITY
  for (let i = 0; i < dims; i++) {
    const candidate = matrix[start + i] as number
    if (candidate > value) {
      value = candidate
      winner = i
    }
  }
  return winner
}
