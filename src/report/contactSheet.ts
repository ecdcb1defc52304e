import { type Image, readImage } from '../patches/image.js'
import type { PatchSource } from '../patches/patch.js'
import type { Label } from '../plot/axis.js'
import { blankCanvas, canvasPng, paste } from '../plot/canvas.js'
import { cutText } from '../plot/letters.js'

/** Side of the square in which a patch is drawn, in pixels. */
const FIELD = 168
const MARGIN = 8
const LABEL = 24
const MOST_COLUMNS = 10

/** Side of a square of the chequered background, in pixels, and the background's two greys. */
const SQUARE = 8
const GREYS = [235, 205] as const

/** Draws all patches with their names, as PNG. A chequered background shows where a patch is transparent. */
export async function contactSheet(sources: readonly PatchSource[], signal?: AbortSignal): Promise<Buffer> {
  const columns = Math.min(MOST_COLUMNS, Math.max(1, Math.ceil(Math.sqrt(sources.length))))
  const rows = Math.ceil(sources.length / columns) * (FIELD + LABEL + MARGIN) + MARGIN
  const canvas = blankCanvas(rows, columns * (FIELD + MARGIN) + MARGIN)
  const labels: Label[] = []
  for (const [i, { name, path }] of sources.entries()) {
    const col = MARGIN + (i % columns) * (FIELD + MARGIN)
    const row = MARGIN + Math.floor(i / columns) * (FIELD + LABEL + MARGIN)
    const image = await shrunk(await readImage(path, signal))
    paste(canvas, onChequers(image), { x: col, y: row, width: image.cols, height: image.rows })
    labels.push({ words: cutText(name, FIELD), x: col, y: row + FIELD + LABEL / 2, align: 'left' })
  }
  return canvasPng(canvas, labels)
}

async function shrunk({ rows, cols, data }: Image): Promise<Image> {
  const { default: sharp } = await import('sharp')
  const small = await sharp(data, { raw: { width: cols, height: rows, channels: 4 } })
    .resize(FIELD, FIELD, { fit: 'inside' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { rows: small.info.height, cols: small.info.width, data: new Uint8Array(small.data) }
}

/** @returns RGB, [rows, cols, 3] */
function onChequers({ rows, cols, data }: Image): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: rows * cols * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3)
    const [row, col] = [Math.floor(pixel / cols), pixel % cols]
    const ground = GREYS[(Math.floor(row / SQUARE) + Math.floor(col / SQUARE)) % 2] as number
    const alpha = (data[pixel * 4 + 3] as number) / 255
    return Math.round(alpha * (data[pixel * 4 + (i % 3)] as number) + (1 - alpha) * ground)
  })
}
