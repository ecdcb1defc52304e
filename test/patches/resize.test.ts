import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/files/sha256.js'
import type { Image } from '../../src/patches/image.js'
import { resizeHard } from '../../src/patches/patch.js'
import { resizeBilinear, resizeVisible, roundHalfToEven } from '../../src/patches/resize.js'
import coco from '../golden/coco.json' with { type: 'json' }
import golden from '../golden/resize.json' with { type: 'json' }
import { hashed } from '../support/features.js'

/** The picture by formula of golden/hashed.py. */
function picture(rows: number, cols: number, seed: number): Image {
  return { rows, cols, data: Uint8Array.from({ length: rows * cols * 4 }, (_, i) => hashed(i + seed)) }
}

describe(`a resize as OpenCV ${golden.opencv} does it`, () => {
  it.each(golden.cases)('of $rows×$cols to $size', ({ rows, cols, seed, size, sha256: digest, first }) => {
    const { data } = resizeBilinear(picture(rows, cols, seed), size, size)
    expect([...data.subarray(0, 8)]).toEqual(first)
    expect(sha256(data)).toBe(digest)
  })

  it.each(coco.patches)('of a hard mask of $rows×$cols in blocks of $block to $size, as alpha 0 and 1', (one) => {
    const { rows, cols, seed, block, size, opaque } = one
    const { data } = picture(rows, cols, seed)
    for (let i = 3; i < data.length; i += 4) {
      const [row, col] = [Math.floor((i >> 2) / cols), (i >> 2) % cols]
      const corner = (row - (row % block)) * cols + col - (col % block)
      data[i] = 255 * (hashed(corner * 4 + 3 + seed) & 1)
    }
    const resized = resizeHard({ rows, cols, data }, size, size, resizeBilinear).data
    expect(resized.filter((value, i) => i % 4 === 3 && value === 255)).toHaveLength(opaque)
    expect(sha256(resized)).toBe(one.sha256)
  })

  it('leaves a picture of the wanted size as it is', () => {
    const image = picture(9, 7, 1)
    for (const resized of [resizeBilinear, resizeVisible].map((resize) => resize(image, 9, 7)))
      expect(resized).toBe(image)
    expect(resizeHard(image, 9, 7, resizeBilinear)).toBe(image)
    expect(resizeHard(image, 9, 6, resizeBilinear)).not.toBe(image)
  })

  it('rounds halves to the even neighbour', () => {
    const rounded = [0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 2.6].map((value) => roundHalfToEven(value) + 0)
    expect(rounded).toEqual([0, 2, 2, 0, -2, 2, 3])
  })
})

describe('a resize of what is seen', () => {
  const side = fc.integer({ min: 1, max: 9 })
  const alphas = fc.constantFrom([0, 255], [0, 1], [0, 1, 130, 255], [77], [255])
  const pictures = fc.tuple(side, side, side, side, alphas)

  /** A picture by formula whose alphas are some of a few. */
  function drawn(rows: number, cols: number, few: readonly number[]): Image {
    const image = picture(rows, cols, rows * cols)
    return { ...image, data: image.data.map((value, i) => (i % 4 === 3 ? (few[value % few.length] as number) : value)) }
  }

  it('weighs colours by alpha, and leaves alpha and what is evenly opaque as OpenCV has it', () => {
    fc.assert(
      fc.property(pictures, ([rows, cols, toRows, toCols, few]) => {
        const image = drawn(rows, cols, few)
        const bilinear = resizeBilinear(image, toRows, toCols).data
        const { data } = resizeVisible(image, toRows, toCols)
        if (few.length === 1 || (rows === toRows && cols === toCols)) {
          expect(data).toEqual(bilinear)
          return
        }
        const exact = bilinear.map((alpha, i) => (i % 4 === 3 ? alpha : visibleMean(image, toRows, toCols, i)))
        expect(Math.max(...data.map((value, i) => Math.abs(value - (exact[i] as number))))).toBeLessThan(1.5)
      }),
      { numRuns: 60 },
    )
  })

  it('shows nothing of the colours under alpha 0', () => {
    const image = drawn(7, 5, [0, 1, 130, 255])
    const black = { ...image, data: image.data.map((value, i) => (image.data[i | 3] === 0 ? 0 : value)) }
    for (const side of [3, 9, 14]) expect(resizeVisible(black, side, side)).toEqual(resizeVisible(image, side, side))
  })
})

/** One value in exact arithmetic: half-pixel centres, edges clamped. */
function visibleMean({ rows, cols, data }: Image, toRows: number, toCols: number, i: number): number {
  const place = (at: number, from: number, to: number) =>
    Math.min(Math.max(((at + 0.5) * from) / to - 0.5, 0), from - 1)
  const y = place(Math.floor((i >> 2) / toCols), rows, toRows)
  const x = place((i >> 2) % toCols, cols, toCols)
  let [sum, total] = [0, 0]
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < cols; c++) {
      const at = (r * cols + c) * 4
      const weight = Math.max(0, 1 - Math.abs(y - r)) * Math.max(0, 1 - Math.abs(x - c)) * (data[at + 3] as number)
      sum += weight * (data[at + (i & 3)] as number)
      total += weight
    }
  return total === 0 ? 0 : sum / total
}
