/** Which pixels belong to an object: 0 or 1, column-major [cols, rows], as COCO stores masks. */
export interface Mask {
  readonly rows: number
  readonly cols: number
  readonly columns: Uint8Array
}

/** Coordinates are rounded to fifths of a pixel. */
const SCALE = 5

/** The farthest grid coordinate: differences of two, and their halves, are still exact. */
const FARTHEST = 2 ** 50

/** An outline may take `SWEEPS` steps for each pixel of the image, */
const SWEEPS = 64
/** and `LEAST_STEPS` more for an image of any size. */
const LEAST_STEPS = 1_000_000

/**
 * The pixels inside polygons, exactly as the COCO mask API rasterises them. Each polygon is closed, and given as x, y,
 * x, y, … in pixels. The mask is the union of the polygons.
 *
 * Vertices lie on a grid of fifths of a pixel. An edge is a chain of grid points, one for each step along its longer
 * side. Where the chain goes from grid column 5c + 2 to 5c + 3 or back, it crosses the middle of pixel column c. In
 * this column, all pixels below the higher of the two points switch between outside and inside.
 *
 * The API's run lengths continue from column to column. So a crossing below the frame switches nothing in its own
 * column and is carried into the first pixel of the next column.
 *
 * Chains may be long, so the crossings are computed directly. The tests walk along the chains instead.
 * @throws Error for a corner too far away for arithmetic, or an outline that would take too long
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

/** The positions where a polygon's outline switches between outside and inside, as they are found. */
interface Turns {
  readonly rows: number
  readonly cols: number
  /** One entry per pixel, column-major, and one more: 1 if it switches there. All are 0 between two polygons. */
  readonly at: Uint8Array
  /** The first and the last pixel that switch. */
  first: number
  last: number
  /** Number of crossings and pixels that may still be visited. */
  left: number
}

/** Adds a polygon's inside to the union, and resets its entries. */
function unite(union: Uint8Array, turns: Turns): void {
  let inside = 0
  let i = turns.first
  for (; i < union.length && (i <= turns.last || inside === 1); i++) {
    inside ^= turns.at[i] as number
    turns.at[i] = 0
    union[i] = (union[i] as number) | inside
  }
  turns.at[union.length] = 0
  spend(turns, i - turns.first)
}

/**
 * Limits the steps, because an outline may take as many as its corners times the columns.
 * @throws Error if an outline takes more steps than that of any real object
 */
function spend(turns: Turns, steps: number): void {
  turns.left -= steps
  if (turns.left < 0) throw new Error('its outline crosses the image too often')
}

interface GridPoint {
  readonly x: number
  readonly y: number
}

/**
 * The edges: from each vertex to the next, and from the last to the first. A coordinate without its pair is ignored.
 */
function edges(polygon: readonly number[]): readonly (readonly [GridPoint, GridPoint])[] {
  const grid = (value: number | undefined) => {
    const place = Math.trunc(SCALE * (value as number) + 0.5)
    if (Math.abs(place) <= FARTHEST) return place
    throw new Error(`a corner of its outline lies at ${value}, far outside of the image`)
  }
  const vertices = Array.from({ length: polygon.length >> 1 }, (_, i) => ({
    x: grid(polygon[2 * i]),
    y: grid(polygon[2 * i + 1]),
  }))
  return vertices.map((vertex, i) => [vertex, vertices[(i + 1) % vertices.length] as GridPoint])
}

/** Switches pixel column c from the first row below grid row y on. */
function turn(turns: Turns, c: number, y: number): void {
  const row = Math.ceil(Math.min(Math.max((y + 0.5) / SCALE - 0.5, 0), turns.rows))
  const place = c * turns.rows + row
  turns.at[place] = (turns.at[place] as number) ^ 1
  turns.first = Math.min(turns.first, place)
  turns.last = Math.max(turns.last, place)
}

/** An edge that is at least as wide as high. It has one point for each grid column. */
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

/** An edge that is higher than wide. It has one point for each grid row; a search among these finds the crossings. */
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

/** The first step from 1 to `steps` for which a condition is true. Once true, the condition must stay true. */
function firstStep(steps: number, holds: (step: number) => boolean): number {
  let [before, at] = [0, steps]
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2)
    if (holds(middle)) at = middle
    else before = middle
  }
  return at
}
