import { type ColourLimits, type ColourMap, hot } from '../../plot/colormap.js'
import { HEAD_MAPS, type Quantity } from '../site/view.js'
import { isOfSameObject } from './fit.js'
import { extremes, type LoadedMap } from './maps.js'
import { type Regions, regionsOf } from './regions.js'
import type { State } from './state.js'

/** The maps that the page shows. */
export interface ShownMaps {
  readonly maps: readonly LoadedMap[]
  readonly colours: ColourMap
  /** Ends of the colour scale of similarity. The scale of probability always runs from 0 to 1. */
  readonly limits: ColourLimits
  readonly regions: Regions
  /** Says what the colours of the maps show, in a line. */
  readonly note: string
  /** Says more, in sentences; may be empty. */
  readonly caption: string
}

/** Decides what the panels show together. It does not depend on the cursor, which moves often. */
export function shownMaps({ index, view, fits, maps }: Pick<State, 'index' | 'view' | 'fits' | 'maps'>): ShownMaps {
  const drawn = maps.slice(0, fits.length).filter((map) => map !== undefined)
  const current = currentMaps({ fits, maps })
  const classes = index.classes?.find(({ patch }) => patch === drawn[0]?.fitted.choice.patch)
  return {
    maps: current.filter((map) => map !== undefined),
    colours: hot,
    limits: view.limits === 'fit' ? extremes(drawn) : view.limits,
    regions: regionsOf(drawn, classes),
    ...EXPLANATIONS[drawn[0]?.quantity ?? view.shows]!,
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

const EXPLANATIONS: Readonly<Partial<Record<Quantity, Pick<ShownMaps, 'note' | 'caption'>>>> = {
  similarity: {
    note: 'Colour: how similar the features are to those at +',
    caption:
      'Each pixel of a map is a position of the object’s center. A shift-invariant network would give 1 everywhere.',
  },
  probability: {
    note: 'Colour: probability of the answer at the middle',
    caption: 'Each pixel of a map is a position of the object’s center.',
  },
  answers: {
    note: 'Colour: the answer when the object’s center is there',
    caption:
      'Agreement is the chance that two random positions get the same answer. A map of one colour has 100 %. Blues are right answers (✓).',
  },
  ...Object.fromEntries(
    HEAD_MAPS.map(({ name, explanation }) => [name, { note: `Colour: ${explanation}`, caption: '' }]),
  ),
}
