import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { resizeHard } from '../../src/patches/patch.js'
import { resizeBilinear } from '../../src/patches/resize.js'

interface Case {
  rows: number
  cols: number
  seed: number
  block: number
  size: number
  opaque: number
  sha256: string
}
const golden = JSON.parse(readFileSync(new URL('../golden/coco.json', import.meta.url), 'utf8')) as {
  opencv: string
  patches: Case[]
}

function hashed(i: number, seed: number): number {
  const first = Math.imul(i + seed, 2654435761) >>> 0
  return Math.imul((first >>> 15) ^ first, 2246822519) >>> 24
}

it.each(golden.patches)(
  `a hard mask of $rows×$cols in blocks of $block to $size is resized as OpenCV ${golden.opencv} does with alpha 0 and 1`,
  ({ rows, cols, seed, block, size, opaque, sha256 }) => {
    const data = Uint8Array.from({ length: rows * cols * 4 }, (_, i) => {
      if (i % 4 !== 3) return hashed(i, seed)
      const [row, col] = [Math.floor((i >> 2) / cols), (i >> 2) % cols]
      const corner = (row - (row % block)) * cols + col - (col % block)
      return 255 * (hashed(corner * 4 + 3, seed) & 1)
    })
    const resized = resizeHard({ rows, cols, data }, size, size, resizeBilinear).data
    expect(resized.filter((value, i) => i % 4 === 3 && value === 255)).toHaveLength(opaque)
    expect(createHash('sha256').update(resized).digest('hex')).toBe(sha256)
  },
)
