import type { GridShape } from './folds.js'

/** Ways in which the object moves: along a row of the map, or along a column. */
export const AXES = ['horizontal', 'vertical'] as const
export type Axis = (typeof AXES)[number]

/** How much a map changes between neighbouring positions: mean |difference| along each axis. */
export interface Jaggedness {
  /** Between neighbours in a column: the object moves up or down. */
  readonly vertical: number
  /** Between neighbours in a row: the object moves left or right. */
  readonly horizontal: number
}

/**
 * Local jaggedness of a map: on a stride-1 grid neighbours are one pixel apart. A map of one row has no
 * vertical neighbours: 0.
 * @param map [rows, cols], row-major
 */
export function jaggedness(map: ArrayLike<number>, { rows, cols }: GridShape): Jaggedness {
  let vertical = 0
  for (let i = cols; i < rows * cols; i++) vertical += Math.abs((map[i] as number) - (map[i - cols] as number))
  let horizontal = 0
  for (let start = 0; start < rows * cols; start += cols) {
    for (let i = start + 1; i < start + cols; i++) horizontal += Math.abs((map[i] as number) - (map[i - 1] as number))
  }
  return {
    vertical: vertical / Math.max(1, (rows - 1) * cols),
    horizontal: horizontal / Math.max(1, rows * (cols - 1)),
  }
}

/**
 * Coverage of a map: the share of positions whose similarity reaches each threshold; global invariance as
 * the paper defines it.
 * @param thresholds rising
 */
export function coverage(map: ArrayLike<number>, thresholds: readonly number[]): readonly number[] {
  // Each value is counted at the highest threshold that it reaches; those below are reached by it too.
  const reached = new Uint32Array(thresholds.length)
  for (let i = 0; i < map.length; i++) {
    const value = map[i] as number
    let highest = thresholds.length - 1
    while (highest >= 0 && value < (thresholds[highest] as number)) highest--
    if (highest >= 0) reached[highest] = (reached[highest] as number) + 1
  }
  let sum = 0
  const shares = Array.from(reached.reverse(), (count) => {
    sum += count
    return sum / map.length
  })
  return shares.reverse()
}

/**
 * The value that so many percent of positions stay below or at, by nearest rank. Found by Hoare's selection, since sorting
 * the maps of a large study would take longer than reading them.
 * @param map not empty
 */
export function lowestPercentile(map: ArrayLike<number>, percent: number): number {
  const values = Float32Array.from(map)
  const rank = Math.max(0, Math.ceil((percent / 100) * values.length) - 1)
  let [low, high] = [0, values.length - 1]
  while (low < high) {
    const pivot = values[(low + high) >> 1] as number
    let [i, j] = [low, high]
    while (i <= j) {
      while ((values[i] as number) < pivot) i++
      while ((values[j] as number) > pivot) j--
      if (i > j) break
      const value = values[i] as number
      values[i++] = values[j] as number
      values[j--] = value
    }
    if (rank <= j) high = j
    else if (rank >= i) low = i
    else break
  }
  return values[rank] as number
}
