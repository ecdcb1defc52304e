/** A rectangle of the frame, in pixels. */
export type Box = readonly [left: number, top: number, right: number, bottom: number]

/** The best box of a class, the one with the highest score. */
interface ClassBox {
  /** Index of the class. */
  readonly class: number
  readonly score: number
  /** Intersection over union of the box and the object's square, 0 to 1. */
  readonly overlap: number
  readonly box: Box
}

/** What a detector sees with the object at one position. */
export interface Sighting {
  /** The best box of the object's class, whatever its score. */
  readonly own: ClassBox
  /**
   * The best box of another class; undefined if it scores less than the threshold, or not more than `own`. A box on the
   * object comes before all others.
   */
  readonly other: ClassBox | undefined
}

/** Answer where no class reaches the threshold. Its index follows those of the classes. */
export const SEES_NOTHING = 'nothing'

/** A box is on the object if their overlap is at least this. */
export const ON_OBJECT = 0.5

export const BOX_VALUES = 7

/** Numbers of a stored sighting: the class, score, overlap, left, top, right and bottom of `own`, then of `other`. */
export const SIGHTING_VALUES = 2 * BOX_VALUES

/** Names of what may become of the object; see `outcomeOf`. */
export const OUTCOMES = ['found', 'another class on the object', 'no box that fits', SEES_NOTHING] as const

/** Index in OUTCOMES. */
export function outcomeOf(sighting: Sighting, threshold: number): number {
  const { own, other } = sighting
  if (other !== undefined && other.overlap >= ON_OBJECT) return 1
  if (isFound(sighting, threshold)) return 0
  return own.score >= threshold || other !== undefined ? 2 : 3
}

export function isFound({ own }: Sighting, threshold: number): boolean {
  return own.score >= threshold && own.overlap >= ON_OBJECT
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

export function sightingValues({ own, other }: Sighting): readonly number[] {
  const none: ClassBox = { class: -1, score: 0, overlap: 0, box: [0, 0, 0, 0] }
  return [own, other ?? none].flatMap((one) => [one.class, one.score, one.overlap, ...one.box])
}

/** @param rows stored sightings, [rows, SIGHTING_VALUES] */
export function sightingAt(rows: Float32Array, at: number): Sighting {
  const [own, other] = [0, BOX_VALUES].map((from) => {
    const [index, score, overlap, ...box] = rows.subarray(at * SIGHTING_VALUES + from).subarray(0, BOX_VALUES)
    return { class: index as number, score: score as number, overlap: overlap as number, box: box as unknown as Box }
  }) as [ClassBox, ClassBox]
  return { own, other: other.class < 0 ? undefined : other }
}
