import type { FramePixels } from '../experiments/objectScene.js'
import type { Label } from './axis.js'
import { labelOutlines } from './letters.js'

/** RGB pixels to draw into, row-major [rows, cols, 3]. */
export interface Canvas {
  readonly rows: number
  readonly cols: number
  readonly pixels: FramePixels
}

export interface Box {
  readonly row: number
  readonly col: number
  readonly rows: number
  readonly cols: number
}

export function blankCanvas(rows: number, cols: number): Canvas {
  return { rows, cols, pixels: new Uint8Array(rows * cols * 3).fill(255) }
}

/** Fills a box with a grey from 0 (black) to 255 (white). Parts of the box outside the canvas are ignored. */
export function fill({ rows, cols, pixels }: Canvas, box: Box, grey: number): void {
  const left = Math.max(0, box.col)
  const right = Math.min(cols, box.col + box.cols)
  for (let y = Math.max(0, box.row); y < Math.min(rows, box.row + box.rows); y++) {
    if (right > left) pixels.fill(grey, (y * cols + left) * 3, (y * cols + right) * 3)
  }
}

/** Copies an RGB image, [box.rows, box.cols, 3], into a box. The box must be inside the canvas. */
export function paste({ cols, pixels }: Canvas, image: FramePixels, box: Box): void {
  for (let y = 0; y < box.rows; y++) {
    pixels.set(image.subarray(y * box.cols * 3, (y + 1) * box.cols * 3), ((box.row + y) * cols + box.col) * 3)
  }
}

/** @param labels texts to draw in black over the picture */
export async function canvasPng({ rows, cols, pixels }: Canvas, labels: readonly Label[] = []): Promise<Buffer> {
  const { default: sharp } = await import('sharp')
  const picture = sharp(pixels, { raw: { width: cols, height: rows, channels: 3 } })
  const text = labels.length === 0 ? [] : [{ input: Buffer.from(labelOutlines(labels, cols, rows)) }]
  return picture.composite(text).removeAlpha().png({ compressionLevel: 9 }).toBuffer()
}
