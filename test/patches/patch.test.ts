import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { sha256 } from '../../src/files/sha256.js'
import type { Image } from '../../src/patches/image.js'
import { checkVisible, patchAtSize } from '../../src/patches/patch.js'

function filled(rows: number, cols: number, rgba: readonly number[]): Image {
  return { rows, cols, data: Uint8Array.from({ length: rows * cols * 4 }, (_, i) => rgba[i % 4] as number) }
}

describe('patch', () => {
  it('is a square of the wanted size, whatever the picture’s shape, with its soft alpha and the colour under it', () => {
    for (const alpha of [1, 127, 128, 254, 255]) {
      const rgba = [200, 100, 50, alpha]
      const patch = patchAtSize('patch', filled(10, 7, rgba), 9, 9)
      expect(patch).toMatchObject({ name: 'patch', size: 9, rgba: filled(9, 9, rgba).data })
    }
  })

  it('that has the size already keeps its samples', () => {
    const data = Uint8Array.from({ length: 36 }, (_, i) => (i * 47) % 256)
    expect(patchAtSize('patch', { rows: 3, cols: 3, data }, 3, 224).rgba).toEqual(data)
  })

  it.each([
    [0, 'soft', 1],
    [0, 'hard', 128],
    [127, 'hard', 128],
  ] as const)('of an alpha of %i everywhere is refused for %s blending', (alpha, blend, least) => {
    const check = (more: number) =>
      checkVisible(patchAtSize('patch', filled(4, 4, [1, 2, 3, alpha + more]), 4, 224), blend, 'cat.png')
    expect(() => check(0)).toThrow(InputError)
    expect(() => check(0)).toThrow(`visible at 4×4 (${blend} blending needs an alpha of ${least} or more)`)
    expect(() => check(least - alpha)).not.toThrow()
  })

  it('is identified by its size and samples, not by its name', () => {
    const digest = patchAtSize('a', filled(4, 4, [1, 2, 3, 4]), 4, 224).sha256
    expect(digest).toBe(sha256('4 ', filled(4, 4, [1, 2, 3, 4]).data))
    expect(patchAtSize('b', filled(4, 4, [1, 2, 3, 4]), 4, 224).sha256).toBe(digest)
    expect(patchAtSize('a', filled(4, 4, [1, 2, 3, 5]), 4, 224).sha256).not.toBe(digest)
  })

  it('fills the frame at most', () => {
    const image = filled(2, 2, [0, 0, 0, 255])
    expect(patchAtSize('patch', image, 224, 224).size).toBe(224)
    expect(patchAtSize('patch', image, 1, 224).size).toBe(1)
    const refusal = 'an object of 225×225 does not fit into the frame of 224×224; choose a smaller size'
    expect(() => patchAtSize('patch', image, 225, 224)).toThrow(new UsageError(refusal))
    for (const size of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => patchAtSize('patch', image, size, 224)).toThrow(`object size ${size} is not a positive whole number`)
  })
})
