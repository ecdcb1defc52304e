import type { RgbPixels } from '../experiments/scenes/layout.js'
import type { Label } from './axis.js'
import { labelOutlines } from './letters.js'
import type { SvgElement } from './svg.js'

/** RGB pixels to draw into, row-major [rows, cols, 3]. */
export interface Canvas {
  readonly rows: number
  readonly cols: number
  readonly pixels: RgbPixels
}

/** A rectangle in pixels of the drawing. */
export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function blankCanvas(rows: number, cols: number): Canvas {
  return { rows, cols, pixels: new Uint8Array(rows * cols * 3).fill(255) }
}

/** Fills an area with a grey from 0 (black) to 255 (white). Parts of the area outside the canvas are ignored. */
export function fill({ rows, cols, pixels }: Canvas, { x, y, width, height }: Rectangle, grey: number): void {
  const left = Math.max(0, x)
  const right = Math.min(cols, x + width)
  for (let row = Math.max(0, y); row < Math.min(rows, y + height); row++) {
    if (right > left) pixels.fill(grey, (row * cols + left) * 3, (row * cols + right) * 3)
  }
}

/** Copies an RGB image, [height, width, 3], to an area, which must be inside the canvas. */
export function paste({ cols, pixels }: Canvas, image: RgbPixels, { x, y, width, height }: Rectangle): void {
  for (let row = 0; row < height; row++) {
    pixels.set(image.subarray(row * width * 3, (row + 1) * width * 3), ((y + row) * cols + x) * 3)
  }
}

/**
 * @param labels texts to draw in black over the picture
 * @param shapes other elements to draw
 * @param scale pixels of the picture for each pixel of labels and shapes
 * @param density resolution that the file states, in pixels per inch
 */
export async function canvasPng(
  { rows, cols, pixels }: Canvas,
  labels: readonly Label[] = [],
  shapes: readonly SvgElement[] = [],
  scale = 1,
  density?: number,
): Promise<Buffer> {
  const { default: sharp } = await import('sharp')
  const picture = sharp(pixels, { raw: { width: cols, height: rows, channels: 3 } })
  const text =
    labels.length === 0
      ? []
      : [{ input: Buffer.from(labelOutlines(labels, cols / scale, rows / scale, scale, shapes)) }]
  const drawn = picture.composite(text).removeAlpha()
  return (density === undefined ? drawn : drawn.withMetadata({ density })).png({ compressionLevel: 9 }).toBuffer()
}
