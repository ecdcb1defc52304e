import { COLOUR_MAPS, type ColourLimits, type ColourMap } from '../../plot/colormap.js'
import { kindOf } from '../site/groups.js'
import { HEAD_MAPS, type Quantity } from '../site/view.js'
import { isOfSameObject } from './fit.js'
import { differenceMap, extremes, type LoadedMap } from './maps.js'
import { type Regions, regionsOf } from './regions.js'
import type { State } from './state.js'

/** The maps that the page shows. */
export interface ShownMaps {
  readonly maps: readonly LoadedMap[]
  /** The map B − A, if it takes the place of map B. */
  readonly difference: LoadedMap | undefined
  readonly colours: ColourMap
  /** Ends of the colour scale of similarity. The scale of probability always runs from 0 to 1. */
  readonly limits: ColourLimits
  readonly regions: Regions
  /** Says what the maps show. */
  readonly caption: string
}

/** Decides what the panels show together. It does not depend on the cursor, which moves often. */
export function shownMaps({ index, view, fits, maps }: Pick<State, 'index' | 'view' | 'fits' | 'maps'>): ShownMaps {
  const drawn = maps.slice(0, fits.length).filter((map) => map !== undefined)
  const current = currentMaps({ fits, maps })
  const [first, second] = current
  const classes = index.classes?.find(({ patch }) => patch === drawn[0]?.fitted.choice.patch)
  return {
    maps: current.filter((map) => map !== undefined),
    difference: view.difference && first && second ? differenceMap(first, second) : undefined,
    colours: COLOUR_MAPS[view.colours]!,
    limits: view.limits === 'fit' ? extremes(drawn) : view.limits,
    regions: regionsOf(drawn, classes),
    caption: `Each pixel of a map is one position of ${POSITIONS[kindOf(fits[0].group)]}. ${EXPLANATIONS[drawn[0]?.quantity ?? view.shows]}`,
  }
}

/**
 * The map of each panel. Until the maps of a new object arrive, the panels draw those of the object before, but show no
 * values of them. Such a map is undefined here.
 */
export function currentMaps({ fits, maps }: Pick<State, 'fits' | 'maps'>): State['maps'] {
  return fits.map((fitted, i) => {
    const map = maps[i]
    return map && isOfSameObject(map.fitted, fitted) ? map : undefined
  })
}

const POSITIONS = { object: 'the object', photograph: 'the photograph behind the window' } as const
const EXPLANATIONS: Readonly<Partial<Record<Quantity, string>>> = {
  similarity:
    'Its colour shows how similar the features are to those at the anchor (+). A shift-invariant network would give 1 everywhere.',
  probability:
    'Its colour shows the probability of the answer from the center (+) or, of a detector, the score of the object’s class. Answers always come from the output layer.',
  answers:
    'Its colour shows the answer, the class with the highest probability. A shift-invariant network would have one colour. Strides, the frame’s borders and fully connected layers break this invariance.',
  ...Object.fromEntries(HEAD_MAPS.map(({ name, explanation }) => [name, explanation])),
}
