import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import type { Image } from '../../src/patches/image.js'
import { checkVisible, patchAtSize } from '../../src/patches/patch.js'

const images: fc.Arbitrary<Image> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .chain(([rows, cols]) =>
    fc.record({
      rows: fc.constant(rows),
      cols: fc.constant(cols),
      data: fc.uint8Array({ minLength: rows * cols * 4, maxLength: rows * cols * 4 }),
    }),
  )

function filled(rows: number, cols: number, rgba: readonly number[]): Image {
  return { rows, cols, data: Uint8Array.from({ length: rows * cols * 4 }, (_, i) => rgba[i % 4] as number) }
}

describe('patch', () => {
  it('is a square of the wanted size, whatever the picture’s shape', () => {
    fc.assert(
      fc.property(images, fc.integer({ min: 1, max: 32 }), (image, size) => {
        const patch = patchAtSize('patch', image, size, 32)
        expect(patch).toMatchObject({ name: 'patch', size })
        expect(patch.rgba).toHaveLength(size * size * 4)
      }),
    )
  })

  it('that has the size already keeps its samples', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 36, maxLength: 36 }), (data) => {
        expect(patchAtSize('patch', { rows: 3, cols: 3, data }, 3, 224).rgba).toEqual(data)
      }),
    )
  })

  it('keeps soft alpha and the colour under it: hard and soft are decided when it is drawn', () => {
    for (const alpha of [1, 127, 128, 254, 255]) {
      const { rgba } = patchAtSize('patch', filled(10, 7, [200, 100, 50, alpha]), 75, 224)
      expect([...rgba]).toEqual([...filled(75, 75, [200, 100, 50, alpha]).data])
    }
  })

  it('of which nothing would be seen is refused', () => {
    const check = (alpha: number, blend: 'hard' | 'soft') =>
      checkVisible(patchAtSize('patch', filled(4, 4, [1, 2, 3, alpha]), 75, 224), blend, 'cat.png')
    for (const [alpha, blend] of [
      [0, 'soft'],
      [0, 'hard'],
      [127, 'hard'],
    ] as const) {
      expect(() => check(alpha, blend)).toThrow(InputError)
      expect(() => check(alpha, blend)).toThrow(/^cat.png: no pixel of the patch is visible at 75×75/)
    }
    for (const [alpha, blend] of [
      [1, 'soft'],
      [128, 'hard'],
    ] as const)
      check(alpha, blend)
  })

  it('is identified by its size and samples, not by its name', () => {
    const image = filled(4, 4, [1, 2, 3, 4])
    const digest = patchAtSize('a', image, 4, 224).sha256
    expect(digest).toMatch(/^[0-9a-f]{64}$/)
    expect(patchAtSize('b', image, 4, 224).sha256).toBe(digest)
    expect(patchAtSize('a', image, 5, 224).sha256).not.toBe(digest)
    expect(patchAtSize('a', filled(4, 4, [1, 2, 3, 5]), 4, 224).sha256).not.toBe(digest)
  })

  it('fills the frame at most', () => {
    const image = filled(2, 2, [0, 0, 0, 255])
    expect(patchAtSize('patch', image, 224, 224).size).toBe(224)
    expect(() => patchAtSize('patch', image, 225, 224)).toThrow(
      new UsageError('a patch of 225×225 does not fit into the frame of 224×224; choose a smaller size'),
    )
    for (const size of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => patchAtSize('patch', image, size, 224)).toThrow(UsageError)
    }
  })
})
