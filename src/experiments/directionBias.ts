import type { Position } from '../engine/positions.js'
import type { GridShape } from './folds.js'

/**
 * Direction bias of a map: how much more similar the features stay when the object moves away from the
 * anchor to the left and right than when it moves as far up and down. At each distance, the mean similarity at the
 * positions to its left and right less that of the positions above and below it; of these, the mean over all distances at
 * which there are both.
 * @param map [rows, cols], row-major
 * @param stride distance of neighbouring positions in pixels
 * @param anchor in pixels; one that a coarse stride leaves out is read along the nearest row and column
 * @returns undefined where nothing is at equal distance: a single row or column, or an anchor between the positions of one
 *   axis only
 */
export function directionBias(
  map: ArrayLike<number>,
  { rows, cols }: GridShape,
  stride: number,
  anchor: Position,
): number | undefined {
  const row = Math.min(rows - 1, Math.round(anchor.row / stride))
  const col = Math.min(cols - 1, Math.round(anchor.col / stride))
  // Beside and above must miss the anchor's own column and row by the same.
  const offset = Math.abs(row * stride - anchor.row)
  if (offset !== Math.abs(col * stride - anchor.col)) return undefined
  const alongRows = byDistance(cols, (i) => [Math.abs(i * stride - anchor.col), map[row * cols + i] as number])
  const above = byDistance(rows, (i) => [Math.abs(i * stride - anchor.row), map[i * cols + col] as number])
  const differences = [...alongRows].flatMap(([distance, similarities]) => {
    const others = above.get(distance)
    return distance <= offset || others === undefined ? [] : [mean(similarities) - mean(others)]
  })
  return differences.length === 0 ? undefined : mean(differences)
}

function byDistance(count: number, at: (i: number) => readonly [number, number]): ReadonlyMap<number, number[]> {
  const groups = new Map<number, number[]>()
  for (let i = 0; i < count; i++) {
    const [distance, similarity] = at(i)
    groups.set(distance, [...(groups.get(distance) ?? []), similarity])
  }
  return groups
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
