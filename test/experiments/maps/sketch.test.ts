import { describe, expect, it } from 'vitest'
import { SKETCH_ERROR, sketchOf } from '../../../src/experiments/maps/sketch.js'
import { randomNumbers } from '../../../src/support/randomNumbers.js'
import { cosine } from '../../support/features.js'

/** Features that turn slowly over a grid of side × side positions, with some noise. */
function slowFeatures(side: number, dims: number, noise: number): Float32Array {
  const random = randomNumbers(7)
  const waves = Array.from({ length: dims }, () => [random() * 3, random() * 3, random() * 6] as const)
  return Float32Array.from({ length: side * side * dims }, (_, i) => {
    const position = Math.floor(i / dims)
    const [down, right, phase] = waves[i % dims] as readonly [number, number, number]
    const [row, col] = [Math.floor(position / side) / side, (position % side) / side]
    return 1 + Math.sin(down * row + right * col + phase) + noise * (random() - 0.5)
  })
}

function cosineOfRows(matrix: Float32Array, dims: number, a: number, b: number): number {
  const row = (i: number) => matrix.subarray(i * dims, (i + 1) * dims)
  return cosine(row(a), row(b))
}

describe('sketch of features', () => {
  it.each([
    [0, 10],
    [0.2, 64],
  ])('keeps every cosine between two rows within its error, in few dims, with noise of %f', async (noise, most) => {
    const [side, dims] = [8, 100]
    const features = slowFeatures(side, dims, noise)
    const sketch = await sketchOf(features, side * side, dims, 1)
    if (sketch === undefined) throw new Error('so small a matrix has a sketch')
    const errors: number[] = []
    for (let a = 0; a < side * side; a++)
      for (let b = 0; b < a; b++)
        errors.push(Math.abs(cosineOfRows(sketch.rows, sketch.dims, a, b) - cosineOfRows(features, dims, a, b)))
    expect(Math.max(...errors)).toBeLessThanOrEqual(SKETCH_ERROR)
    expect(sketch.dims).toBeLessThanOrEqual(most)
    expect(await sketchOf(features, side * side, dims, 3)).toEqual(sketch)
  })

  it('has an axis for the first row of those that lack most, then for the next', async () => {
    const features = Float32Array.of(2, 0, 0, 3, 3, 4)
    expect(await sketchOf(features, 3, 2, 1)).toEqual({ dims: 2, rows: Float32Array.of(1, 0, 0, 1, 0.6, 0.8) })
  })

  it('is one row’s where all are alike, and none where they are too many and too different', async () => {
    const alike = Float32Array.from({ length: 50 * 8 }, (_, i) => (1 + Math.floor(i / 8)) * ((i % 8) + 1))
    expect((await sketchOf(alike, 50, 8, 1))?.dims).toBe(1)
    // 2,097,152 values are allowed, so four rows of as many as these.
    const rows = 500_000
    const axes = (dims: number) =>
      Float32Array.from({ length: rows * dims }, (_, i) => Number(i % dims === Math.floor(i / dims) % dims))
    expect((await sketchOf(axes(4), rows, 4, 2))?.dims).toBe(4)
    expect(await sketchOf(axes(5), rows, 5, 2)).toBeUndefined()
  })
})
