import type { Position } from '../../engine/scene/positions.js'
import type { PictureKey, SiteIndex } from '../site/siteIndex.js'
import type { View } from '../site/view.js'
import type { Fits } from './fit.js'
import type { CursorActions } from './keys.js'
import type { LoadedMap } from './maps.js'
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

/** What the parts of the viewer may ask it to do. */
export interface ViewerActions {
  /** Shows a different view, or the same view again if the source has changed. */
  readonly change: (make: Change) => void
  readonly moveTo: (position: Position) => void
  readonly pictureOf: (key: PictureKey) => Promise<string>
  /** @param panel 0 for map A, 1 for map B, whose grid of positions the actions use */
  readonly actions: (panel: number) => CursorActions
}
