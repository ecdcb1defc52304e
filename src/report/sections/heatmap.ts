import { fileName } from '../../files/fileName.js'
import { canvasPng } from '../../plot/canvas.js'
import type { ColourLimits } from '../../plot/colormap.js'
import { mapPixels } from '../../plot/mapPixels.js'

export function heatmapName(model: string, layer: string, size: number, anchor: string): string {
  return fileName(`${model}-${layer}-${size}-${anchor}`)
}

/** Heatmaps are enlarged by a whole factor until their longer side has at least this many pixels. */
const MIN_SIDE = 300

/** @param values [rows, cols], row-major */
export function heatmapPng(
  values: ArrayLike<number>,
  rows: number,
  cols: number,
  limits: ColourLimits,
): Promise<Buffer> {
  const factor = Math.max(1, Math.ceil(MIN_SIDE / Math.max(rows, cols)))
  const [height, width] = [rows * factor, cols * factor]
  return canvasPng({ rows: height, cols: width, pixels: mapPixels({ values, rows, cols }, limits, height, width) })
}
