import sharp from 'sharp'
import { coordinate, element } from '../charts/svg.js'
import { hot } from '../colormap.js'
import type { ColourLimits } from '../heatmap.js'
import { escapeHtml } from '../html.js'
import { type Canvas, drawText, fill, paste, textSize } from '../pixelText.js'

/** Values as colours: [rows, cols], row-major, each a rectangle of equal size. */
export interface MapPanel {
  readonly values: ArrayLike<number>
  readonly rows: number
  readonly cols: number
  /** In pixels of the drawing; a whole multiple of the values along each axis. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A line of text, y being its middle. */
export interface Label {
  readonly words: string
  readonly x: number
  readonly y: number
  readonly align: 'left' | 'center' | 'right'
}

/** An upright or level line. */
export interface Stroke {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A figure as data, which becomes SVG or PNG. */
export interface Drawing {
  readonly width: number
  readonly height: number
  /** What it shows, for readers who do not see it. */
  readonly title: string
  readonly limits: ColourLimits
  readonly maps: readonly MapPanel[]
  readonly labels: readonly Label[]
  readonly strokes: readonly Stroke[]
}

/** Pixels of a dot of the PNG's letters. */
const DOT = 2

/** Width that a line of text takes, in pixels of the drawing: as the PNG's letters, which are the wider ones. */
export function labelWidth(words: string): number {
  return textSize(words, DOT).cols
}

/** The drawing as SVG: maps embedded as PNG, everything else as lines and text. */
export async function drawingSvg({ width, height, title, limits, maps, labels, strokes }: Drawing): Promise<string> {
  const parts: string[] = [element('title', {}, xmlText(title))]
  parts.push(element('rect', { x: 0, y: 0, width, height, fill: '#fff' }))
  for (const map of maps) {
    const { x, y, width: w, height: h, rows, cols } = map
    const png = await sharp(coloursOf(map, limits), { raw: { width: cols, height: rows, channels: 3 } })
      .png({ compressionLevel: 9 })
      .toBuffer()
    const href = `data:image/png;base64,${png.toString('base64')}`
    const scaling = { preserveAspectRatio: 'none', style: 'image-rendering:pixelated' }
    parts.push(element('image', { x, y, width: w, height: h, href, ...scaling }))
  }
  for (const { x, y, width: w, height: h } of strokes) {
    parts.push(element('rect', { x, y, width: w, height: h, fill: '#000' }))
  }
  const anchors = { left: 'start', center: 'middle', right: 'end' }
  for (const { words, x, y, align } of labels) {
    parts.push(element('text', { x, y: y + 6, 'text-anchor': anchors[align] }, xmlText(words)))
  }
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${coordinate(width)} ${coordinate(height)}`,
      width,
      height,
      role: 'img',
      'font-family': 'Helvetica, Arial, sans-serif',
      'font-size': '18px',
    },
    parts.join('\n'),
  )}\n`
}

/** The drawing as PNG, with letters of its own: the same bytes on every machine, whatever fonts it has. */
export function drawingPng({ width, height, limits, maps, labels, strokes }: Drawing): Promise<Buffer> {
  const canvas: Canvas = { rows: height, cols: width, pixels: new Uint8Array(height * width * 3).fill(255) }
  for (const map of maps) paste(canvas, enlarged(map, limits), boxOf(map))
  for (const stroke of strokes) fill(canvas, boxOf(stroke), 0)
  for (const { words, x, y, align } of labels) {
    const { rows, cols } = textSize(words, DOT)
    const left = { left: x, center: x - cols / 2, right: x - cols }[align]
    drawText(canvas, words, Math.round(y - rows / 2), Math.round(left), DOT)
  }
  return sharp(canvas.pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer()
}

/** Names come from files; what XML cannot hold becomes a space. */
function xmlText(words: string): string {
  return escapeHtml(words.replace(/[^\P{C}]/gu, ' '))
}

function boxOf({ x, y, width, height }: Stroke) {
  return { row: y, col: x, rows: height, cols: width }
}

/** RGB, [rows, cols, 3]. */
function coloursOf({ values, rows, cols }: MapPanel, { low, high }: ColourLimits): Uint8Array {
  const pixels = new Uint8Array(rows * cols * 3)
  for (let i = 0; i < rows * cols; i++) pixels.set(hot(((values[i] as number) - low) / (high - low)), i * 3)
  return pixels
}

/** RGB, [height, width, 3]. */
function enlarged(map: MapPanel, limits: ColourLimits): Uint8Array {
  const { rows, cols, width, height } = map
  const colours = coloursOf(map, limits)
  const pixels = new Uint8Array(height * width * 3)
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * cols
    for (let x = 0; x < width; x++) {
      const from = (row + Math.floor((x * cols) / width)) * 3
      const to = (y * width + x) * 3
      for (let channel = 0; channel < 3; channel++) pixels[to + channel] = colours[from + channel] as number
    }
  }
  return pixels
}
