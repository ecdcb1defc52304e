import type { Image } from './image.js'

/** Weights are fixed-point numbers with this many fraction bits. */
const WEIGHT_BITS = 22
const HALF = 1 << (WEIGHT_BITS - 1)

/** For each target pixel: its first source pixel, and the weights of the source pixels from there on. */
interface Taps {
  readonly first: number
  readonly weights: Int32Array
}

/** A part of a resized picture. */
export interface Window {
  readonly top: number
  readonly left: number
  readonly rows: number
  readonly cols: number
}

/**
 * Resizes an RGB picture, [rows, cols, 3], with a bilinear filter that is as wide as a target pixel where it shrinks. The result
 * is that of Pillow's `resize(…, BILINEAR)`, to the bit, which torchvision's `Resize` uses: first along columns, then along rows,
 * each rounded to bytes.
 * @param window the part of the result that is computed; all of it by default
 */
export function resizeAntialiased(
  image: Image,
  rows: number,
  cols: number,
  { top, left, ...size }: Window = { top: 0, left: 0, rows, cols },
): Image {
  const ofRows = tapsOf(image.rows, rows).slice(top, top + size.rows)
  const ofCols = tapsOf(image.cols, cols).slice(left, left + size.cols)
  return { ...size, data: alongRows(alongCols(image, ofCols), size.cols * 3, ofRows) }
}

/** @returns [rows, targets, 3] */
function alongCols({ rows, cols, data }: Image, targets: readonly Taps[]): Uint8Array {
  const resized = new Uint8Array(rows * targets.length * 3)
  for (let row = 0, at = 0; row < rows; row++)
    for (const { first, weights } of targets) {
      let [red, green, blue] = [HALF, HALF, HALF]
      for (let i = 0, source = (row * cols + first) * 3; i < weights.length; i++, source += 3) {
        const weight = weights[i] as number
        red += Math.imul(weight, data[source] as number)
        green += Math.imul(weight, data[source + 1] as number)
        blue += Math.imul(weight, data[source + 2] as number)
      }
      resized[at++] = red >> WEIGHT_BITS
      resized[at++] = green >> WEIGHT_BITS
      resized[at++] = blue >> WEIGHT_BITS
    }
  return resized
}

/** @param length of a row in bytes @returns [targets, length] */
function alongRows(data: Uint8Array, length: number, targets: readonly Taps[]): Uint8Array {
  const resized = new Uint8Array(targets.length * length)
  const sums = new Int32Array(length)
  for (const [row, { first, weights }] of targets.entries()) {
    sums.fill(HALF)
    for (const [i, weight] of weights.entries()) addRow(sums, data.subarray((first + i) * length), weight)
    for (let i = 0; i < length; i++) resized[row * length + i] = (sums[i] as number) >> WEIGHT_BITS
  }
  return resized
}

function addRow(sums: Int32Array, row: Uint8Array, weight: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + Math.imul(weight, row[i] as number)
}

function tapsOf(source: number, target: number): readonly Taps[] {
  const scale = source / target
  const support = Math.max(scale, 1)
  return Array.from({ length: target }, (_, i) => {
    const centre = (i + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - support + 0.5))
    const end = Math.min(source, Math.trunc(centre + support + 0.5))
    const heights = Array.from({ length: end - first }, (_, tap) =>
      Math.max(0, 1 - Math.abs((first + tap - centre + 0.5) / support)),
    )
    const sum = heights.reduce((total, height) => total + height, 0)
    return { first, weights: Int32Array.from(heights, (height) => Math.trunc(0.5 + (height / sum) * 2 ** WEIGHT_BITS)) }
  })
}
