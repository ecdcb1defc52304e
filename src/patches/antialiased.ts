import { type ResizeTaps, resizeOnWhite } from '../native.js'
import type { Image } from './image.js'

/** The weight 1 as a fixed-point number. */
const WHOLE = 1 << 22

export interface Region {
  readonly top: number
  readonly left: number
  readonly rows: number
  readonly cols: number
}

/**
 * Lays a picture on white and resizes it with a bilinear filter. To reduce a picture, the filter is widened. The result
 * equals, to the bit, that of Pillow's `resize(…, BILINEAR)`, which torchvision's `Resize` uses. The work runs on a
 * thread of Node's pool.
 * @param window the part of the result that is computed; all of it by default
 * @returns an opaque picture
 */
export async function resizeAntialiased(
  image: Image,
  rows: number,
  cols: number,
  { top, left, ...size }: Region = { top: 0, left: 0, rows, cols },
): Promise<Image> {
  const ofRows = tapsOf(image.rows, rows, top, size.rows)
  const ofCols = tapsOf(image.cols, cols, left, size.cols)
  const data = new Uint8Array(size.rows * size.cols * 4)
  await resizeOnWhite(image, ofRows, ofCols, data)
  return { ...size, data }
}

/**
 * @param targets number of pixels of the whole result along the axis
 * @param from index of the first of the `count` target pixels that are computed
 */
function tapsOf(source: number, targets: number, from: number, count: number): ResizeTaps {
  const scale = source / targets
  const support = Math.max(scale, 1)
  const taps = Array.from({ length: count }, (_, i) => {
    const centre = (from + i + 0.5) * scale
    const start = Math.max(0, Math.trunc(centre - support + 0.5))
    const end = Math.min(source, Math.trunc(centre + support + 0.5))
    const heights = Array.from({ length: end - start }, (_, tap) =>
      Math.max(0, 1 - Math.abs((start + tap - centre + 0.5) / support)),
    )
    const sum = heights.reduce((total, height) => total + height, 0)
    return { start, weights: heights.map((height) => Math.trunc(0.5 + (height / sum) * WHOLE)) }
  })
  const width = taps.reduce((most, { weights }) => Math.max(most, weights.length), 0)
  const first = Int32Array.from(taps, ({ start }) => Math.min(start, source - width))
  const weights = new Int32Array(count * width)
  for (const [i, tap] of taps.entries()) weights.set(tap.weights, i * width + tap.start - first[i]!)
  return { first, weights }
}
