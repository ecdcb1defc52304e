import { describe, expect, it } from 'vitest'
import { positionGrid } from '../../src/engine/positions.js'
import { InputError } from '../../src/errors.js'
import { measureFeatures } from '../../src/experiments/featureMeasures.js'
import { similarityMaps } from '../../src/experiments/similarity.js'

const DIMS = 3

/** Six positions of stride 2 along each axis, and the center anchor outside the grid. */
const grid = { ...positionGrid(20, 9, 2), layer: 'fc', dims: DIMS }

function features(): Float32Array {
  return Float32Array.from({ length: (grid.offsets.length / 2) * DIMS }, (_, i) => Math.sin(i * i))
}

describe('measures of features', () => {
  it('have answers of a layer of classes alone', async () => {
    const matrix = features()
    expect(grid.offsets.length / 2).toBe(grid.rows * grid.cols + 4)
    const { answers } = await measureFeatures({ ...grid, matrix }, true)
    expect(answers?.maps).toHaveLength(3 * grid.rows * grid.cols)
    expect(await measureFeatures({ ...grid, matrix }, false)).not.toHaveProperty('answers')
  })

  it('name the position of a feature without a direction', async () => {
    for (const value of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const matrix = features()
      for (const row of [15, 9]) matrix.fill(value, row * DIMS, (row + 1) * DIMS)
      const failing = similarityMaps({ ...grid, matrix }, 1)
      await expect(failing).rejects.toThrow(InputError)
      await expect(failing).rejects.toThrow('fc: the feature at position (2, 6) ')
    }
  })

  it('name an anchor without a direction, whose cosines are undefined everywhere', async () => {
    const matrix = features()
    const { index, row, col } = grid.anchors[2] as (typeof grid.anchors)[number]
    matrix.fill(0, index * DIMS, (index + 1) * DIMS)
    const message = `the feature at position (${row}, ${col})`
    await expect(similarityMaps({ ...grid, matrix }, 1)).rejects.toThrow(message)
  })
})
