import { type ResizeTaps, resizeOnWhite } from '../native.js'
import type { Image } from './image.js'
import type { Pixels } from './reading.js'

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
 * @param image RGB or RGBA
 * @returns an opaque picture, RGBA
 */
export async function resizeAntialiased(
  image: Pixels,
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
  const rangeOf = (i: number) => {
    const centre = (from + i + 0.5) * scale
    const start = Math.max(0, Math.trunc(centre - support + 0.5))
    return { centre, start, end: Math.min(source, Math.trunc(centre + support + 0.5)) }
  }
  let width = 0
  for (let i = 0; i < count; i++) {
    const { start, end } = rangeOf(i)
    width = Math.max(width, end - start)
  }
  const first = new Int32Array(count)
  const weights = new Int32Array(count * width)
  const heights = new Float64Array(width)
  for (let i = 0; i < count; i++) {
    const { centre, start, end } = rangeOf(i)
    let sum = 0
    for (let tap = 0; tap < end - start; tap++) {
      heights[tap] = Math.max(0, 1 - Math.abs((start + tap - centre + 0.5) / support))
      sum += heights[tap]!
    }
    first[i] = Math.min(start, source - width)
    const at = i * width + start - first[i]!
    for (let tap = 0; tap < end - start; tap++) weights[at + tap] = Math.trunc(0.5 + (heights[tap]! / sum) * WHOLE)
  }
  return { first, weights }
}
