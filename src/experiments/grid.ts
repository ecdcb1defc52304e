import type { Position } from '../engine/positions.js'

/** A grid of positions: its numbers of rows and columns. Arrays with one value per position are in row-major order. */
export interface GridShape {
  readonly rows: number
  readonly cols: number
}

/** If the matrix has more rows than the grid has positions, the last rows are ignored. */
export interface LayerGrid extends GridShape {
  /** One feature per position, [positions, dims], row-major. */
  readonly matrix: Float32Array
  readonly dims: number
  /** Name of the layer or file, for messages. */
  readonly layer: string
  /** Distance between neighbouring positions in pixels. */
  readonly stride: number
  /** Row, and column, of the first position in pixels; 0 by default (see `PositionGrid`). */
  readonly first?: number
}

export function positionAt(
  index: number,
  { cols, stride, first = 0 }: Pick<LayerGrid, 'cols' | 'stride' | 'first'>,
): Position {
  return { row: first + Math.floor(index / cols) * stride, col: first + (index % cols) * stride }
}
