import { expect, it } from 'vitest'
import { circularShift, idealShift, placedOn, shiftDerivative } from '../../src/consistency/shifts.js'
import { AXES } from '../../src/engine/positions.js'
import { randomOf } from '../support/random.js'

const SIDE = 7
const picture = (seed: number, side = SIDE) => randomOf(seed, 'picture', 0).bytes(side * side * 3)

it('a circular shift moves each pixel down and to the right, and enters at the opposite edge', () => {
  const before = picture(1)
  const after = circularShift(before, SIDE, 2, 3)
  for (let row = 0; row < SIDE; row++)
    for (let col = 0; col < SIDE; col++)
      for (let channel = 0; channel < 3; channel++)
        expect(after[(((row + 2) % SIDE) * SIDE + ((col + 3) % SIDE)) * 3 + channel]).toBe(
          before[(row * SIDE + col) * 3 + channel],
        )
})

it('a circular shift up and to the left is one down and to the right by the rest of the side', () => {
  const before = picture(1)
  expect(circularShift(before, SIDE, -2, -3)).toEqual(circularShift(before, SIDE, SIDE - 2, SIDE - 3))
  expect(circularShift(before, SIDE, 0, -SIDE)).toEqual(circularShift(before, SIDE, 0, 0))
})

it.each([7, 8])('an ideal shift by whole pixels is a circular one (side %i)', (side) => {
  const before = picture(2, side)
  for (const axis of AXES) {
    const [rows, cols] = axis === 'rows' ? [3, 0] : [0, 3]
    const moved = circularShift(before, side, rows, cols)
    for (const [i, value] of idealShift(before, side, axis, 3).entries())
      expect(value).toBeCloseTo(moved[i] as number, 3)
  }
})

it('an ideal shift gives a cosine another phase', () => {
  const side = 8
  const wave = (shift: number) =>
    Float64Array.from({ length: side * side * 3 }, (_, i) =>
      Math.cos((2 * Math.PI * 3 * (Math.floor(i / 3 / side) - shift)) / side),
    )
  for (const [i, value] of idealShift(wave(0), side, 'rows', 0.3).entries())
    expect(value).toBeCloseTo(wave(0.3)[i] as number, 5)
})

it('the derivative is the next pixel minus this one, and reflected at the edge', () => {
  const before = picture(3)
  const at = (row: number, col: number) => before[(row * SIDE + col) * 3] as number
  const [rows, cols] = AXES.map((axis) => shiftDerivative(before, SIDE, axis)) as [Float32Array, Float32Array]
  expect(rows[(2 * SIDE + 4) * 3]).toBe(at(3, 4) - at(2, 4))
  expect(cols[(2 * SIDE + 4) * 3]).toBe(at(2, 5) - at(2, 4))
  expect(rows[((SIDE - 1) * SIDE + 4) * 3]).toBe(at(SIDE - 2, 4) - at(SIDE - 1, 4))
  expect(cols[(2 * SIDE + SIDE - 1) * 3]).toBe(at(2, SIDE - 2) - at(2, SIDE - 1))
})

it('a smaller picture stands on the background at its position', () => {
  const background = picture(4)
  const placed = placedOn(background, SIDE, picture(5, 2), 2, 3)
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    const [row, col] = [Math.floor(pixel / SIDE) - 3, (pixel % SIDE) - 3]
    const isInside = Math.min(row, col) >= 0 && Math.max(row, col) < 2
    expect(placed[pixel * 3]).toBe(isInside ? picture(5, 2)[(row * 2 + col) * 3] : background[pixel * 3])
  }
})
