import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { packageFolder } from '../../src/files/package.js'
import { blankCanvas, canvasPng, fill } from '../../src/plot/canvas.js'
import { cutText, labelOutlines, textWidth } from '../../src/plot/letters.js'

describe('text in pictures', () => {
  const outline = (words: string) => labelOutlines([{ words, x: 0, y: 12, align: 'left' }], 100, 24)

  it('has another outline for every letter, and one for what it lacks', () => {
    const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
    expect(new Set([...ascii, ...'éß×−σ’'].map(outline)).size).toBe(101)
    for (const lacking of ['日', '😀', '\0', '\ud800']) expect(outline(lacking)).toBe(outline('?'))
    expect(outline('')).not.toContain('<path')
    expect(outline('<"&')).not.toContain('<text')
  })

  it('is black, as wide as it says, and where it belongs', async () => {
    const words = 'HAMBURG'
    const width = textWidth(words)
    for (const [align, left] of [
      ['left', 100],
      ['center', 100 - width / 2],
      ['right', 100 - width],
    ] as const) {
      const png = await canvasPng(blankCanvas(40, 250), [{ words, x: 100, y: 20, align }])
      const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
      expect([info.width, info.height, info.channels]).toEqual([250, 40, 3])
      const dark = Array.from({ length: 250 * 40 }, (_, i) => i).filter((i) => (data[i * 3] as number) < 100)
      const [columns, rows] = [dark.map((i) => i % 250), dark.map((i) => Math.floor(i / 250))]
      expect(Math.abs(Math.min(...columns) - left)).toBeLessThanOrEqual(3)
      expect(Math.abs(Math.max(...columns) - (left + width))).toBeLessThanOrEqual(3)
      expect([Math.min(...rows), Math.max(...rows)]).toEqual([14, 25])
      expect(Math.min(...data)).toBe(0)
    }
  })

  it('needs no fonts of the machine', async () => {
    const script = `
      const { blankCanvas, canvasPng } = await import(process.argv[1])
      const png = await canvasPng(blankCanvas(30, 200), [{ words: 'no fonts', x: 5, y: 15, align: 'left' }])
      process.stdout.write(png.toString('base64'))`
    const module = join(packageFolder(), 'dist', 'plot', 'canvas.js')
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, '--', module], {
      encoding: 'utf8',
      env: { ...process.env, FONTCONFIG_PATH: '/nonexistent', FONTCONFIG_FILE: '/nonexistent' },
    })
    const here = await canvasPng(blankCanvas(30, 200), [{ words: 'no fonts', x: 5, y: 15, align: 'left' }])
    expect([stderr, stdout]).toEqual(['', here.toString('base64')])
  })

  it('is cut to the pixels that it has', () => {
    for (const width of [60, 61, 100, 168]) {
      const cut = cutText('a name that is far too long for a field', width)
      expect(textWidth(cut)).toBeLessThanOrEqual(width)
      expect(textWidth(`${cut}www`)).toBeGreaterThan(width)
      expect(cut.endsWith('…')).toBe(true)
    }
    expect(cutText('dog', 100)).toBe('dog')
  })

  it('stays on the canvas', () => {
    const small = blankCanvas(3, 3)
    fill(small, { row: -5, col: -5, rows: 20, cols: 6 }, 0)
    expect([...small.pixels].filter((value) => value === 0)).toHaveLength(9)
    fill(small, { row: 0, col: 7, rows: 2, cols: 2 }, 0)
    expect(small.pixels).toHaveLength(27)
  })
})
