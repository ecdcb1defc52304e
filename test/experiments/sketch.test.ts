import { describe, expect, it } from 'vitest'
import { SKETCH_ERROR, sketchOf } from '../../src/experiments/sketch.js'
import { randomNumbers } from '../support/viewerStudy.js'

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

function cosine(matrix: Float32Array, dims: number, a: number, b: number): number {
  const dot = (i: number, j: number) => {
    let sum = 0
    for (let k = 0; k < dims; k++) sum += (matrix[i * dims + k] as number) * (matrix[j * dims + k] as number)
    return sum
  }
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

describe('sketch of features', () => {
  it('keeps every cosine between two rows within its error, in few dims', async () => {
    const [side, dims] = [14, 200]
    for (const noise of [0, 0.05, 0.2]) {
      const features = slowFeatures(side, dims, noise)
      const sketch = await sketchOf(features, side * side, dims, 1)
      if (sketch === undefined) throw new Error('so small a matrix has a sketch')
      let largest = 0
      for (let a = 0; a < side * side; a++) {
        for (let b = 0; b < a; b++) {
          const error = Math.abs(cosine(sketch.rows, sketch.dims, a, b) - cosine(features, dims, a, b))
          if (!(error <= largest)) largest = error
        }
      }
      expect(largest).toBeLessThanOrEqual(SKETCH_ERROR)
      if (noise === 0) expect(sketch.dims).toBeLessThan(20)
    }
  })

  it('is one row’s where all are alike, and none where they are too many and too different', async () => {
    const alike = Float32Array.from({ length: 50 * 8 }, (_, i) => (1 + Math.floor(i / 8)) * ((i % 8) + 1))
    expect((await sketchOf(alike, 50, 8, 1))?.dims).toBe(1)
    const random = randomNumbers(3)
    const [rows, dims] = [200_000, 16]
    const different = Float32Array.from({ length: rows * dims }, () => random() - 0.5)
    expect(await sketchOf(different, rows, dims, 2)).toBeUndefined()
  })

  it('is the same whatever the threads', async () => {
    const features = slowFeatures(12, 40, 0.1)
    const [one, three] = [await sketchOf(features, 144, 40, 1), await sketchOf(features, 144, 40, 3)]
    expect(one).toEqual(three)
  })
})
