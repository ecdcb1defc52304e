import { describe, expect, it } from 'vitest'
import { positionGrid } from '../../src/engine/positions.js'
import { InputError } from '../../src/errors.js'
import { measureFeatures } from '../../src/experiments/featureMeasures.js'
import { featuresAt, similarityMaps } from '../../src/experiments/similarity.js'
import { argmax, cosineSimilarity } from '../../src/native.js'

const DIMS = 3

/** Six positions of stride 2 along each axis, and the center anchor outside the grid. */
const grid = { ...positionGrid(20, 9, 2), layer: 'fc', dims: DIMS }

function features(): Float32Array {
  return Float32Array.from({ length: (grid.offsets.length / 2) * DIMS }, (_, i) => Math.sin(i * i))
}

/** What a device gives: cosines at all positions, those outside the grid too. */
async function compare(matrix: Float32Array) {
  const anchorFeatures = featuresAt(matrix, DIMS, grid.anchors)
  const rows = matrix.length / DIMS
  const cosines = new Float32Array(grid.anchors.length * rows)
  for (let row = 0; row < rows; row++) {
    const feature = matrix.slice(row * DIMS, (row + 1) * DIMS)
    const one = { features: feature, rows: 1, dims: DIMS, anchors: anchorFeatures, anchorCount: grid.anchors.length }
    const values = await cosineSimilarity(one).catch(() => new Float32Array(grid.anchors.length).fill(Number.NaN))
    for (const [anchor, value] of values.entries()) cosines[anchor * rows + row] = value
  }
  const strongest = await argmax({ features: matrix, rows, dims: DIMS, threads: 1 })
  return { ...grid, cosines, anchorFeatures, strongest, features: matrix }
}

const compared = async (matrix: Float32Array) => similarityMaps(await compare(matrix), 1)

describe('maps of cosines that are known', () => {
  it('are those of the features', async () => {
    const matrix = features()
    expect(grid.offsets.length / 2).toBe(grid.rows * grid.cols + 4)
    const expected = await measureFeatures({ ...grid, matrix }, true)
    expect(await measureFeatures(await compare(matrix), true)).toEqual(expected)
    expect(expected.answers?.maps).toHaveLength(3 * grid.rows * grid.cols)
    expect(await measureFeatures({ ...grid, matrix }, false)).not.toHaveProperty('answers')
  })

  it('name the position of a feature without a direction', async () => {
    for (const value of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      const matrix = features()
      for (const row of [15, 9]) matrix.fill(value, row * DIMS, (row + 1) * DIMS)
      const failing = compared(matrix)
      await expect(failing).rejects.toThrow(InputError)
      await expect(failing).rejects.toThrow('fc: the feature at position (2, 6) is all zero or not finite')
      await expect(similarityMaps({ ...grid, matrix }, 1)).rejects.toThrow('fc: the feature at position (2, 6) ')
    }
  })

  it('name an anchor without a direction, whose cosines are undefined everywhere', async () => {
    const matrix = features()
    const { index, row, col } = grid.anchors[2] as (typeof grid.anchors)[number]
    matrix.fill(0, index * DIMS, (index + 1) * DIMS)
    const message = `the feature at position (${row}, ${col})`
    await expect(compared(matrix)).rejects.toThrow(message)
    await expect(similarityMaps({ ...grid, matrix }, 1)).rejects.toThrow(message)
  })
})
