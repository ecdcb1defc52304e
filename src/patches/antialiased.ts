import type { Image } from './image.js'

/** Weights are fixed-point numbers with this many fraction bits. */
const WEIGHT_BITS = 22

/** For each target pixel: its first source pixel, and the weights of the source pixels from there on. */
interface Taps {
  readonly first: number
  readonly weights: Int32Array
}

/**
 * Resizes an RGB picture, [rows, cols, 3], with a bilinear filter that is as wide as a target pixel where it shrinks. The result
 * is that of Pillow's `resize(…, BILINEAR)`, to the bit, which torchvision's `Resize` uses: first along columns, then along rows,
 * each rounded to bytes.
 */
export function resizeAntialiased(image: Image, rows: number, cols: number): Image {
  return alongRows(alongCols(image, cols), rows)
}

function alongCols({ rows, cols, data }: Image, target: number): Image {
  if (cols === target) return { rows, cols, data }
  const resized = new Uint8Array(rows * target * 3)
  for (const [col, { first, weights }] of tapsOf(cols, target).entries())
    for (let row = 0; row < rows; row++)
      for (let channel = 0; channel < 3; channel++)
        resized[(row * target + col) * 3 + channel] = weighted(data, (row * cols + first) * 3 + channel, 3, weights)
  return { rows, cols: target, data: resized }
}

function alongRows({ rows, cols, data }: Image, target: number): Image {
  if (rows === target) return { rows, cols, data }
  const length = cols * 3
  const resized = new Uint8Array(target * length)
  for (const [row, { first, weights }] of tapsOf(rows, target).entries())
    for (let i = 0; i < length; i++) resized[row * length + i] = weighted(data, first * length + i, length, weights)
  return { rows: target, cols, data: resized }
}

function weighted(data: Uint8Array, start: number, step: number, weights: Int32Array): number {
  let sum = 1 << (WEIGHT_BITS - 1)
  for (let i = 0; i < weights.length; i++) sum += (data[start + i * step] as number) * (weights[i] as number)
  return sum >> WEIGHT_BITS
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
