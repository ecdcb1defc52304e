import type { Position } from '../engine/positions.js'

/** Positions of a grid, row-major. */
export interface GridShape {
  readonly rows: number
  readonly cols: number
}

/** Features of a grid of positions, row-major; the matrix may have further rows, which do not count. */
export interface GridFeatures extends GridShape {
  /** [positions, dims], float32, row-major. */
  readonly matrix: Float32Array
  readonly dims: number
}

/** Features of one layer on a grid. */
export interface LayerGrid extends GridFeatures {
  /** Name of the layer or file, for messages. */
  readonly layer: string
  /** Distance of neighbouring positions in pixels. */
  readonly stride: number
}

/** The position of this index, in pixels as the user knows it. */
export function positionAt(index: number, { cols, stride }: Pick<LayerGrid, 'cols' | 'stride'>): Position {
  return { row: Math.floor(index / cols) * stride, col: (index % cols) * stride }
}
