import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { contactSheet } from '../../src/report/contactSheet.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

async function pictureOf(name: string, rgba: readonly [number, number, number, number]) {
  const path = inFolder(`${name.slice(0, 8)}.png`)
  const pixels = Uint8Array.from({ length: 20 * 40 * 4 }, (_, i) => rgba[i % 4] as number)
  await sharp(pixels, { raw: { width: 40, height: 20, channels: 4 } })
    .png()
    .toFile(path)
  return { name, path }
}

describe('a contact sheet of patches', () => {
  it('has every picture on chequers, with its name below', async () => {
    const sources = [
      await pictureOf('solid', [200, 10, 30, 255]),
      await pictureOf('half', [0, 0, 0, 128]),
      await pictureOf('nothing at all, and at length', [0, 0, 0, 0]),
    ]
    const png = await contactSheet(sources)
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height, info.channels]).toEqual([2 * 176 + 8, 2 * 200 + 8, 3])
    const at = (row: number, col: number) => [...data.subarray((row * info.width + col) * 3).subarray(0, 3)]
    expect(at(50, 50)).toEqual([200, 10, 30])
    // Twice as wide as high: below it the sheet is white.
    expect(at(130, 50)).toEqual([255, 255, 255])
    expect([at(8, 184), at(8, 192)]).toEqual([Array(3).fill(117), Array(3).fill(102)])
    expect([at(208, 8), at(208, 16), at(216, 16)].map(([grey]) => grey)).toEqual([235, 205, 235])
    const hasBlack = (top: number, left: number) =>
      Array.from({ length: 24 * 168 }, (_, i) => at(top + Math.floor(i / 168), left + (i % 168))[0]).includes(0)
    const named = [hasBlack(176, 8), hasBlack(176, 184), hasBlack(376, 8), hasBlack(376, 184)]
    expect(named).toEqual([true, true, true, false])
  })
})
