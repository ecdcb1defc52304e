import type { Position } from '../../engine/scene/positions.js'
import type { ColourLimits, ColourMap } from '../../plot/colormap.js'
import type { SiteIndex } from '../site/siteIndex.js'
import type { View } from '../site/view.js'
import type { Fits } from './fit.js'
import type { CursorActions } from './keys.js'
import type { LoadedMap } from './maps.js'
import type { Regions } from './regions.js'
import type { Change } from './view.js'

/** What the viewer shows now. */
export interface State {
  readonly index: SiteIndex
  readonly view: View
  readonly fits: Fits
  /** One map per entry of `fits`; undefined while the map is loading, or if loading failed. */
  readonly maps: readonly (LoadedMap | undefined)[]
  readonly notes: readonly string[]
  readonly isBusy: readonly boolean[]
}

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

/** What the parts of the viewer may ask it to do. */
export interface ViewerActions {
  /** Shows a different view, or the same view again if the source has changed. */
  readonly change: (make: Change) => void
  readonly moveTo: (position: Position) => void
  /** @param panel 0 for map A, 1 for map B, whose grid of positions the actions use */
  readonly actions: (panel: number) => CursorActions
}
