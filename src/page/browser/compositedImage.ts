import type { Position } from '../../engine/positions.js'
import { svg } from '../../plot/svg.js'
import type { SiteGroup } from '../siteIndex.js'
import { svgNode } from './dom.js'
import type { Fitted } from './fit.js'
import { loadPicture } from './pictures.js'

/** The composited image at the cursor, with the outlines of the patch there and at the anchor. */
export interface CompositedImage {
  readonly show: (fitted: Fitted, position: Position) => void
}

/** @param box an element that the image fills, below what is in it already */
export function compositedImage(box: HTMLElement): CompositedImage {
  const canvas = document.createElement('canvas')
  const outlines = svgNode(svg('svg', { 'aria-hidden': 'true' }))
  box.prepend(canvas, outlines)
  let wanted: { fitted: Fitted; position: Position } | undefined
  const draw = (fitted: Fitted, position: Position) => {
    drawPixels(canvas, fitted, position, () => {
      if (wanted !== undefined) draw(wanted.fitted, wanted.position)
    })
    drawOutlines(outlines, fitted, position)
  }
  return {
    show: (fitted, position) => {
      wanted = { fitted, position }
      draw(fitted, position)
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
function drawPixels(
  canvas: HTMLCanvasElement,
  { group, unit }: Fitted,
  { row, col }: Position,
  again: () => void,
): void {
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

/** Smaller patches have no room for words, in pixels. */
const LEAST_FOR_WORDS = 40

function drawOutlines(outlines: SVGElement, { group, unit, anchorPosition }: Fitted, { row, col }: Position): void {
  const { frame, size } = group
  const words = unit === null ? 'mean' : group.units[unit]?.picture === null ? 'no picture' : ''
  const missing = size < LEAST_FOR_WORDS ? '' : words
  const middle = { x: col + size / 2, y: row + size / 2 + 4, 'text-anchor': 'middle' }
  const box = (name: string, top: number, left: number) =>
    svg('rect', { class: name, x: left + 0.5, y: top + 0.5, width: size - 1, height: size - 1 })
  outlines.setAttribute('viewBox', `0 0 ${frame} ${frame}`)
  const elements = [
    box('at-anchor-under', anchorPosition.row, anchorPosition.col),
    box('at-anchor', anchorPosition.row, anchorPosition.col),
    box('at-cursor under', row, col),
    box('at-cursor over', row, col),
    svg('text', middle, missing),
  ]
  outlines.replaceChildren(...elements.map(svgNode))
}
