import { byteAt, int32At } from '../support/typedArrays.js'
import type { Image } from './image.js'

/** Number of fraction bits of the weights, which are fixed-point numbers. */
const WEIGHT_BITS = 22
const HALF = 1 << (WEIGHT_BITS - 1)

/** Source pixels are added four at a time, which takes half as long as one at a time. */
const BLOCK = 4

/**
 * The source pixels that make each target pixel, and their weights, some of which may be 0. Target pixel i uses `width`
 * consecutive source pixels. The first one has the index `first[i]`.
 */
interface Taps {
  /** Number of source pixels per target pixel; a multiple of `BLOCK`. */
  readonly width: number
  readonly first: Int32Array
  /** For each target pixel, the weights of its source pixels, [targets, width]. */
  readonly weights: Int32Array
}

export interface Window {
  readonly top: number
  readonly left: number
  readonly rows: number
  readonly cols: number
}

/**
 * Resizes an RGB picture, [rows, cols, 3], with a bilinear filter. To reduce a picture, the filter is widened. The
 * result equals, to the bit, that of Pillow's `resize(…, BILINEAR)`, which torchvision's `Resize` uses. The picture is
 * resized horizontally, then vertically, and rounded to bytes after each of these steps.
 * @param window the part of the result that is computed; all of it by default
 */
export function resizeAntialiased(
  image: Image,
  rows: number,
  cols: number,
  { top, left, ...size }: Window = { top: 0, left: 0, rows, cols },
): Image {
  const ofRows = tapsOf(image.rows, rows, top, size.rows)
  const ofCols = tapsOf(image.cols, cols, left, size.cols)
  return { ...size, data: alongRows(alongCols(image, ofCols), size.cols * 3, ofRows) }
}

/** @returns [rows, targets, 3] */
function alongCols({ rows, cols, data }: Image, { width, first, weights }: Taps): Uint8Array {
  const resized = new Uint8Array(rows * first.length * 3)
  for (let channel = 0; channel < 3; channel++)
    for (let row = 0, to = channel; row < rows; row++)
      for (let target = 0, tap = 0; target < first.length; target++, to += 3) {
        let sum = HALF
        let from = (row * cols + int32At(first, target)) * 3 + channel
        for (const end = tap + width; tap < end; tap += BLOCK, from += 3 * BLOCK)
          sum +=
            Math.imul(int32At(weights, tap), byteAt(data, from)) +
            Math.imul(int32At(weights, tap + 1), byteAt(data, from + 3)) +
            Math.imul(int32At(weights, tap + 2), byteAt(data, from + 6)) +
            Math.imul(int32At(weights, tap + 3), byteAt(data, from + 9))
        resized[to] = sum >> WEIGHT_BITS
      }
  return resized
}

/**
 * @param length bytes per row
 * @returns [targets, length]
 */
function alongRows(data: Uint8Array, length: number, { width, first, weights }: Taps): Uint8Array {
  const resized = new Uint8Array(first.length * length)
  const sums = new Int32Array(length)
  for (let target = 0; target < first.length; target++) {
    sums.fill(HALF)
    for (let tap = 0; tap < width; tap += BLOCK)
      addBlock(sums, data, (int32At(first, target) + tap) * length, length, weights, target * width + tap)
    for (let i = 0; i < length; i++) resized[target * length + i] = int32At(sums, i) >> WEIGHT_BITS
  }
  return resized
}

/**
 * Adds four weighted values to each sum i. In `data`, their indices are `source` + i, `source` + i + `step`, `source` +
 * i + 2 `step` and `source` + i + 3 `step`.
 */
function addBlock(
  sums: Int32Array,
  data: Uint8Array,
  source: number,
  step: number,
  weights: Int32Array,
  tap: number,
): void {
  const [a, b] = [int32At(weights, tap), int32At(weights, tap + 1)]
  const [c, d] = [int32At(weights, tap + 2), int32At(weights, tap + 3)]
  for (let i = 0; i < sums.length; i++) {
    const at = source + i
    sums[i] =
      int32At(sums, i) +
      Math.imul(a, byteAt(data, at)) +
      Math.imul(b, byteAt(data, at + step)) +
      Math.imul(c, byteAt(data, at + 2 * step)) +
      Math.imul(d, byteAt(data, at + 3 * step))
  }
}

/**
 * @param targets number of pixels of the whole result along the axis
 * @param from index of the first of the `count` target pixels that are computed
 */
function tapsOf(source: number, targets: number, from: number, count: number): Taps {
  const scale = source / targets
  const support = Math.max(scale, 1)
  const width = Math.ceil((2 * support + 1) / BLOCK) * BLOCK
  const first = new Int32Array(count)
  const weights = new Int32Array(count * width)
  for (let i = 0; i < count; i++) {
    const centre = (from + i + 0.5) * scale
    const start = Math.max(0, Math.trunc(centre - support + 0.5))
    const end = Math.min(source, Math.trunc(centre + support + 0.5))
    first[i] = Math.max(0, Math.min(start, source - width))
    const heights = Array.from({ length: end - start }, (_, tap) =>
      Math.max(0, 1 - Math.abs((start + tap - centre + 0.5) / support)),
    )
    const sum = heights.reduce((total, height) => total + height, 0)
    const rounded = heights.map((height) => Math.trunc(0.5 + (height / sum) * 2 ** WEIGHT_BITS))
    weights.set(rounded, i * width + start - int32At(first, i))
  }
  return { width, first, weights }
}
