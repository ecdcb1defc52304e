import type { Image } from './image.js'

/** Weights are fixed-point numbers with this many fraction bits, as in OpenCV's resize of 8-bit pictures. */
const WEIGHT_BITS = 11
const WEIGHT_ONE = 1 << WEIGHT_BITS

/**
 * How to compute each row (column) of the result: the indices of the two source rows (columns) around it, and their
 * weights, which sum to `WEIGHT_ONE`.
 */
interface AxisWeights {
  readonly first: Int32Array
  readonly second: Int32Array
  readonly weightFirst: Int32Array
  readonly weightSecond: Int32Array
}

/**
 * Bilinear resize that treats alpha like a colour, exactly as OpenCV's `cv2.resize(image, (cols, rows))` for 8-bit
 * pictures: half-pixel centres, edges clamped, fixed-point weights of 11 bits, no antialiasing. Shrinking by exactly
 * two in both directions averages 2×2 pixels. The aspect ratio is not kept. The paper's patches were resized this way.
 */
export function resizeBilinear(image: Image, rows: number, cols: number): Image {
  if (rows === image.rows && cols === image.cols) return image
  if (image.rows === 2 * rows && image.cols === 2 * cols) return halve(image)
  const horizontal = axis(image.cols, cols)
  const vertical = axis(image.rows, rows)
  const data = new Uint8Array(rows * cols * 4)
  const cache = new Map<number, Int32Array>()
  const sourceRow = (row: number) => {
    const known = cache.get(row)
    if (known !== undefined) return known
    const made = resizeRow(image, row, horizontal, cols)
    if (cache.size === 2) cache.clear()
    cache.set(row, made)
    return made
  }
  for (let row = 0; row < rows; row++) {
    const top = sourceRow(vertical.first[row]!)
    const bottom = sourceRow(vertical.second[row]!)
    const weightTop = vertical.weightFirst[row]!
    const weightBottom = vertical.weightSecond[row]!
    const start = row * cols * 4
    for (let i = 0; i < cols * 4; i++) {
      // The shifts are in OpenCV's order, which decides how ties are rounded.
      const sum = ((weightTop * (top[i]! >> 4)) >> 16) + ((weightBottom * (bottom[i]! >> 4)) >> 16)
      data[start + i] = (sum + 2) >> 2
    }
  }
  return { rows, cols, data }
}

/**
 * Bilinear resize in which transparent pixels do not affect the colours: each colour is weighted by its alpha. Alpha is
 * resized as in `resizeBilinear`. A pixel whose source pixels are all transparent is black. Where all source pixels
 * have the same alpha, as in a photo, colours equal those of `resizeBilinear` to the bit.
 */
export function resizeVisible(image: Image, rows: number, cols: number): Image {
  const resized = resizeBilinear(image, rows, cols)
  if (resized === image) return image
  const vertical = endsOf(axis(image.rows, rows))
  const horizontal = endsOf(axis(image.cols, cols))
  const sums = [0, 0, 0]
  for (let target = 0; target < rows * cols; target++) {
    const [row, col] = [Math.floor(target / cols), target % cols]
    sums.fill(0)
    let [total, least, most] = [0, 255, 0]
    for (const [rowOf, rowWeight] of vertical)
      for (const [colOf, colWeight] of horizontal) {
        const source = (rowOf[row]! * image.cols + colOf[col]!) * 4
        const alpha = image.data[source + 3]!
        const weight = rowWeight[row]! * colWeight[col]! * alpha
        for (let channel = 0; channel < 3; channel++)
          sums[channel] = sums[channel]! + weight * image.data[source + channel]!
        total += weight
        least = Math.min(least, alpha)
        most = Math.max(most, alpha)
      }
    if (least === most && most > 0) continue
    for (const [channel, sum] of sums.entries())
      resized.data[target * 4 + channel] = total === 0 ? 0 : Math.round(sum / total)
  }
  return resized
}

/**
 * Each target pixel lies between two source pixels. Returns two pairs of arrays with one entry per target pixel: indices
 * and weights of the source pixels before it, and those of the source pixels after it.
 */
function endsOf({
  first,
  weightFirst,
  second,
  weightSecond,
}: AxisWeights): readonly (readonly [Int32Array, Int32Array])[] {
  return [
    [first, weightFirst],
    [second, weightSecond],
  ]
}

/**
 * Beyond the picture's edge, both source rows (columns) are the edge. The weight is still split between them, because
 * OpenCV's rounding depends on this for rows. For columns, it makes no difference.
 */
function axis(source: number, target: number): AxisWeights {
  const result = {
    first: new Int32Array(target),
    second: new Int32Array(target),
    weightFirst: new Int32Array(target),
    weightSecond: new Int32Array(target),
  }
  const scale = source / target
  const clamp = (index: number) => Math.min(Math.max(index, 0), source - 1)
  for (let i = 0; i < target; i++) {
    const place = Math.fround((i + 0.5) * scale - 0.5)
    const floor = Math.floor(place)
    const fraction = Math.fround(place - floor)
    result.first[i] = clamp(floor)
    result.second[i] = clamp(floor + 1)
    result.weightFirst[i] = roundHalfToEven(Math.fround(1 - fraction) * WEIGHT_ONE)
    result.weightSecond[i] = roundHalfToEven(fraction * WEIGHT_ONE)
  }
  return result
}

function resizeRow(image: Image, row: number, horizontal: AxisWeights, cols: number): Int32Array {
  const result = new Int32Array(cols * 4)
  const start = row * image.cols * 4
  for (let col = 0; col < cols; col++) {
    const first = start + horizontal.first[col]! * 4
    const second = start + horizontal.second[col]! * 4
    const weightFirst = horizontal.weightFirst[col]!
    const weightSecond = horizontal.weightSecond[col]!
    for (let channel = 0; channel < 4; channel++) {
      result[col * 4 + channel] =
        image.data[first + channel]! * weightFirst + image.data[second + channel]! * weightSecond
    }
  }
  return result
}

function halve(image: Image): Image {
  const rows = image.rows / 2
  const cols = image.cols / 2
  const data = new Uint8Array(rows * cols * 4)
  const pitch = image.cols * 4
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < cols * 4; i++) {
      const source = row * 2 * pitch + (i >> 2) * 8 + (i & 3)
      const at = (offset: number) => image.data[source + offset]!
      data[row * cols * 4 + i] = (at(0) + at(4) + at(pitch) + at(pitch + 4) + 2) >> 2
    }
  }
  return { rows, cols, data }
}

export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
