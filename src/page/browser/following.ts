import type { Position } from '../../engine/positions.js'
import type { Fitted } from './fit.js'
import type { LoadedMap } from './maps.js'
import type { Panel } from './panel.js'
import type { Source } from './source.js'
import type { Quantity } from './view.js'

/** What the panels are to show. */
export interface WantedMaps {
  /** One a panel that is shown. */
  readonly fits: readonly Fitted[]
  readonly shows: Quantity
  readonly cursor: Position
}

/**
 * Loads the maps of the panels, and keeps to them while more comes to be known.
 * @param onMaps called when each panel has its first map or none is to be had (undefined), which the panel then says, and
 * whenever one of them is better known
 * @param signal ends it: what comes later belongs to other maps
 * @returns when it was called first
 */
export function followMaps(
  source: Source,
  panels: readonly Panel[],
  { fits, shows, cursor }: WantedMaps,
  onMaps: (maps: readonly (LoadedMap | undefined)[]) => void,
  signal: AbortSignal,
): Promise<void> {
  const maps: (LoadedMap | undefined)[] = fits.map(() => undefined)
  const here = new Set<number>()
  return new Promise((done) => {
    const take = (i: number, map: LoadedMap | undefined) => {
      if (signal.aborted) return
      maps[i] = map
      here.add(i)
      panels[i]?.setBusy(false)
      if (here.size < fits.length) return
      onMaps([...maps])
      done()
    }
    for (const [i, fitted] of fits.entries()) {
      const panel = panels[i] as Panel
      const say = (text: string) => {
        if (!signal.aborted) panel.say([...fitted.notes, text].join(' ').trim())
      }
      panel.setBusy(true)
      say('')
      source.follow(fitted, shows, { onMap: (map) => take(i, map), say, signal, cursor }).catch((error: unknown) => {
        say(error instanceof Error ? error.message : String(error))
        take(i, undefined)
      })
    }
  })
}
