import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Image } from '../../src/patches/image.js'
import { resizeBilinear } from '../../src/patches/resize.js'

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
