import { type Label, labelAttributes } from './axis.js'
import { blankCanvas, canvasPng, fill, paste, type Rectangle } from './canvas.js'
import type { ColourLimits } from './colormap.js'
import { PICTURE_LETTERS, textWidth } from './letters.js'
import { type GridValues, mapPixels } from './mapPixels.js'
import { markup, type SvgElement, svg } from './svg.js'

/** A map drawn with one rectangle per value. Its width is a multiple of `cols`, and its height a multiple of `rows`. */
export interface PlacedMap extends GridValues, Rectangle {}

export interface FigureLayout {
  readonly width: number
  readonly height: number
  /** Description for readers who cannot see the figure. */
  readonly title: string
  readonly limits: ColourLimits
  readonly maps: readonly PlacedMap[]
  readonly labels: readonly Label[]
  /** Vertical and horizontal lines, drawn as filled black rectangles. */
  readonly lines: readonly Rectangle[]
}

/** Factor by which text may be wider than computed. This happens if neither Helvetica nor Arial is installed. */
const OTHER_FONTS = 1.15

/** Width to reserve for a line of text, in pixels of the drawing. */
export function labelWidth(words: string): number {
  return Math.ceil(OTHER_FONTS * textWidth(words))
}

/** CSS that shows light text on a dark background, if the program that opens the SVG prefers dark colours. */
const DARK = '@media (prefers-color-scheme:dark){text,rect{fill:#e9ebed}.ground{fill:#191c1f}}'

/** Draws a figure as SVG. Maps are embedded as PNG. Text remains text and is not converted to outlines. */
export async function layoutSvg({ width, height, title, limits, maps, labels, lines }: FigureLayout): Promise<string> {
  const parts: SvgElement[] = [svg('title', {}, xmlText(title))]
  parts.push(svg('style', {}, DARK))
  parts.push(svg('rect', { x: 0, y: 0, width, height, fill: '#fff', class: 'ground' }))
  for (const map of maps) {
    const { rows, cols, x, y } = map
    const png = await canvasPng({ rows, cols, pixels: mapPixels(map, limits) })
    const href = `data:image/png;base64,${png.toString('base64')}`
    const scaling = { preserveAspectRatio: 'none', style: 'image-rendering:pixelated' }
    parts.push(svg('image', { x, y, width: map.width, height: map.height, href, ...scaling }))
  }
  for (const one of lines) parts.push(svg('rect', { ...one, fill: '#000' }))
  for (const label of labels) parts.push(svg('text', labelAttributes(label, PICTURE_LETTERS), xmlText(label.words)))
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'font-family': 'Helvetica, Arial, sans-serif',
    'font-size': `${PICTURE_LETTERS}px`,
  }
  const onLines = parts.flatMap((part, i) => (i === 0 ? [part] : ['\n', part]))
  return `${markup(svg('svg', attributes, ...onLines))}\n`
}

/** Draws a figure as PNG. Text is drawn from stored outlines, so the picture does not depend on installed fonts. */
export function layoutPng({ width, height, limits, maps, labels, lines }: FigureLayout): Promise<Buffer> {
  const canvas = blankCanvas(height, width)
  for (const map of maps) paste(canvas, mapPixels(map, limits, map.height, map.width), map)
  for (const one of lines) fill(canvas, one, 0)
  return canvasPng(canvas, labels)
}

/** Replaces characters that XML forbids with spaces. Names from files may contain them. */
function xmlText(words: string): string {
  return words.replace(/[^\P{C}]/gu, ' ')
}
