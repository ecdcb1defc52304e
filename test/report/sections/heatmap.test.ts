import fc from 'fast-check'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { hot, PAPER_LIMITS } from '../../../src/plot/colormap.js'
import { heatmapPng } from '../../../src/report/sections/heatmap.js'
import { randomCases } from '../../support/randomCases.js'

/** The picture of a map, as its size and the colour at a place. */
async function drawn(map: ArrayLike<number>, rows: number, cols: number, limits = PAPER_LIMITS) {
  const { data, info } = await sharp(await heatmapPng(map, rows, cols, limits))
    .raw()
    .toBuffer({ resolveWithObject: true })
  const at = (row: number, col: number) => [...data.subarray((row * info.width + col) * info.channels).subarray(0, 3)]
  return { width: info.width, height: info.height, at }
}

it('a heatmap is one square of equal pixels a position, in the colours of its values', async () => {
  const values = fc.float({ min: Math.fround(0.7), max: 1, noNaN: true })
  const side = fc.integer({ min: 1, max: 9 })
  await fc.assert(
    fc.asyncProperty(side, side, fc.array(values, { minLength: 81, maxLength: 81 }), async (rows, cols, all) => {
      const map = all.slice(0, rows * cols)
      const picture = await drawn(map, rows, cols)
      // The longer side has at least 300 pixels.
      const factor = Math.ceil(300 / Math.max(rows, cols))
      expect([picture.width, picture.height]).toEqual([cols * factor, rows * factor])
      map.forEach((value, i) => {
        const [top, left] = [Math.floor(i / cols) * factor, (i % cols) * factor]
        const corners = [0, factor - 1].flatMap((down) => [0, factor - 1].map((right) => [down, right] as const))
        for (const [down, right] of corners)
          expect(picture.at(top + down, left + right)).toEqual([...hot((value - 0.88) / 0.12)])
      })
    }),
    { numRuns: randomCases(5) },
  )
})

it('a heatmap larger than the screen is one pixel a position, and takes other limits', async () => {
  const { height, width } = await drawn(new Float32Array(301 * 2).fill(1), 301, 2)
  expect([height, width]).toEqual([301, 2])
  const { at } = await drawn([0, 0.5, 1], 1, 3, { low: 0, high: 0.5 })
  expect([at(0, 0), at(0, 150), at(0, 299)]).toEqual([[...hot(0)], [...hot(1)], [255, 255, 255]])
})
