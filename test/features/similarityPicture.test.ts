import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/scene/positions.js'
import { InputError } from '../../src/errors.js'
import { checkDrawable, similarityPicture } from '../../src/features/similarityPicture.js'
import { hot } from '../../src/plot/colormap.js'

const LIMITS = { low: 0.5, high: 1 }

/** Maps of one value each, rising from anchor to anchor. */
function levels(rows: number, cols: number) {
  const of = (anchor: number) => 0.52 + anchor / 20
  const maps = Float32Array.from({ length: 5 * rows * cols }, (_, i) => of(Math.floor(i / (rows * cols))))
  return { of, maps }
}

describe('the picture of five maps', () => {
  it.each([
    [undefined, 3, 2],
    [{ size: 75, frame: 224, stride: 50 }, 3, 3],
    [undefined, 1, 1],
  ])('shows the anchors from left to right in the colours between the limits (%j)', async (placement, rows, cols) => {
    const { of, maps } = levels(rows, cols)
    const png = await similarityPicture({ name: 'fc6.npy', rows, cols, maps, placement }, LIMITS)
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
    const factor = Math.ceil(200 / Math.max(rows, cols))
    const lefts = ANCHOR_NAMES.map((_, anchor) => {
      const [red, green, blue] = hot((of(anchor) - LIMITS.low) / (LIMITS.high - LIMITS.low))
      let count = 0
      let left = info.width
      for (let i = 0; i < info.width * info.height; i++) {
        const at = i * info.channels
        if (data[at] !== red || data[at + 1] !== green || data[at + 2] !== blue) continue
        count++
        left = Math.min(left, i % info.width)
      }
      // The colour bar has each colour, too.
      const scale = Math.floor(Math.sqrt(count / (rows * cols * factor ** 2)))
      const more = count - rows * cols * (scale * factor) ** 2
      expect(info.width).toBeGreaterThanOrEqual(2100)
      expect(more).toBeGreaterThanOrEqual(0)
      expect(more).toBeLessThan(1000 * scale ** 2)
      return left
    })
    expect(lefts).toEqual([...lefts].sort((a, b) => a - b))
    expect(new Set(lefts).size).toBe(5)
  })

  it('is refused where it would be too large', () => {
    expect(() => checkDrawable({ name: 'x.npy', rows: 4096, cols: 4096 })).not.toThrow()
    expect(() => checkDrawable({ name: 'x.npy', rows: 1, cols: 4097 })).toThrow(InputError)
  })
})
