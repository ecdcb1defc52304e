import { element, html } from './dom.js'
import type { Fitted } from './fit.js'
import { loadPicture } from './pictures.js'

/** The number of the mean over patches among the choices. */
const MEAN = 'mean'

/** Pictures wait so long for the maps to be on the screen, in milliseconds. */
const SOON = 150

let watched: IntersectionObserver | undefined
/** Of the group whose patches are shown. */
let shown: string | undefined
/** Which of them was marked last. */
let marked: string | undefined

/** Shows the patches of a group to choose from, each with its picture, and marks the one that the first map has. */
export function showGallery({ group, unit }: Fitted, hasMean: boolean, choose: (patch: string | null) => void): void {
  const strip = element('gallery', HTMLElement)
  const key = String(group.key)
  if (shown !== key) {
    shown = key
    marked = undefined
    watched?.disconnect()
    // Of many patches, the pictures that are on the screen are loaded.
    watched = new IntersectionObserver(loadVisible, { root: strip, rootMargin: '0px 200px' })
    const background = group.background !== null && 'colour' in group.background ? group.background.colour : '#808080'
    const mean = thumbnail(MEAN, 'mean', html('span', { class: 'all', 'aria-hidden': 'true' }, 'x̄'), () => choose(null))
    const pictured: HTMLImageElement[] = []
    const patches = group.units.map(({ patch, picture }, i) => {
      const image = html('img', { alt: '', width: 56, height: 56, style: `background:${background}` })
      if (picture !== null) {
        image.dataset.picture = String(picture)
        pictured.push(image)
      }
      return thumbnail(String(i), patch, image, () => choose(patch))
    })
    strip.replaceChildren(...patches, ...(hasMean ? [mean] : []))
    // The maps come first.
    const observer = watched
    setTimeout(() => {
      for (const image of pictured) observer.observe(image)
    }, SOON)
  }
  const value = unit === null ? MEAN : String(unit)
  for (const input of strip.querySelectorAll('input')) input.checked = input.value === value
  // Who looks along the strip is left there while maps change.
  if (value !== marked) bringIntoView(strip)
  marked = value
}

function thumbnail(value: string, name: string, picture: HTMLElement, choose: () => void): HTMLElement {
  const input = html('input', { type: 'radio', name: 'object', value })
  input.addEventListener('change', choose)
  return html('label', { class: 'thumb' }, input, picture, html('span', { class: 'name', dir: 'auto' }, name))
}

function loadVisible(entries: readonly IntersectionObserverEntry[], observer: IntersectionObserver): void {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting || !(target instanceof HTMLImageElement)) continue
    observer.unobserve(target)
    loadPicture(Number(target.dataset.picture)).then(
      (source) => {
        target.src = source
      },
      () => undefined,
    )
  }
}

/** Along the strip alone: the page stays where it is. */
function bringIntoView(strip: HTMLElement): void {
  const chosen = strip.querySelector('input:checked')?.parentElement
  if (!chosen) return
  const [start, end] = [chosen.offsetLeft - strip.offsetLeft, chosen.offsetLeft - strip.offsetLeft + chosen.offsetWidth]
  if (start < strip.scrollLeft) strip.scrollLeft = start
  else if (end > strip.scrollLeft + strip.clientWidth) strip.scrollLeft = end - strip.clientWidth
}
