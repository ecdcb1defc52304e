import { expect, it } from 'vitest'
import { positionGrid } from '../../src/engine/positions.js'
import { measureFeatures } from '../../src/experiments/featureMeasures.js'
import { extractedGrid } from '../../src/experiments/similarity.js'
import { assembleUnit, NOT_CLASSIFIED } from '../../src/results/unit/assemble.js'
import { inputs } from '../support/unit.js'

it('a unit names the classes of all positions and of the anchors between them', async () => {
  const grid = positionGrid(8, 4, 3)
  const count = grid.offsets.length / 2
  // Every image has a class of its own: 0 to 3 at the positions, 4 to 7 at the anchors after the first one.
  expect([grid.rows * grid.cols, count, grid.anchors.map(({ index }) => index)]).toEqual([4, 8, [0, 4, 5, 6, 7]])
  const dims = count + 1
  const matrix = Float32Array.from({ length: count * dims }, (_, i) => Number(i % dims === Math.floor(i / dims)))
  const measures = await measureFeatures(extractedGrid(grid, { name: 'fc8', matrix, dims }, 'fc8'), {
    meaning: 'logits',
    source: 'test',
  })
  const part = { name: 'fc8', dims, ...NOT_CLASSIFIED, ...measures }
  const { unit } = assembleUnit({ ...inputs, layers: ['fc8'] }, { ...grid, frame: 8 }, [part], {
    5: 'dog',
    7: 'cat',
    8: 'none',
  })
  expect(unit.layers[0]?.answers?.names).toEqual({
    ...Object.fromEntries([0, 1, 2, 3, 4, 6].map((index) => [index, String(index)])),
    ...{ 5: 'dog', 7: 'cat' },
  })
})
