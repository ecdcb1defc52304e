import { randomNumbers } from '../../support/randomNumbers.js'
import type { PlacedObject } from '../scenes/layout.js'

/**
 * Kinds of expressions. The name tells the numbers of objects: in `3-2`, image B with two objects is subtracted from
 * image A with three. `3-2` and `1+2` are from the paper (Figure 6).
 */
export const EXPRESSION_KINDS = ['3-2', '2-1', '1+1', '1+2'] as const
export type ExpressionKind = (typeof EXPRESSION_KINDS)[number]

/** An expression, and which objects (by index) are in image A, in image B and in the expected image. */
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

export interface ArithmeticTrial {
  readonly kind: ExpressionKind
  /** Objects that do not overlap. The last one is a decoy: it is in neither of the images A and B. */
  readonly objects: readonly PlacedObject[]
}

/**
 * Largest side of an object, divided by the frame's side. With larger objects, it would take too many random attempts
 * until four of them do not overlap.
 */
const LARGEST_SHARE = 3 / 8

export function trialSize(wanted: number, frameSide: number): number {
  return Math.min(wanted, Math.floor(frameSide * LARGEST_SHARE))
}

/**
 * Makes trials. Two objects may show the same patch. All arrangements without overlap are equally likely.
 * @param size side of the objects in pixels, at most the result of `trialSize`
 */
export function randomTrials(
  patches: readonly string[],
  size: number,
  frameSide: number,
  perKind: number,
  seed: number,
): readonly ArithmeticTrial[] {
  const random = randomNumbers(seed)
  const whole = (below: number) => Math.floor(random() * below)
  return EXPRESSION_KINDS.flatMap((kind) =>
    Array.from({ length: perKind }, () => {
      const { A, B } = KINDS[kind]
      const count = new Set([...A, ...B]).size + 1
      const places = disjointPlaces(count, size, frameSide, whole)
      const objects = places.map((place) => ({ patch: patches[whole(patches.length)]!, size, ...place }))
      return { kind, objects }
    }),
  )
}

/**
 * Chooses random positions. If two objects overlap, it chooses all positions again. Replacing only one position would
 * make some arrangements more likely.
 */
function disjointPlaces(count: number, size: number, frameSide: number, whole: (below: number) => number) {
  const apart = (a: { row: number; col: number }, b: { row: number; col: number }) =>
    Math.abs(a.row - b.row) >= size || Math.abs(a.col - b.col) >= size
  const positions = frameSide - size + 1
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
