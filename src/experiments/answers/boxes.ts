/** A rectangle of the frame, in pixels. */
export type Box = readonly [left: number, top: number, right: number, bottom: number]

/** Answer where no class reaches the threshold. Its index follows those of the classes. */
export const SEES_NOTHING = 'nothing'

/** A box is on the object if their overlap is at least this. */
export const ON_OBJECT = 0.5

/** What may become of the object. */
export const OUTCOMES = ['found', 'another class on the object', 'no box that fits', SEES_NOTHING] as const

/** What a detector sees with the object at one position. */
export interface Detection {
  /** Index in OUTCOMES. */
  readonly outcome: number
  /** Overlap of the object's square with the best box of the object's class, whatever its score. */
  readonly overlap: number
  /** The best box of the object's class; all sides are 0 if it scores less than the threshold. */
  readonly own: Box
  /** The box of the answer; all sides are 0 if the detector sees nothing. */
  readonly answer: Box
}

/** Numbers of a stored sighting: outcome, overlap, and the sides of both boxes. */
export const SIGHTING_VALUES = 10

/** @param rows stored sightings, [rows, SIGHTING_VALUES] */
export function sightingAt(rows: ArrayLike<number>, at: number): Detection {
  const value = (i: number) => rows[at * SIGHTING_VALUES + i]!
  const boxFrom = (i: number): Box => [value(i), value(i + 1), value(i + 2), value(i + 3)]
  return { outcome: value(0), overlap: value(1), own: boxFrom(2), answer: boxFrom(6) }
}

/** Intersection over union. */
export function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (width <= 0 || height <= 0) return 0
  const shared = width * height
  return shared / (areaOf(a) + areaOf(b) - shared)
}

function areaOf([left, top, right, bottom]: Box): number {
  return (right - left) * (bottom - top)
}
