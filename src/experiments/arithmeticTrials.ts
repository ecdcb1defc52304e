import { UsageError } from '../errors.js'
import type { PlacedObject } from './objectScene.js'
import { randomNumbers } from './randomNumbers.js'

/**
 * Kinds of expressions, named after the numbers of objects in their two images. 3−2 and 1+2 are the paper's (Figure 6).
 */
export const EXPRESSION_KINDS = ['3-2', '2-1', '1+1', '1+2'] as const
export type ExpressionKind = (typeof EXPRESSION_KINDS)[number]

/** A kind of expression: which objects of a trial, by index, its two images and the expected image show. */
interface KindOfTrial {
  readonly expression: string
  readonly A: readonly number[]
  readonly B: readonly number[]
  readonly expected: readonly number[]
}

export const KINDS: Readonly<Record<ExpressionKind, KindOfTrial>> = {
  '3-2': { expression: 'A - B', A: [0, 1, 2], B: [1, 2], expected: [0] },
  '2-1': { expression: 'A - B', A: [0, 1], B: [1], expected: [0] },
  '1+1': { expression: 'A + B', A: [0], B: [1], expected: [0, 1] },
  '1+2': { expression: 'A + B', A: [0], B: [1, 2], expected: [0, 1, 2] },
}

/** One random expression. */
export interface ArithmeticTrial {
  readonly kind: ExpressionKind
  /** Objects that do not overlap; the last is a decoy, which is in neither image. */
  readonly objects: readonly PlacedObject[]
}

/**
 * Largest side of an object as a share of the frame's. Four larger objects would take too many draws until they are
 * apart.
 */
const LARGEST_SHARE = 3 / 8

/** Side in pixels of a trial's objects in a square frame: `wanted`, or the largest that leaves them room. */
export function trialSize(wanted: number, frame: number): number {
  return Math.min(wanted, Math.floor(frame * LARGEST_SHARE))
}

/**
 * Random trials, `perKind` of each kind: patches drawn with repetition, at positions where they do not overlap. All
 * arrangements are equally likely. A seed always gives the same trials.
 * @throws UsageError if there is hardly room for four squares of this size that do not overlap
 */
export function randomTrials(
  patches: readonly string[],
  size: number,
  frame: number,
  perKind: number,
  seed: number,
): readonly ArithmeticTrial[] {
  if (size > frame * LARGEST_SHARE)
    throw new UsageError(
      `four objects of ${size}×${size} have too little room in ${frame}×${frame}; choose a smaller size`,
    )
  const random = randomNumbers(seed)
  const whole = (below: number) => Math.floor(random() * below)
  return EXPRESSION_KINDS.flatMap((kind) =>
    Array.from({ length: perKind }, () => {
      const { A, B } = KINDS[kind]
      const count = new Set([...A, ...B]).size + 1
      const places = disjointPlaces(count, size, frame, whole)
      const objects = places.map((place) => ({ patch: patches[whole(patches.length)] as string, size, ...place }))
      return { kind, objects }
    }),
  )
}

/** Positions are drawn until all of them are apart, so that no arrangement is more likely than another. */
function disjointPlaces(count: number, size: number, frame: number, whole: (below: number) => number) {
  const apart = (a: { row: number; col: number }, b: { row: number; col: number }) =>
    Math.abs(a.row - b.row) >= size || Math.abs(a.col - b.col) >= size
  const positions = frame - size + 1
  for (;;) {
    const places: { row: number; col: number }[] = []
    while (places.length < count) {
      const place = { row: whole(positions), col: whole(positions) }
      if (!places.every((other) => apart(other, place))) break
      places.push(place)
    }
    if (places.length === count) return places
  }
}
