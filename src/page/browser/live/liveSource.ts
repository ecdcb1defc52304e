import type { Position } from '../../../engine/scene/positions.js'
import { indexOf } from '../../../experiments/maps/grid.js'
import type { LiveStudy } from '../../live/live.js'
import type { Fitted } from '../fit.js'
import type { MapSource } from '../source.js'
import { type LiveStore, liveIndex, liveStore, unitRequest } from './liveState.js'
import type { MapProgress } from './pace.js'
import { RunningMaps } from './runningMaps.js'
import { ask } from './server.js'

export interface LiveSource extends MapSource {
  readonly store: LiveStore
  /** Progress of a map; undefined if its computation has not begun. */
  readonly progress: (fitted: Fitted) => MapProgress | undefined
}

/** Side of the object in pixels, for links that give none. It is the smaller of the paper's two sizes. */
const FIRST_SIZE = 75

/** Shortest time between two messages to the server about the cursor, in milliseconds. */
const BETWEEN_CURSORS = 120

export function liveSource(study: LiveStudy): LiveSource {
  const store = liveStore(study)
  const running = new RunningMaps(store)
  const lookAt = cursorOutbox((fitted, cursor) => {
    const one = running.find(fitted)
    if (one === undefined || one.map.isKnown(indexOf(cursor, fitted.group))) return
    ask('cursor', { ...unitRequest(store.state(), fitted), cursor }).catch(() => undefined)
  })
  return {
    store,
    // A link may give any number as the size.
    index: (size = FIRST_SIZE) => liveIndex(store.state(), study.mostBytes, size >= 1 ? Math.floor(size) : FIRST_SIZE),
    pictureOf: (key) => Promise.resolve(`pictures/${key}.png`),
    progress: (fitted) => running.find(fitted)?.pace.progress(performance.now()),
    follow: (fitted, shows, follower) => running.follow(fitted, shows, follower),
    lookAt,
  }
}

/** Keeps the latest cursor in each network until it is sent. */
function cursorOutbox(send: (fitted: Fitted, cursor: Position) => void): typeof send {
  const latest = new Map<string, Parameters<typeof send>>()
  const sendAll = () => {
    for (const one of latest.values()) send(...one)
    latest.clear()
  }
  return (fitted, cursor) => {
    if (latest.size === 0) setTimeout(sendAll, BETWEEN_CURSORS)
    latest.set(fitted.group.model, [fitted, cursor])
  }
}
