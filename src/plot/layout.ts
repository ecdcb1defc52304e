import { type Label, labelAttributes } from './axis.js'
import { blankCanvas, canvasPng, fill, paste, type Rectangle } from './canvas.js'
import type { ColourLimits, ColourMap } from './colormap.js'
import { PICTURE_LETTERS, textWidth } from './letters.js'
import { type GridValues, mapPixels } from './mapPixels.js'
import { markup, type SvgElement, svg } from './svg.js'

/** A map drawn with one rectangle per value. Its width is a multiple of `cols`, and its height a multiple of `rows`. */
export interface PlacedMap extends GridValues, Rectangle {
  readonly limits: ColourLimits
  /** Colour map; by default "hot". */
  readonly colours?: ColourMap | undefined
}

export interface FigureLayout {
  readonly width: number
  readonly height: number
  /** Description for readers who cannot see the figure. */
  readonly title: string
  readonly maps: readonly PlacedMap[]
  readonly labels: readonly Label[]
  /** Vertical and horizontal lines, drawn as filled black rectangles. */
  readonly lines: readonly Rectangle[]
  /** Polygons with a colour of their own. */
  readonly shapes: readonly SvgElement[]
}

/** Factor by which text may be wider than computed. This happens if neither Helvetica nor Arial is installed. */
const OTHER_FONTS = 1.15

/** Width to reserve for a line of text, in pixels of the drawing. */
export function labelWidth(words: string): number {
  return Math.ceil(OTHER_FONTS * textWidth(words))
}

/** CSS that shows light text on a dark background, if the program that opens the SVG prefers dark colours. */
const DARK = '@media (prefers-color-scheme:dark){text,rect{fill:#e9ebed}polygon{stroke:#e9ebed}.ground{fill:#191c1f}}'

/** Draws a figure as SVG. Maps are embedded as PNG. Text remains text and is not converted to outlines. */
export async function layoutSvg(layout: FigureLayout): Promise<string> {
  const { width, height, title, maps, labels, lines, shapes } = layout
  const parts: SvgElement[] = [svg('title', {}, xmlText(title))]
  parts.push(svg('style', {}, DARK))
  parts.push(svg('rect', { x: 0, y: 0, width, height, fill: '#fff', class: 'ground' }))
  for (const map of maps) {
    const { rows, cols, x, y, limits, colours } = map
    const png = await canvasPng({ rows, cols, pixels: mapPixels(map, limits, rows, cols, colours) })
    const href = `data:image/png;base64,${png.toString('base64')}`
    const scaling = { preserveAspectRatio: 'none', style: 'image-rendering:pixelated' }
    parts.push(svg('image', { x, y, width: map.width, height: map.height, href, ...scaling }))
  }
  for (const one of lines) parts.push(svg('rect', { ...one, fill: '#000' }))
  parts.push(...shapes)
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

/** Width at which a figure is printed, in inches, and the least number of pixels per inch at this width. */
const PRINT = { inches: 7, density: 300 }

/**
 * Draws a figure as PNG, enlarged by a whole factor for print. Text is drawn from stored outlines, so the picture does
 * not depend on installed fonts.
 */
export function layoutPng({ width, height, maps, labels, lines, shapes }: FigureLayout): Promise<Buffer> {
  const scale = Math.ceil((PRINT.inches * PRINT.density) / width)
  const enlarged = ({ x, y, ...one }: Rectangle): Rectangle => ({
    x: scale * x,
    y: scale * y,
    width: scale * one.width,
    height: scale * one.height,
  })
  const canvas = blankCanvas(scale * height, scale * width)
  for (const map of maps) {
    const area = enlarged(map)
    paste(canvas, mapPixels(map, map.limits, area.height, area.width, map.colours), area)
  }
  for (const one of lines) fill(canvas, enlarged(one), 0)
  return canvasPng(canvas, labels, shapes, scale, Math.round((scale * width) / PRINT.inches))
}

/** Replaces characters that XML forbids with spaces. Names from files may contain them. */
export function xmlText(words: string): string {
  return words.replace(/[^\P{C}]/gu, ' ')
}
