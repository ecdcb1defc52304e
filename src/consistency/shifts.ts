/** Functions that shift square pictures, RGB [side, side, 3]. */

import type { Axis } from '../engine/positions.js'
import { emptyFrame } from '../engine/scene.js'

/**
 * Shifts a picture down and to the right, or up and to the left if `rows` and `cols` are negative. Pixels that leave it
 * at one edge enter at the opposite edge.
 */
export function circularShift(
  picture: Uint8Array,
  side: number,
  rows: number,
  cols: number,
  shifted = emptyFrame(side),
): Uint8Array {
  const length = side * 3
  const cut = (side - within(cols, side)) * 3
  for (let row = 0; row < side; row++) {
    const source = picture.subarray(row * length, (row + 1) * length)
    const target = within(row + rows, side) * length
    shifted.set(source.subarray(cut), target)
    shifted.set(source.subarray(0, cut), target + length - cut)
  }
  return shifted
}

/** The index from 0 to below `side` that differs from `index` by a multiple of `side`. */
function within(index: number, side: number): number {
  return ((index % side) + side) % side
}

/** Places a picture on a background. `position` is both the row and the column of its top-left corner. */
export function placedOn(
  background: Uint8Array,
  frame: number,
  picture: Uint8Array,
  side: number,
  position: number,
  placed = emptyFrame(frame),
): Uint8Array {
  placed.set(background)
  for (let row = 0; row < side; row++)
    placed.set(picture.subarray(row * side * 3, (row + 1) * side * 3), ((position + row) * frame + position) * 3)
  return placed
}

/**
 * Shifts a picture circularly by a fraction of a pixel with ideal interpolation: as a sum of cosines whose phases are
 * shifted. If the side is even, the highest frequency cannot be shifted. It is multiplied by cos(π · shift) instead.
 * Values are not clipped to 0…255. Source: the definition of `subpixel_shift` in Michaeli et al. 2023.
 * @param shift in pixels, down or to the right
 */
export function idealShift(
  picture: ArrayLike<number>,
  side: number,
  axis: Axis,
  shift: number,
  shifted: Float32Array = new Float32Array(picture.length),
): Float32Array {
  const kernel = interpolationKernel(side, shift)
  // A shift along the axis `rows` moves pixels up or down in their column, so each line is then a column.
  const [step, stride] = axis === 'rows' ? [side * 3, 3] : [3, side * 3]
  const line = new Float64Array(side)
  for (let start = 0; start < side * 3; start++) {
    const first = Math.floor(start / 3) * stride + (start % 3)
    for (let i = 0; i < side; i++) line[i] = picture[first + i * step] as number
    for (let i = 0; i < side; i++) {
      let sum = 0
      for (let j = 0; j < side; j++) sum += (kernel[side + i - j] as number) * (line[j] as number)
      shifted[first + i * step] = sum
    }
  }
  return shifted
}

/**
 * Weights of the pixels in a line (a row or column). The element at index side + i − j is the weight of input pixel j
 * in output pixel i.
 */
function interpolationKernel(side: number, shift: number): Float64Array {
  const weightAt = (distance: number) => {
    let sum = 1
    for (let k = 1; 2 * k < side; k++) sum += 2 * Math.cos((2 * Math.PI * k * (distance - shift)) / side)
    if (side % 2 === 0) sum += Math.cos(Math.PI * shift) * Math.cos(Math.PI * distance)
    return sum / side
  }
  const weights = Float64Array.from({ length: side }, (_, distance) => weightAt(distance))
  return Float64Array.from({ length: 2 * side }, (_, i) => weights[i % side] as number)
}

/**
 * Derivative of a bilinearly shifted picture with respect to the distance, at distance 0: the next pixel minus this
 * pixel. The picture is mirrored at its edge. Source: `translate` in Gruver et al. 2023 (lie-deriv).
 */
export function shiftDerivative(picture: Uint8Array, side: number, axis: Axis): Float32Array {
  const derivative = new Float32Array(picture.length)
  const step = axis === 'rows' ? side * 3 : 3
  for (let i = 0; i < picture.length; i++) {
    const pixel = Math.floor(i / 3)
    const place = axis === 'rows' ? Math.floor(pixel / side) : pixel % side
    const next = place === side - 1 ? i - step : i + step
    derivative[i] = (picture[next] as number) - (picture[i] as number)
  }
  return derivative
}
