import type { Position } from '../../engine/scene/positions.js'

/** A grid of positions: its numbers of rows and columns. Arrays with one value per position are in row-major order. */
export interface GridShape {
  readonly rows: number
  readonly cols: number
}

/** A grid whose positions are known in pixels. `indexOf` and `positionAt` convert between pixels and indices. */
export interface PixelGrid extends GridShape {
  /** Distance between neighbouring positions in pixels. */
  readonly stride: number
  /** Row, and column, of the first position in pixels; 0 by default (see `PositionGrid`). */
  readonly first?: number
}

/** If the matrix has more rows than the grid has positions, the last rows are ignored. */
export interface LayerGrid extends PixelGrid {
  /** One feature per position, [positions, dims], row-major. */
  readonly matrix: Float32Array
  readonly dims: number
  /** Name of the layer or file, for messages. */
  readonly layer: string
}

/** Position with a row-major index, in pixels. */
export function positionAt(index: number, { cols, stride, first = 0 }: Omit<PixelGrid, 'rows'>): Position {
  return { row: first + Math.floor(index / cols) * stride, col: first + (index % cols) * stride }
}

/** Row-major index of the position that is nearest to a point, which may be outside the grid. */
export function indexOf({ row, col }: Position, { rows, cols, stride, first = 0 }: PixelGrid): number {
  const nearest = (pixel: number, count: number) =>
    Math.min(count - 1, Math.max(0, Math.round((pixel - first) / stride)))
  return nearest(row, rows) * cols + nearest(col, cols)
}
