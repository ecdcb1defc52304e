import { InputError } from '../errors.js'

/**
 * Mask of an object. `columns` has 1 for each pixel that belongs to the object, and 0 for all others. It is
 * column-major, [cols, rows], as COCO stores masks.
 */
export interface Mask {
  readonly rows: number
  readonly cols: number
  readonly columns: Uint8Array
}

/** Number of grid points per pixel: coordinates are rounded to fifths of a pixel. */
const SCALE = 5

/**
 * Largest coordinate, in fifths of a pixel. Up to this limit, float64 stores the difference of two coordinates exactly,
 * and also half of this difference.
 */
const FARTHEST = 2 ** 50

/**
 * Limit on the work for the outlines of an object: `SWEEPS` steps for each pixel of the image, plus `LEAST_STEPS`; see
 * `spend`.
 */
const SWEEPS = 64
const LEAST_STEPS = 1_000_000

/**
 * The pixels inside polygons, exactly as the COCO mask API rasterises them. Each polygon is closed, and given as x, y,
 * x, y, … in pixels. The mask is the union of the polygons.
 *
 * Vertices are rounded to a grid of fifths of a pixel. An edge is a chain of grid points: one per grid column if the
 * edge is wider than tall, otherwise one per grid row. Where the chain goes from grid column 5c + 2 to 5c + 3 or back,
 * it crosses the middle of pixel column c. In this column, all pixels below the higher of the two points switch between
 * outside and inside.
 *
 * The API's run lengths continue from column to column. So a crossing below the image switches no pixel of its
 * column. It switches the first pixel of the next column instead.
 *
 * Chains may be long, so the crossings are computed without walking along the chains. The tests walk along them and
 * compare the masks.
 * @throws InputError for a corner too far away for exact arithmetic, or an outline that would take too many steps
 */
export function polygonMask(polygons: readonly (readonly number[])[], rows: number, cols: number): Mask {
  const union = new Uint8Array(rows * cols)
  const turns: Turns = { rows, cols, at: new Uint8Array(rows * cols + 1), first: 0, last: 0, left: 0 }
  turns.left = SWEEPS * union.length + LEAST_STEPS
  for (const polygon of polygons) {
    turns.first = union.length
    turns.last = 0
    for (const [from, to] of edges(polygon)) {
      if (Math.abs(to.x - from.x) >= Math.abs(to.y - from.y)) crossWide(from, to, turns)
      else crossSteep(from, to, turns)
    }
    unite(union, turns)
  }
  return { rows, cols, columns: union }
}

/** Pixels at which the mask of one polygon switches between outside and inside. */
interface Turns {
  readonly rows: number
  readonly cols: number
  /**
   * 1 where the mask switches, else 0. There is one entry per pixel, column-major, and one after the last. All are
   * reset to 0 after a polygon.
   */
  readonly at: Uint8Array
  /** Indices of the first and the last pixel at which the mask may switch. */
  first: number
  last: number
  /** Number of steps that are still allowed; see `spend`. */
  left: number
}

/** Adds the inside of a polygon to the union. Then clears `turns.at` for the next polygon. */
function unite(union: Uint8Array, turns: Turns): void {
  let inside = 0
  let i = turns.first
  for (; i < union.length && (i <= turns.last || inside === 1); i++) {
    inside ^= turns.at[i]!
    turns.at[i] = 0
    union[i] = union[i]! | inside
  }
  turns.at[union.length] = 0
  spend(turns, i - turns.first)
}

/**
 * Counts the steps of the work. A hostile outline could take one step per image column for each of its corners.
 * @throws InputError if the outlines of an object take more steps than those of any real object
 */
function spend(turns: Turns, steps: number): void {
  turns.left -= steps
  if (turns.left < 0) throw new InputError('its outline is too complex for a real object')
}

interface GridPoint {
  readonly x: number
  readonly y: number
}

/** If the list ends with an x without y, this x is ignored. */
function edges(polygon: readonly number[]): readonly (readonly [GridPoint, GridPoint])[] {
  const grid = (value: number | undefined) => {
    const place = Math.trunc(SCALE * value! + 0.5)
    if (Math.abs(place) <= FARTHEST) return place
    throw new InputError(`its outline has a corner at ${value}, far outside the image`)
  }
  const vertices = Array.from({ length: polygon.length >> 1 }, (_, i) => ({
    x: grid(polygon[2 * i]),
    y: grid(polygon[2 * i + 1]),
  }))
  return vertices.map((vertex, i) => [vertex, vertices[(i + 1) % vertices.length] as GridPoint])
}

/** Makes the mask switch in pixel column c, at the first pixel row below grid row y. */
function turn(turns: Turns, c: number, y: number): void {
  const row = Math.ceil(Math.min(Math.max((y + 0.5) / SCALE - 0.5, 0), turns.rows))
  const place = c * turns.rows + row
  turns.at[place] = turns.at[place]! ^ 1
  turns.first = Math.min(turns.first, place)
  turns.last = Math.max(turns.last, place)
}

/** Records where an edge that is at least as wide as it is high crosses the middle of pixel columns. */
function crossWide(a: GridPoint, b: GridPoint, turns: Turns): void {
  const [left, right] = a.x > b.x ? [b, a] : [a, b]
  const width = right.x - left.x
  const slope = (right.y - left.y) / width
  const yAt = (x: number) => Math.trunc(left.y + slope * (x - left.x) + 0.5)
  const first = Math.max(0, Math.ceil((left.x - 2) / SCALE))
  const last = Math.min(turns.cols - 1, Math.floor((right.x - 3) / SCALE))
  spend(turns, Math.max(0, last - first + 1))
  for (let c = first; c <= last; c++) {
    const x = SCALE * c + 2
    turn(turns, c, Math.min(yAt(x), yAt(x + 1)))
  }
}

/**
 * Records where an edge that is higher than wide crosses the middle of pixel columns. Such an edge has one point per
 * grid row, and a binary search finds the crossings.
 */
function crossSteep(a: GridPoint, b: GridPoint, turns: Turns): void {
  const [top, bottom] = a.y > b.y ? [b, a] : [a, b]
  const height = bottom.y - top.y
  const slope = (bottom.x - top.x) / height
  const xAt = (step: number) => Math.trunc(top.x + slope * step + 0.5)
  const [low, high] = [Math.min(top.x, bottom.x), Math.max(top.x, bottom.x)]
  const first = Math.max(0, Math.ceil((low - 2) / SCALE))
  const last = Math.min(turns.cols - 1, Math.floor((high - 3) / SCALE))
  spend(turns, Math.max(0, last - first + 1))
  for (let c = first; c <= last; c++) {
    const middle = SCALE * c + 2
    const isPast = (step: number) => (slope > 0 ? xAt(step) > middle : xAt(step) <= middle)
    turn(turns, c, top.y + firstStep(height, isPast) - 1)
  }
}

/**
 * Finds the first step from 1 to `steps` at which a condition is true, by binary search. From that step on, the
 * condition must stay true.
 */
function firstStep(steps: number, holds: (step: number) => boolean): number {
  let [before, at] = [0, steps]
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2)
    if (holds(middle)) at = middle
    else before = middle
  }
  return at
}
