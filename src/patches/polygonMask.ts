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

/** An outline takes no more steps than this many for each pixel, */
const SWEEPS = 64
/** and these for any image. */
const LEAST_STEPS = 1_000_000

/**
 * The pixels inside polygons, each closed and given as x, y, x, y, … in pixels, exactly as the COCO mask API rasterises
 * them; several polygons are united.
 *
 * Vertices lie on a grid of fifths of a pixel. An edge is a chain of grid points, one for each step along its longer
 * side. Where the chain goes from the grid column 5c + 2 to 5c + 3 or back, it crosses the middle of the pixel column c:
 * from the pixel below the higher of the two points on, that column is turned from outside to inside or back.
 * A crossing below the frame turns nothing in its own column but is carried into the next one's first pixel, as the API
 * does, whose run lengths go on from column to column. The crossings are computed without walking along the chain, which may be
 * long; the tests walk it.
 * @throws Error for a corner too far away for arithmetic, or an outline that would take for ever
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

/** Where a polygon's outline turns from outside to inside or back, as it is found. */
interface Turns {
  readonly rows: number
  readonly cols: number
  /** By pixel, column-major, and one more: 1 where it turns; 0 everywhere between two polygons. */
  readonly at: Uint8Array
  /** The first and the last pixel that was turned. */
  first: number
  last: number
  /** Crossings and pixels that may still be looked at. */
  left: number
}

/** Adds a polygon's inside to the union, and forgets its turns. */
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

/** @throws Error once an outline takes more steps than that of any object, since they may be as many as its corners times the columns */
function spend(turns: Turns, steps: number): void {
  turns.left -= steps
  if (turns.left < 0) throw new Error('its outline crosses the image too often')
}

interface GridPoint {
  readonly x: number
  readonly y: number
}

/** From each vertex to the next and from the last to the first; a coordinate without its pair is left out. */
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

/** Turns the pixel column c from the row on that lies below the grid row y. */
function turn(turns: Turns, c: number, y: number): void {
  const row = Math.ceil(Math.min(Math.max((y + 0.5) / SCALE - 0.5, 0), turns.rows))
  const place = c * turns.rows + row
  turns.at[place] = (turns.at[place] as number) ^ 1
  turns.first = Math.min(turns.first, place)
  turns.last = Math.max(turns.last, place)
}

/** An edge that is at least as wide as high: one point for each grid column. */
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

/** An edge that is higher than wide: one point for each grid row, in whose sequence the crossings are searched. */
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

/** The first step of 1 to `steps` for which a condition that then stays true holds. */
function firstStep(steps: number, holds: (step: number) => boolean): number {
  let [before, at] = [0, steps]
  while (at - before > 1) {
    const middle = Math.floor((before + at) / 2)
    if (holds(middle)) at = middle
    else before = middle
  }
  return at
}
