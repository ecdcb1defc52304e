import type { Position } from '../../engine/positions.js'
import type { SiteIndex } from '../siteIndex.js'
import { loadPicture } from './files.js'
import type { Fitted } from './fit.js'
import { type LoadedMap, loadMap, quantityNote } from './maps.js'
import type { Quantity } from './view.js'

/** Where the viewer's maps come from: the files of a report, or a server that computes them while one looks. */
export interface MapSource {
  /** Everything that can be chosen; it may change. */
  readonly index: () => SiteIndex
  /** Address of a picture, by its key. */
  readonly pictureOf: (key: number) => Promise<string>
  /** Gives a map, again whenever more of it is known, until it is whole. @throws if it cannot be had */
  readonly follow: (fitted: Fitted, shows: Quantity, follower: MapFollower) => Promise<void>
  /** Tells that the cursor is at a position. */
  readonly lookAt?: (fitted: Fitted, position: Position) => void
}

export interface MapFollower {
  readonly onMap: (map: LoadedMap) => void
  /** Something is worth knowing about the map; empty: nothing. */
  readonly say: (text: string) => void
  /** Aborted when the map is not wanted any more. */
  readonly signal: AbortSignal
  readonly cursor: Position
}

/** The files of a report. */
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
