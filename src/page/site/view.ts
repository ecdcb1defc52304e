import type { Position } from '../../engine/scene/positions.js'
import type { HeadMap, HeadQuantity } from '../../experiments/answers/headRow.js'
import { HEADS } from '../../experiments/answers/heads.js'
import type { ColourLimits } from '../../plot/colormap.js'

/**
 * What a map of any network may show: similarity to the anchor, probability of the class predicted at the center, or
 * predicted classes. A head, such as a detector's, has further maps.
 */
export type Quantity = 'similarity' | 'probability' | 'answers' | HeadQuantity

/** The maps that only some kinds of output have. */
export const HEAD_MAPS: readonly HeadMap[] = Object.values(HEADS).flatMap(({ maps }) => maps)

export const QUANTITIES: readonly Quantity[] = [
  ...(['similarity', 'probability', 'answers'] as const),
  ...HEAD_MAPS.map(({ name }) => name),
]

/** The viewer's settings that a link restores. They may name things that the study does not have; see `fitChoice`. */
export interface View {
  readonly model: string
  /** Name of map B's network; null if only map A is shown. Both maps show the same layer, size, object and anchor. */
  readonly other: string | null
  readonly layer: string
  /** See `comparedIn`; on the live page, see `SiteIndex.wished`. */
  readonly size: number
  /** Name of the object; null for the mean over objects. */
  readonly patch: string | null
  /** The position with which all others are compared: the name of an anchor, such as `center`, or any position. */
  readonly anchor: string | Position
  /** Quantity that both maps should show. A map without this quantity shows a different quantity; see `mapOf`. */
  readonly shows: Quantity
  readonly cursor: Position
  /** Ends of the colour scale of similarity; `fit` means the lowest and highest value of the maps shown. */
  readonly limits: ColourLimits | 'fit'
}

/** Prefixes of the element ids of the two maps. */
export const PANEL_IDS = ['a', 'b'] as const
export type PanelId = (typeof PANEL_IDS)[number]
