import { UsageError } from '../errors.js'

/** Names of the five anchors, in their order in all arrays and tables. */
export const ANCHOR_NAMES = ['top-left', 'top-right', 'center', 'bottom-left', 'bottom-right'] as const
/** Name of an anchor, a position that all others are compared with. */
export type AnchorName = (typeof ANCHOR_NAMES)[number]

/** A position of the patch: the frame's row and column of its top-left pixel. */
export interface Position {
  readonly row: number
  readonly col: number
}

/** Axes of the frame, in the order in which a position is written. */
export const AXES = ['rows', 'cols'] as const
export type Axis = (typeof AXES)[number]

/** Where an anchor lies, and which row of the feature matrix belongs to it. */
export interface Anchor extends Position {
  readonly name: AnchorName
  readonly index: number
}

/**
 * All positions of one patch in the frame. The feature matrix has one row per position: first the grid in row-major
 * order, then the anchors that a coarse stride leaves out of the grid.
 */
export interface PositionGrid {
  /** Positions along each axis of the grid. */
  readonly rows: number
  readonly cols: number
  readonly stride: number
  /** [rows * cols + extra anchors, 2] as row, col in pixels. */
  readonly offsets: Int32Array
  /** In the order of ANCHOR_NAMES, placed on the stride-1 grid. */
  readonly anchors: readonly Anchor[]
}

/**
 * The positions at which a patch of `size` pixels lies wholly in a frame of `frame` pixels.
 * @throws UsageError if the stride is not a positive whole number, or if the patch is larger than the frame
 */
export function positionGrid(frame: number, size: number, stride: number): PositionGrid {
  if (!Number.isInteger(stride) || stride < 1)
    throw new UsageError(`stride ${stride} is not a positive whole number; use \`stride 1\` or more`)
  if (!Number.isInteger(size) || size < 1 || size > frame)
    throw new UsageError(`object size ${size} is not between 1 and the frame's ${frame}; choose another \`size\``)
  const extent = frame - size + 1
  const side = Math.ceil(extent / stride)
  const places: Position[] = []
  for (let row = 0; row < side; row++) {
    for (let col = 0; col < side; col++) places.push({ row: row * stride, col: col * stride })
  }
  const anchors = anchorPositions(extent).map((anchor) => {
    const onGrid = anchor.row % stride === 0 && anchor.col % stride === 0
    if (onGrid) return { ...anchor, index: (anchor.row / stride) * side + anchor.col / stride }
    places.push(anchor)
    return { ...anchor, index: places.length - 1 }
  })
  const offsets = Int32Array.from(places.flatMap(({ row, col }) => [row, col]))
  return { rows: side, cols: side, stride, offsets, anchors }
}

/** The offsets of some rows, [rows, 2]. */
export function offsetsAt(offsets: Int32Array, rows: Iterable<number>): Int32Array {
  return Int32Array.from([...rows].flatMap((row) => [...offsets.subarray(2 * row, 2 * row + 2)]))
}

/** Orders in which the positions of a grid may be computed. */
export const POSITION_ORDERS = ['row-major', 'coarse-to-fine'] as const
export type PositionOrder = (typeof POSITION_ORDERS)[number]

/** First every 32nd position along both axes is computed, then every 16th, and so on. */
const COARSEST = 32

/** The row-major indices of all positions of a grid, each once, in the given order. */
export function orderedPositions(grid: PositionGrid, order: PositionOrder): Int32Array {
  if (order === 'row-major') return Int32Array.from({ length: grid.rows * grid.cols }, (_, index) => index)
  return Int32Array.from(coarseToFine(grid).flatMap(({ indices }) => [...indices]))
}

/** Positions of a grid that are computed together, spread evenly over it. */
export interface PositionStep {
  /**
   * Distance along both axes between the finished positions, once all steps of this level and of earlier levels are
   * done.
   */
  readonly level: number
  /** Indices in the grid, row-major. */
  readonly indices: Int32Array
}

/**
 * All positions of a grid, coarse to fine. Each level has one step per pair of remainders of rows and columns. Steps
 * whose remainders agree in the lowest bits follow each other. Images that share values then follow each other too (see
 * `reuse/cellPlan.ts`), so this order costs no more than any other.
 */
export function coarseToFine({ rows, cols }: Pick<PositionGrid, 'rows' | 'cols'>): readonly PositionStep[] {
  const steps = new Map<number, { readonly level: number; readonly indices: number[] }>()
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const level = Math.min(lowestBit(row), lowestBit(col), COARSEST)
      const key = (COARSEST - level) * COARSEST ** 2 + interleavedBits(row, col)
      const step = steps.get(key) ?? { level, indices: [] }
      steps.set(key, step)
      step.indices.push(row * cols + col)
    }
  }
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([, { level, indices }]) => ({ level, indices: Int32Array.from(indices) }))
}

/** The largest power of two that divides a number; for 0, COARSEST. */
function lowestBit(value: number): number {
  return value === 0 ? COARSEST : value & -value
}

/** The low bits of both numbers, interleaved. The lowest bits become the most significant ones. */
function interleavedBits(row: number, col: number): number {
  let bits = 0
  for (let bit = 1; bit < COARSEST; bit *= 2) bits = 4 * bits + 2 * (row & bit ? 1 : 0) + (col & bit ? 1 : 0)
  return bits
}

/** The anchors' positions on a grid with `side` positions along each axis. */
export function anchorPositions(side: number): readonly (Position & { readonly name: AnchorName })[] {
  const last = side - 1
  const middle = Math.floor(last / 2)
  return [
    { name: 'top-left', row: 0, col: 0 },
    { name: 'top-right', row: 0, col: last },
    { name: 'center', row: middle, col: middle },
    { name: 'bottom-left', row: last, col: 0 },
    { name: 'bottom-right', row: last, col: last },
  ]
}
