import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { PAPER_LIMITS } from '../../src/page/paperLimits.js'
import { hot } from '../../src/plot/colormap.js'
import { heatmapPng } from '../../src/report/heatmap.js'

async function decode(png: Buffer) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
  return {
    ...info,
    at: (row: number, col: number) => [...data.subarray((row * info.width + col) * info.channels).subarray(0, 3)],
  }
}

describe('heatmap', () => {
  it("has the paper's limits by default", () => {
    expect(PAPER_LIMITS).toEqual({ low: 0.88, high: 1 })
  })

  it('decodes to one square of equal pixels a position, in the colours of its values', async () => {
    const maps = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([rows, cols]) =>
      fc.tuple(
        fc.constant(rows),
        fc.constant(cols),
        fc.float32Array({
          minLength: rows * cols,
          maxLength: rows * cols,
          min: Math.fround(0.7),
          max: 1,
          noNaN: true,
        }),
      ),
    )
    await fc.assert(
      fc.asyncProperty(maps, async ([rows, cols, map]) => {
        const picture = await decode(await heatmapPng(map, rows, cols, PAPER_LIMITS))
        const side = picture.width / cols
        expect(Number.isInteger(side)).toBe(true)
        expect(picture.height).toBe(rows * side)
        expect(Math.max(picture.width, picture.height)).toBeGreaterThanOrEqual(300)
        map.forEach((value, i) => {
          const [row, col] = [Math.floor(i / cols), i % cols]
          const colour = [...hot((value - 0.88) / (1 - 0.88))]
          for (const [down, right] of [
            [0, 0],
            [side - 1, 0],
            [0, side - 1],
            [side - 1, side - 1],
          ] as const) {
            expect(picture.at(row * side + down, col * side + right)).toEqual(colour)
          }
        })
      }),
      { numRuns: 15 },
    )
  })

  it('of a map larger than the screen is one pixel a position', async () => {
    const picture = await decode(await heatmapPng(new Float32Array(301 * 2).fill(1), 301, 2, PAPER_LIMITS))
    expect([picture.height, picture.width]).toEqual([301, 2])
  })

  it('takes other limits', async () => {
    const picture = await decode(await heatmapPng([0, 0.5, 1], 1, 3, { low: 0, high: 0.5 }))
    expect([picture.at(0, 0), picture.at(0, 150), picture.at(0, 299)]).toEqual([
      [...hot(0)],
      [255, 255, 255],
      [255, 255, 255],
    ])
  })

  it('gives the same bytes for the same map', async () => {
    const map = Float32Array.from({ length: 100 }, (_, i) => 0.88 + i / 1000)
    expect(await heatmapPng(map, 10, 10, PAPER_LIMITS)).toEqual(await heatmapPng(map, 10, 10, PAPER_LIMITS))
  })
})
