import { svg } from '../../plot/svg.js'
import type { SiteGroup } from '../siteIndex.js'
import { svgNode } from './dom.js'
import { loadPicture } from './files.js'
import type { Fitted } from './fit.js'
import type { Place } from './view.js'

/** The composited image at the cursor, with the outlines of the patch there and at the anchor. */
export interface Scene {
  readonly show: (fitted: Fitted, place: Place) => void
}

/** @param box an empty element that the scene fills */
export function scene(box: HTMLElement): Scene {
  const canvas = document.createElement('canvas')
  const outlines = svgNode(svg('svg', { 'aria-hidden': 'true' }))
  box.replaceChildren(canvas, outlines)
  let wanted: { fitted: Fitted; place: Place } | undefined
  const draw = (fitted: Fitted, place: Place) => {
    drawPixels(canvas, fitted, place, () => {
      if (wanted !== undefined) draw(wanted.fitted, wanted.place)
    })
    drawOutlines(outlines, fitted, place)
  }
  return {
    show: (fitted, place) => {
      wanted = { fitted, place }
      draw(fitted, place)
    },
  }
}

const images = new Map<number, HTMLImageElement>()

/** The picture, if it is there already; else `then` is called once it is. */
function pictureOf(key: number, then: () => void): HTMLImageElement | undefined {
  const image = images.get(key) ?? loadImage(key)
  if (image.complete && image.naturalWidth > 0) return image
  image.addEventListener('load', then, { once: true })
  return undefined
}

function loadImage(key: number): HTMLImageElement {
  const image = new Image()
  images.set(key, image)
  loadPicture(key).then(
    (source) => {
      image.src = source
    },
    () => undefined,
  )
  return image
}

/** One pixel of the frame is one of the canvas; the style enlarges it without smoothing. */
function drawPixels(canvas: HTMLCanvasElement, { group, unit }: Fitted, { row, col }: Place, again: () => void): void {
  const { frame, background } = group
  canvas.width = frame
  canvas.height = frame
  const context = canvas.getContext('2d')
  if (context === null) return
  const behind = background !== null && 'picture' in background ? pictureOf(background.picture, again) : undefined
  if (behind !== undefined) context.drawImage(behind, 0, 0)
  else {
    context.fillStyle = background !== null && 'colour' in background ? background.colour : '#808080'
    context.fillRect(0, 0, frame, frame)
  }
  const key = unit === null ? null : (group.units[unit] as SiteGroup['units'][number]).picture
  const picture = key === null ? undefined : pictureOf(key, again)
  if (picture !== undefined) context.drawImage(picture, col, row)
}

function drawOutlines(outlines: SVGElement, { group, unit, anchorPlace }: Fitted, { row, col }: Place): void {
  const { frame, size } = group
  const missing = unit === null ? 'mean' : group.units[unit]?.picture === null ? 'no picture' : ''
  const middle = { x: col + size / 2, y: row + size / 2 + 4, 'text-anchor': 'middle' }
  const box = (name: string, top: number, left: number) =>
    svg('rect', { class: name, x: left + 0.5, y: top + 0.5, width: size - 1, height: size - 1 })
  outlines.setAttribute('viewBox', `0 0 ${frame} ${frame}`)
  const elements = [
    box('at-anchor-under', anchorPlace.row, anchorPlace.col),
    box('at-anchor', anchorPlace.row, anchorPlace.col),
    box('at-cursor under', row, col),
    box('at-cursor over', row, col),
    svg('text', middle, missing),
  ]
  outlines.replaceChildren(...elements.map(svgNode))
}
