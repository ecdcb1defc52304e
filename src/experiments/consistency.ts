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
 * one, so the same class where the features are those of classes. Neighbours are one stride apart. After the consistency
 * of Zhang 2019, which compares random shifts of a photo.
 * @param strongest index of each position's largest feature, row-major over the grid; see `argmax` of native.ts
 */
export function consistency(strongest: Int32Array, { rows, cols }: GridShape): Consistency {
  let horizontal = 0
  let vertical = 0
  for (let position = 0; position < rows * cols; position++) {
    if (position % cols > 0 && strongest[position] === strongest[position - 1]) horizontal++
    if (position >= cols && strongest[position] === strongest[position - cols]) vertical++
  }
  return {
    horizontal: cols > 1 ? horizontal / (rows * (cols - 1)) : null,
    vertical: rows > 1 ? vertical / ((rows - 1) * cols) : null,
  }
}
