import { element } from './dom.js'
import { PANEL_IDS } from './panel.js'
import type { Reading } from './readout.js'
import { type Scene, scene } from './scene.js'

let scenes: readonly Scene[] | undefined

/** Shows the image at the cursor; the second panel's too where it is another one. */
export function showScenes(readings: readonly Reading[]): void {
  scenes ??= PANEL_IDS.map((id) => scene(element(`${id}-scene`, HTMLElement)))
  const [first, second] = readings
  if (first !== undefined) scenes[0]?.show(first.map.fitted, first.place)
  const differs = first !== undefined && second !== undefined && imageOf(first) !== imageOf(second)
  element('b-scene', HTMLElement).hidden = !differs
  if (differs) scenes[1]?.show(second.map.fitted, second.place)
}

function imageOf({ map: { fitted }, place }: Reading): string {
  const { group, choice, anchorPlace } = fitted
  return JSON.stringify([group.size, group.frame, group.background, choice.patch, place, anchorPlace])
}
