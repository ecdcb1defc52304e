import sharp, { type OverlayOptions } from 'sharp'
import { type Image, readImage } from './image.js'
import type { PatchSource } from './patch.js'

/** Side of a patch's field, without its name. */
const FIELD = 112
const MARGIN = 8
const LABEL = 16
const MOST_COLUMNS = 10

/**
 * All patches of a study side by side with their names, PNG: as they are before they become square, on a chequered
 * ground that shows what is transparent.
 */
export async function contactSheet(sources: readonly PatchSource[]): Promise<Buffer> {
  const columns = Math.min(MOST_COLUMNS, Math.max(1, Math.ceil(Math.sqrt(sources.length))))
  const width = columns * (FIELD + MARGIN) + MARGIN
  const height = Math.ceil(sources.length / columns) * (FIELD + LABEL + MARGIN) + MARGIN
  const fields: OverlayOptions[] = []
  for (const [i, source] of sources.entries()) {
    const left = MARGIN + (i % columns) * (FIELD + MARGIN)
    const top = MARGIN + Math.floor(i / columns) * (FIELD + LABEL + MARGIN)
    const { data, info } = await shrunk(await readImage(source.path))
    fields.push({ input: chequers(info.height, info.width), raw: { ...size(info), channels: 3 }, left, top })
    fields.push({ input: data, raw: { ...size(info), channels: 4 }, left, top })
    fields.push({ input: label(source.name), left, top: top + FIELD })
  }
  return sharp({ create: { width, height, channels: 3, background: 'white' } })
    .composite(fields)
    .png({ compressionLevel: 9 })
    .toBuffer()
}

function shrunk({ rows, cols, data }: Image) {
  return sharp(data, { raw: { width: cols, height: rows, channels: 4 } })
    .resize(FIELD, FIELD, { fit: 'inside' })
    .raw()
    .toBuffer({ resolveWithObject: true })
}

const size = ({ width, height }: { width: number; height: number }) => ({ width, height })

function chequers(rows: number, cols: number): Buffer {
  const pixels = Uint8Array.from({ length: rows * cols * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3)
    const isDark = (((pixel % cols) >> 3) + (Math.floor(pixel / cols) >> 3)) % 2 === 1
    return isDark ? 205 : 235
  })
  return Buffer.from(pixels.buffer)
}

function label(name: string): Buffer {
  const short = [...name].length > 17 ? `${[...name].slice(0, 16).join('')}…` : name
  const text = short.replace(/[^\P{C}]/gu, ' ').replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${FIELD}" height="${LABEL}"><text x="1" y="12" font-family="sans-serif" font-size="11">${text}</text></svg>`,
  )
}
