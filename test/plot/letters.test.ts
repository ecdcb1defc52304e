import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { blankCanvas, canvasPng, fill } from '../../src/plot/canvas.js'
import { cutText, labelOutlines, textWidth } from '../../src/plot/letters.js'

describe('text in pictures', () => {
  const outline = (words: string) => labelOutlines([{ words, x: 0, y: 12, align: 'left' }], 100, 24)

  it('is outlines, which need no fonts: another for every letter, and one for what it lacks', () => {
    const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
    const outlines = [...ascii, ...'éß×−σ’'].map(outline)
    expect(new Set(outlines).size).toBe(101)
    expect(outlines.join('')).not.toMatch(/<text|font/)
    for (const lacking of ['日', '😀', '\0', '\ud800']) expect(outline(lacking)).toBe(outline('?'))
    expect(outline('')).not.toContain('<path')
  })

  it.each([
    ['left', 0],
    ['center', 0.5],
    ['right', 1],
  ] as const)('is black, as wide as it says, and where it belongs: %s', async (align, share) => {
    const words = 'HAMBURG'
    const width = textWidth(words)
    const png = await canvasPng(blankCanvas(40, 250), [{ words, x: 100, y: 20, align }])
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height, info.channels]).toEqual([250, 40, 3])
    const dark = Array.from({ length: 250 * 40 }, (_, i) => i).filter((i) => (data[i * 3] as number) < 100)
    const [columns, rows] = [dark.map((i) => i % 250), dark.map((i) => Math.floor(i / 250))]
    const left = 100 - share * width
    expect(Math.abs(Math.min(...columns) - left)).toBeLessThanOrEqual(3)
    expect(Math.abs(Math.max(...columns) - (left + width))).toBeLessThanOrEqual(3)
    expect([Math.min(...rows), Math.max(...rows), Math.min(...data)]).toEqual([14, 25, 0])
  })

  it.each([60, 61, 168])('is cut to the %i pixels that it has', (width) => {
    const cut = cutText('a name that is far too long for a field', width)
    expect(textWidth(cut)).toBeLessThanOrEqual(width)
    expect(textWidth(`${cut}www`)).toBeGreaterThan(width)
    expect(cut.endsWith('…')).toBe(true)
    expect(cutText('dog', textWidth('dog'))).toBe('dog')
  })

  it('stays on the canvas', () => {
    const small = blankCanvas(3, 3)
    fill(small, { x: -5, y: -5, width: 6, height: 20 }, 0)
    fill(small, { x: 7, y: 0, width: 2, height: 2 }, 0)
    const row = [0, 0, 0, 255, 255, 255, 255, 255, 255]
    expect([...small.pixels]).toEqual([...row, ...row, ...row])
  })
})
