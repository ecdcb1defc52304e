import { ANCHOR_NAMES, isSamePosition, type Position } from '../engine/scene/positions.js'
import { InputError } from '../errors.js'
import { indexOf, positionAt } from '../experiments/maps/grid.js'
import type { MapMessage, MapRequest } from '../page/live/live.js'
import type { RowRun } from './keptRows.js'
import type { LiveUnit } from './liveUnit.js'
import { MapMaker } from './mapMaker.js'

/** Shortest time in milliseconds between two messages. Making a message means reading all features that it covers. */
const BETWEEN_MESSAGES = 120

/** Yields a map while it is computed: first the positions that already have features, then the others. */
export async function* mapMessages(
  unit: LiveUnit,
  request: Pick<MapRequest, 'layer' | 'anchor' | 'cursor' | 'category'>,
  signal: AbortSignal,
): AsyncGenerator<MapMessage, void, undefined> {
  const changes = followUnit(unit, signal)
  try {
    unit.lookAt(request.cursor)
    const anchor = rowOf(unit, request.anchor)
    const center = unit.grid.anchors[ANCHOR_NAMES.indexOf('center')]!.index
    const map = new MapMaker(unit, request, anchor)
    const sent = new Set<RowRun>()
    let compared: readonly (RowRun | undefined)[] = []
    let began = performance.now()
    for (;;) {
      const isWhole = unit.kept.isWhole
      // The first positions are computed together with the anchors. Until then, only an anchor would be computed alone.
      if (unit.kept.runs.length > 0) {
        // Every value depends on the features at the anchor and the center, so all are sent again if these are replaced.
        const now = [unit.kept.runOf(anchor), unit.kept.runOf(center)]
        if (now.some((run, i) => run !== compared[i])) sent.clear()
        compared = now
        const [atAnchor, atCenter] = [await unit.featuresAt(anchor), await unit.featuresAt(center)]
        const runs = unit.kept.runs.filter((run) => !sent.has(run))
        const done = Math.min(unit.kept.finished, unit.grid.rows * unit.grid.cols)
        if (runs.length > 0) yield { ...(await map.rowsOf(runs, atAnchor, atCenter)), done }
        for (const run of runs) sent.add(run)
      }
      if (isWhole) return
      await changes.next(began + BETWEEN_MESSAGES - performance.now())
      began = performance.now()
    }
  } finally {
    changes.end()
  }
}

/** Keeps the computation of a unit going, and lets the caller wait for new features. */
export function followUnit(unit: LiveUnit, signal: AbortSignal) {
  let hasChanged = false
  let failure: { readonly error: unknown } | undefined
  let wake = () => {}
  const end = unit.follow({
    onRows: () => {
      hasChanged = true
      wake()
    },
    onFailure: (error) => {
      failure = { error }
      wake()
    },
  })
  const onAbort = () => wake()
  signal.addEventListener('abort', onAbort)
  return {
    /** Waits until more positions have features, but at least for the given time. */
    next: async (milliseconds: number) => {
      await new Promise((done) => setTimeout(done, Math.max(0, milliseconds)))
      while (!hasChanged && failure === undefined && !signal.aborted)
        await new Promise<void>((done) => {
          wake = done
        })
      hasChanged = false
      if (failure !== undefined) throw failure.error
      signal.throwIfAborted()
    },
    end: () => {
      signal.removeEventListener('abort', onAbort)
      end()
    },
  }
}

/** Index of a position in `grid.offsets`. The position, given in pixels, must be an anchor or a point of the grid. */
function rowOf({ grid }: LiveUnit, position: Position): number {
  const anchor = grid.anchors.find((one) => isSamePosition(one, position))
  if (anchor !== undefined) return anchor.index
  const nearest = indexOf(position, grid)
  if (!isSamePosition(positionAt(nearest, grid), position))
    throw new InputError(`there is no position (${position.row}, ${position.col}) on this grid; choose one on the map`)
  return nearest
}
