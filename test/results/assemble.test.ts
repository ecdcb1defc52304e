import { describe, expect, it } from 'vitest'
import { positionGrid } from '../../src/engine/scene/positions.js'
import { DETECTION_VALUES } from '../../src/experiments/answers/detections.js'
import { measureFeatures } from '../../src/experiments/featureMeasures.js'
import { extractedGrid } from '../../src/experiments/maps/cosines.js'
import { assembleUnit, NOT_CLASSIFIED } from '../../src/results/unit/assemble.js'
import { inputs } from '../support/unit.js'

/** Every image has a class of its own: 0 to 3 at the positions, 4 to 7 at the anchors after the first one. */
async function partOf() {
  const grid = positionGrid(8, 4, 3)
  const count = grid.offsets.length / 2
  expect([grid.rows * grid.cols, count, grid.anchors.map(({ index }) => index)]).toEqual([4, 8, [0, 4, 5, 6, 7]])
  const dims = count + 1
  const matrix = Float32Array.from({ length: count * dims }, (_, i) => Number(i % dims === Math.floor(i / dims)))
  const meaning = { meaning: 'logits', source: 'test' } as const
  const measures = await measureFeatures(extractedGrid(grid, { name: 'fc8', matrix, dims }, 'fc8'), meaning)
  return { grid, part: { name: 'fc8', dims, ...NOT_CLASSIFIED, ...measures } }
}

const NAMES = { 5: 'dog', 7: 'cat', 8: 'none' }

describe('a unit', () => {
  it('names the classes of all positions and of the anchors between them', async () => {
    const { grid, part } = await partOf()
    const { unit } = assembleUnit({ ...inputs, layers: ['fc8'] }, { ...grid, frame: 8 }, [part], NAMES)
    const answers = unit.layers[0]?.answers
    expect(answers?.names).toEqual({
      ...Object.fromEntries([0, 1, 2, 3, 4, 6].map((index) => [index, String(index)])),
      ...{ 5: 'dog', 7: 'cat' },
    })
    expect(Object.keys(answers ?? {}).toSorted()).toEqual(['anchors', 'center', 'kept', 'least', 'names', 'right'])
  })

  it.each([
    ['dog', true],
    ['cat', false],
    ['kite', null],
    [null, null],
  ])('of the category %s is answered rightly: %s', async (category, right) => {
    const { grid, part } = await partOf()
    const { unit } = assembleUnit({ ...inputs, category, layers: ['fc8'] }, { ...grid, frame: 8 }, [part], NAMES)
    // The center is the third anchor, whose class is 5.
    expect(unit.layers[0]?.answers).toMatchObject({ right, center: { class: 5 } })
  })

  it('of a detector has the shares of positions at which the object is found', async () => {
    const { grid, part } = await partOf()
    // At the second position, the box of the object's class has sides, and overlaps the object.
    const sightings = new Float32Array((4 + 5) * DETECTION_VALUES)
    sightings.set([0, 0.75, 1, 2, 3, 4], DETECTION_VALUES)
    const head = { kind: 'detector', threshold: 0.25, boxes: 'xyxy,px' } as const
    const answers = { ...part.answers, seen: { own: 1, isStated: true, threshold: 0.25, sightings } }
    const found = { ...part, answers: answers as NonNullable<typeof part.answers> }
    const { unit, arrays } = assembleUnit({ ...inputs, layers: ['fc8'], head }, { ...grid, frame: 8 }, [found])
    expect(unit.layers[0]?.answers?.seen).toEqual({ found: 0.25, 'right-and-found': 0.25, overlap: 0.1875 })
    expect(arrays.sightings).toEqual([sightings])
  })
})
