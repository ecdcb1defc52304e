import { comparedSizes } from '../../patches/sizes.js'
import type { SiteGroup, SiteIndex } from '../siteIndex.js'

export const PATCH_KINDS = ['object', 'photograph'] as const
export type Kind = (typeof PATCH_KINDS)[number]

/** Objects move within the frame. Photographs are larger, and the frame is a window that shows a part of them. */
export function kindOf({ size, frame }: Pick<SiteGroup, 'size' | 'frame'>): Kind {
  return size > frame ? 'photograph' : 'object'
}

/** Compares the sizes of objects; see `comparedSizes`. The size of a photograph follows from the frame. */
export function comparedIn({ groups }: Pick<SiteIndex, 'groups'>): (group: SiteGroup) => number {
  const compared = comparedSizes(groups)
  return (group) => (kindOf(group) === 'photograph' ? group.size : compared(group))
}
