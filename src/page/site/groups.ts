import { type Position, positionRange } from '../../engine/scene/positions.js'
import { comparedSizes, type SizeInFrame, sizeText } from '../../patches/sizes.js'
import type { PictureKey, SiteGroup, SiteIndex } from './siteIndex.js'

export const PATCH_KINDS = ['object', 'photograph'] as const
export type Kind = (typeof PATCH_KINDS)[number]

/** Objects move within the frame. Photographs are larger, and the frame is a window that shows a part of them. */
export function kindOf({ size, frame }: Pick<SiteGroup, 'size' | 'frame'>): Kind {
  return size > frame ? 'photograph' : 'object'
}

/** The position at which the network's own answer is read. Maps of answers compare all others with it. */
export function centerOf({ anchors }: SiteGroup): SiteGroup['anchors'][number] {
  return anchors.find(({ name }) => name === 'center') ?? anchors[0]!
}

/**
 * The row or column of one group that corresponds to that of another. Networks may have frames of different sizes, so a
 * pixel corresponds to the one at the same share of the way from the first to the last position. It need not be whole.
 */
function correspondingPixel(pixel: number, from: Place, to: Place): number {
  const [before, after] = [from, to].map(({ frame, size }) => positionRange(frame, size)) as [Range, Range]
  // With a single position, there is no way. It lies in the middle of that of the other group.
  if (before.count === 1) return after.first + (after.count - 1) / 2
  return after.first + ((pixel - before.first) * (after.count - 1)) / (before.count - 1)
}

/** The position of one group that corresponds to that of another; see `correspondingPixel`. */
export function correspondingPosition({ row, col }: Position, from: Place, to: Place): Position {
  return { row: correspondingPixel(row, from, to), col: correspondingPixel(col, from, to) }
}

/** What determines the positions of a group. */
type Place = Pick<SiteGroup, 'frame' | 'size'>
type Range = ReturnType<typeof positionRange>

/** Key of an object's picture; null for the mean over objects, and if the picture was not found. */
export function pictureKey({ units }: SiteGroup, unit: number | null): PictureKey | null {
  return unit === null ? null : (units[unit]?.picture ?? null)
}

/** A CSS colour to draw behind an object, under the background's picture if there is one. */
export function groundColour({ background }: SiteGroup): string {
  return background !== null && 'colour' in background ? background.colour : '#808080'
}

/** As `sizeText`, but with the side of a photograph: `256 px`. */
export function sideText(some: readonly Required<SizeInFrame>[]): string {
  const sides = [...new Set(some.map(({ size }) => size))]
  return some.some((one) => kindOf(one) === 'photograph') ? `${sides.join(', ')} px` : sizeText(some)
}

/** Returns the size by which groups are compared: as `comparedSizes` for objects, and the side of a photograph. */
export function comparedIn({ groups }: Pick<SiteIndex, 'groups'>): (group: SiteGroup) => number {
  return comparedSizes(groups.filter((group) => kindOf(group) === 'object'))
}
