import type { Position } from '../../engine/scene/positions.js'
import { mean } from '../../support/statistics.js'
import type { GridShape } from './grid.js'
import { neighbours } from './windowAnswers.js'

/**
 * Directions in which the object moves. `horizontal`: left or right, along a row of the map. `vertical`: up or down,
 * along a column.
 */
export const DIRECTIONS = ['horizontal', 'vertical'] as const
export type Direction = (typeof DIRECTIONS)[number]

export function meanAndMin(map: Float32Array | Float64Array): { readonly mean: number; readonly min: number } {
  let sum = 0
  let min = Number.POSITIVE_INFINITY
  for (const value of map) {
    sum += value
    if (value < min) min = value
  }
  return { mean: sum / map.length, min }
}

/**
 * Local jaggedness of a map: its mean |difference| between neighbouring positions along each axis. Along an axis with a
 * single position, it is 0.
 * @param map [rows, cols], row-major
 */
export function jaggedness(map: ArrayLike<number>, { rows, cols }: GridShape): Readonly<Record<Direction, number>> {
  let vertical = 0
  for (let i = cols; i < rows * cols; i++) vertical += Math.abs(map[i]! - map[i - cols]!)
  let horizontal = 0
  for (let start = 0; start < rows * cols; start += cols) {
    for (let i = start + 1; i < start + cols; i++) horizontal += Math.abs(map[i]! - map[i - 1]!)
  }
  return {
    vertical: vertical / Math.max(1, (rows - 1) * cols),
    horizontal: horizontal / Math.max(1, rows * (cols - 1)),
  }
}

/**
 * Share of pairs of neighbouring positions at which the same channel has the largest value; null along an axis with a
 * single position.
 */
export type MapConsistency = Readonly<Record<Direction, number | null>>

/**
 * Computes a measure like the one of Zhang 2019, which compares random shifts of a photo.
 * @param strongest for each position, the channel with the largest value; row-major over the grid
 */
export function mapConsistency(strongest: Int32Array, shape: GridShape): MapConsistency {
  const share = (direction: Direction) => {
    const { pairs, same } = neighbours(strongest, shape, direction)
    return pairs > 0 ? same / pairs : null
  }
  return { horizontal: share('horizontal'), vertical: share('vertical') }
}

/**
 * Direction bias of a map: whether the features stay more similar when the object moves left and right than when it
 * moves up and down. At each distance from the anchor, it takes the mean similarity to the left and right, minus the
 * mean similarity above and below. The result is the mean of these differences. Distances that occur only along
 * one axis are skipped.
 * @param map [rows, cols], row-major
 * @param anchor reference position, in pixels from the first position of the grid; if it is not on the grid, the nearest row
 *   and column of the grid replace it
 * @returns undefined if no comparable distance occurs along both axes
 */
export function directionBias(
  map: ArrayLike<number>,
  { rows, cols }: GridShape,
  stride: number,
  anchor: Position,
): number | undefined {
  const row = Math.min(rows - 1, Math.round(anchor.row / stride))
  const col = Math.min(cols - 1, Math.round(anchor.col / stride))
  // The nearest row and column must be equally far from the anchor, or else their similarities are not comparable.
  const offset = Math.abs(row * stride - anchor.row)
  if (offset !== Math.abs(col * stride - anchor.col)) return undefined
  const alongRows = byDistance(cols, (i) => [Math.abs(i * stride - anchor.col), map[row * cols + i]!])
  const above = byDistance(rows, (i) => [Math.abs(i * stride - anchor.row), map[i * cols + col]!])
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

/** Share of positions whose similarity reaches each threshold. The paper calls it global invariance. */
export function coverage(map: ArrayLike<number>, thresholds: readonly number[]): readonly number[] {
  return thresholds.map((threshold) => {
    let count = 0
    for (let i = 0; i < map.length; i++) if (map[i]! >= threshold) count++
    return count / map.length
  })
}

/** Nearest-rank percentile of a map: the lowest value v for which at least `percent` % of the map's values are ≤ v. */
export function lowestPercentile(map: ArrayLike<number>, percent: number): number {
  const sorted = Float32Array.from(map).sort()
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!
}
