import { UsageError } from '../../errors.js'

/** Names of the five anchors (see `AnchorName`). All arrays and tables list them in this order. */
export const ANCHOR_NAMES = ['top-left', 'top-right', 'center', 'bottom-left', 'bottom-right'] as const
/** Name of an anchor: a position that all other positions are compared with. */
export type AnchorName = (typeof ANCHOR_NAMES)[number]

/**
 * A position of the patch: the row and column of the frame where its top-left pixel is. If the patch is larger than the
 * frame, such as a whole photograph, both are negative or 0, and the frame shows a part of the patch.
 */
export interface Position {
  readonly row: number
  readonly col: number
}

export function isSamePosition(a: Position, b: Position): boolean {
  return a.row === b.row && a.col === b.col
}

/** Axes of the frame. Everywhere, the row of a position comes first, then its column. */
export const AXES = ['rows', 'cols'] as const
export type Axis = (typeof AXES)[number]

/** The position of an anchor in pixels. It need not be on the grid. */
export interface AnchorPosition extends Position {
  readonly name: AnchorName
}

/** An anchor, with the index of its row in the feature matrix. */
export interface Anchor extends AnchorPosition {
  readonly index: number
}

/**
 * All positions of one patch. The feature matrix has one row for each: first the grid, row by row, then the anchors
 * that are not on the grid because of its stride.
 */
export interface PositionGrid {
  /** Number of positions on the grid along each axis. */
  readonly rows: number
  readonly cols: number
  readonly stride: number
  /** Row, and column, of the first position in pixels: 0, or less if the patch is larger than the frame. */
  readonly first: number
  /** Row and column of each position in pixels, [positions, 2]. Anchors that are not on the grid come last. */
  readonly offsets: Int32Array
  /** The five anchors, in the order of ANCHOR_NAMES. Their positions do not depend on the stride. */
  readonly anchors: readonly Anchor[]
}

/** Positions along one axis, at stride 1: `first`, `first` + 1 and so on. */
export interface PositionRange {
  readonly first: number
  readonly count: number
}

/** The positions along an axis at which the smaller one of frame and patch is completely inside the larger one. */
export function positionRange(frameSide: number, size: number): PositionRange {
  return { first: Math.min(0, frameSide - size), count: Math.abs(frameSide - size) + 1 }
}

/**
 * Makes the grid of all positions of `positionRange`, with the given stride.
 * @param frameSide side of the frame in pixels
 * @param size side of the patch in pixels
 * @throws UsageError if the stride or the size is not a positive whole number
 */
export function positionGrid(frameSide: number, size: number, stride: number): PositionGrid {
  if (!Number.isInteger(stride) || stride < 1)
    throw UsageError.of`stride ${stride} is not a positive whole number; use \`stride 1\` or more`
  if (!Number.isInteger(size) || size < 1)
    throw UsageError.of`object size ${size} is not a positive whole number; choose another \`size\``
  const range = positionRange(frameSide, size)
  const { first, count } = range
  const side = Math.ceil(count / stride)
  const places: Position[] = []
  for (let row = 0; row < side; row++) {
    for (let col = 0; col < side; col++) places.push({ row: first + row * stride, col: first + col * stride })
  }
  const anchors = anchorPositions(range).map((anchor) => {
    const [row, col] = [(anchor.row - first) / stride, (anchor.col - first) / stride]
    if (Number.isInteger(row) && Number.isInteger(col)) return { ...anchor, index: row * side + col }
    places.push(anchor)
    return { ...anchor, index: places.length - 1 }
  })
  const offsets = Int32Array.from(places.flatMap(({ row, col }) => [row, col]))
  return { rows: side, cols: side, stride, first, offsets, anchors }
}

/** Picks offsets by index. `rows` are indices into `offsets`, which is [positions, 2], and the result is [rows, 2]. */
export function offsetsAt(offsets: Int32Array, rows: ArrayLike<number>): Int32Array {
  const chosen = new Int32Array(2 * rows.length)
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!
    chosen.set(offsets.subarray(2 * row, 2 * row + 2), 2 * at)
  }
  return chosen
}

export const POSITION_ORDERS = ['row-major', 'coarse-to-fine'] as const
export type PositionOrder = (typeof POSITION_ORDERS)[number]

/** The order `coarse-to-fine` begins with every 32nd position along both axes. Then follows every 16th, and so on. */
const COARSEST = 32

/** The grid's positions in the given order, as row-major indices. Anchors that lie between them are left out. */
export function orderedPositions(grid: PositionGrid, order: PositionOrder): Int32Array {
  if (order === 'row-major') return Int32Array.from({ length: grid.rows * grid.cols }, (_, index) => index)
  return Int32Array.from(coarseToFine(grid).flatMap((step) => [...step]))
}

/**
 * Divides a grid into steps, from coarse to fine. A step lists the row-major indices of positions that are computed
 * together, evenly spread over the grid. All row indices of a step are equal modulo 32, and so are all its column
 * indices. The first step has every 32nd position along both axes. Steps whose remainders have the same low bits follow
 * each other, because their images share values (`reuse/cellPlan.ts`).
 */
export function coarseToFine({ rows, cols }: Pick<PositionGrid, 'rows' | 'cols'>): readonly Int32Array[] {
  const steps = new Map<number, number[]>()
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const level = Math.min(lowestBit(row), lowestBit(col), COARSEST)
      const key = (COARSEST - level) * COARSEST ** 2 + interleavedBits(row, col)
      const step = steps.get(key) ?? []
      steps.set(key, step)
      step.push(row * cols + col)
    }
  }
  return [...steps].sort(([a], [b]) => a - b).map(([, indices]) => Int32Array.from(indices))
}

/** The largest power of two that divides a number; COARSEST for 0. */
function lowestBit(value: number): number {
  return value === 0 ? COARSEST : value & -value
}

/** Interleaves the low bits of two numbers, in reverse order: the lowest bits become the most significant ones. */
function interleavedBits(row: number, col: number): number {
  let bits = 0
  for (let bit = 1; bit < COARSEST; bit *= 2) bits = 4 * bits + 2 * (row & bit ? 1 : 0) + (col & bit ? 1 : 0)
  return bits
}

/** Positions of the five anchors, for a patch with the given positions along each axis. */
export function anchorPositions({ first, count }: PositionRange): readonly AnchorPosition[] {
  const last = first + count - 1
  const middle = first + Math.floor((count - 1) / 2)
  return [
    { name: 'top-left', row: first, col: first },
    { name: 'top-right', row: first, col: last },
    { name: 'center', row: middle, col: middle },
    { name: 'bottom-left', row: last, col: first },
    { name: 'bottom-right', row: last, col: last },
  ]
}
