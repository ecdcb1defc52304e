import type { Position } from '../../engine/scene/positions.js'
import type { PictureKey, SiteIndex } from '../site/siteIndex.js'
import type { Quantity } from '../site/view.js'
import { loadPicture } from './files.js'
import type { Fitted } from './fit.js'
import { type LoadedMap, loadMap, quantityNote } from './maps.js'

/** Source of the viewer's maps: the files of a report, or a server that computes them while the user watches. */
export interface MapSource {
  /**
   * The networks, layers and objects that the user can choose. On the live page, they may change, and objects have the
   * given size in pixels.
   */
  readonly index: (size?: number) => SiteIndex
  readonly pictureOf: (key: PictureKey) => Promise<string>
  /** Passes a map to the follower whenever more of it is known, until the map is complete. */
  readonly follow: (fitted: Fitted, shows: Quantity, follower: MapFollower) => Promise<void>
  /** Tells the source where the cursor is, so that it can compute positions near it first. */
  readonly lookAt?: (fitted: Fitted, position: Position) => void
}

export interface MapFollower {
  readonly onMap: (map: LoadedMap) => void
  /** Receives a message about the map, or an empty text if there is no message. */
  readonly say: (text: string) => void
  readonly signal: AbortSignal
  readonly cursor: Position
}

export function fileSource(index: SiteIndex): MapSource {
  return {
    index: () => index,
    pictureOf: loadPicture,
    follow: async (fitted, shows, { onMap, say }) => {
      const map = await loadMap(fitted, shows, (done, total) => {
        say(done < total ? `Loading features: ${done} of ${total} files` : '')
      })
      say(quantityNote(map, shows))
      onMap(map)
    },
  }
}
