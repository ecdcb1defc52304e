import { type CompositedImage, compositedImage } from './compositedImage.js'
import { element } from './dom.js'
import { PANEL_IDS } from './panel.js'
import type { Reading } from './readout.js'

let images: readonly CompositedImage[] | undefined

/** Shows the image at the cursor; the second panel's too where it is another one. */
export function showImages(readings: readonly Reading[]): void {
  images ??= PANEL_IDS.map((id) => compositedImage(element(`${id}-image`, HTMLElement)))
  const [first, second] = readings
  if (first !== undefined) images[0]?.show(first.map.fitted, first.position)
  const differs = first !== undefined && second !== undefined && imageOf(first) !== imageOf(second)
  element('b-image', HTMLElement).hidden = !differs
  if (differs) images[1]?.show(second.map.fitted, second.position)
}

function imageOf({ map: { fitted }, position }: Reading): string {
  const { group, choice, anchorPosition } = fitted
  return JSON.stringify([group.size, group.frame, group.background, choice.patch, position, anchorPosition])
}
