import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Image } from '../../src/patches/image.js'
import { resizeBilinear, resizeVisible } from '../../src/patches/resize.js'

interface Case {
  rows: number
  cols: number
  seed: number
  size: number
  sha256: string
  first: number[]
}

const golden = JSON.parse(readFileSync(new URL('../golden/resize.json', import.meta.url), 'utf8')) as {
  opencv: string
  cases: Case[]
}

/** The same picture by formula as in golden/make_resize.py. */
function picture(rows: number, cols: number, seed: number): Image {
  const data = new Uint8Array(rows * cols * 4)
  for (let i = 0; i < data.length; i++) {
    const first = Math.imul(i + seed, 2654435761) >>> 0
    data[i] = Math.imul((first >>> 15) ^ first, 2246822519) >>> 24
  }
  return { rows, cols, data }
}

describe('bilinear resize', () => {
  it.each(golden.cases)(
    `equals OpenCV ${golden.opencv}: $rows×$cols to $size`,
    ({ rows, cols, seed, size, sha256, first }) => {
      const { data } = resizeBilinear(picture(rows, cols, seed), size, size)
      expect([...data.subarray(0, 8)]).toEqual(first)
      expect(createHash('sha256').update(data).digest('hex')).toBe(sha256)
    },
  )

  it('leaves a picture of the wanted size as it is', () => {
    const image = picture(75, 75, 1)
    expect(resizeBilinear(image, 75, 75)).toBe(image)
  })
})

describe('a resize of what is seen', () => {
  const side = fc.integer({ min: 1, max: 9 })
  const pictures = fc.tuple(side, side, side, side, fc.constantFrom([0, 255], [0, 1], [0, 1, 130, 255], [77], [255]))

  /** A picture by formula whose alphas are some of a few. */
  const drawn = (rows: number, cols: number, alphas: readonly number[]): Image => {
    const { data } = picture(rows, cols, rows * cols)
    return {
      rows,
      cols,
      data: data.map((value, i) => (i % 4 === 3 ? (alphas[value % alphas.length] as number) : value)),
    }
  }

  it('weighs colours by alpha, and leaves alpha and what is evenly opaque as OpenCV has it', () => {
    fc.assert(
      fc.property(pictures, ([rows, cols, toRows, toCols, alphas]) => {
        const image = drawn(rows, cols, alphas)
        const opencv = resizeBilinear(image, toRows, toCols).data
        const { data } = resizeVisible(image, toRows, toCols)
        if (alphas.length === 1) expect(data).toEqual(opencv)
        else if (rows !== toRows || cols !== toCols) {
          const exact = data.map((_, i) =>
            i % 4 === 3 ? (opencv[i] as number) : visibleMean(image, toRows, toCols, i),
          )
          expect(Math.max(...data.map((value, i) => Math.abs(value - (exact[i] as number))))).toBeLessThan(1.5)
        }
      }),
    )
  })

  it('shows nothing of the colours under alpha 0', () => {
    fc.assert(
      fc.property(pictures, ([rows, cols, toRows, toCols, alphas]) => {
        fc.pre(rows !== toRows || cols !== toCols)
        const image = drawn(rows, cols, alphas)
        const black = image.data.map((value, i) => (image.data[i | 3] === 0 ? 0 : value))
        expect(resizeVisible({ ...image, data: black }, toRows, toCols)).toEqual(resizeVisible(image, toRows, toCols))
      }),
    )
  })
})

/** One value in exact arithmetic: half-pixel centres, edges clamped. */
function visibleMean({ rows, cols, data }: Image, toRows: number, toCols: number, i: number): number {
  const [row, col] = [Math.floor((i >> 2) / toCols), (i >> 2) % toCols]
  const clamped = (place: number, most: number) => Math.min(Math.max(place, 0), most - 1)
  const [y, x] = [
    clamped(((row + 0.5) * rows) / toRows - 0.5, rows),
    clamped(((col + 0.5) * cols) / toCols - 0.5, cols),
  ]
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
