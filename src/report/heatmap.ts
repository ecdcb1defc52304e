import sharp from 'sharp'
import { fileName } from '../results/unit.js'
import { hot } from './colormap.js'

/** Ends of the colour scale: the lower is black, the higher white. */
export interface ColourLimits {
  readonly low: number
  readonly high: number
}

/** Name of a heatmap's files without extension: `<model>-<layer>-<size>-<anchor>`. */
export function heatmapName(model: string, layer: string, size: number, anchor: string): string {
  return fileName(`${model}-${layer}-${size}-${anchor}`)
}

/** A heatmap is enlarged by a whole factor until its longer side has at least this many pixels. */
const MIN_SIDE = 300

/**
 * A map as PNG: one square of equal pixels a position, colours by "hot" between the limits.
 * @param map [rows, cols], row-major
 */
export function heatmapPng(map: ArrayLike<number>, rows: number, cols: number, limits: ColourLimits): Promise<Buffer> {
  const scale = Math.max(1, Math.ceil(MIN_SIDE / Math.max(rows, cols)))
  const pixels = new Uint8Array(rows * scale * cols * scale * 3)
  for (let row = 0; row < rows * scale; row++) {
    for (let col = 0; col < cols * scale; col++) {
      const value = map[Math.floor(row / scale) * cols + Math.floor(col / scale)] as number
      pixels.set(hot((value - limits.low) / (limits.high - limits.low)), (row * cols * scale + col) * 3)
    }
  }
  return sharp(pixels, { raw: { width: cols * scale, height: rows * scale, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer()
}
