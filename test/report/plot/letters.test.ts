import { describe, expect, it } from 'vitest'
import { type Canvas, fill } from '../../../src/report/plot/canvas.js'
import { cutText, drawText, textSize } from '../../../src/report/plot/letters.js'

describe('text in pixels', () => {
  const canvas = (rows: number, cols: number): Canvas => ({
    rows,
    cols,
    pixels: new Uint8Array(rows * cols * 3).fill(255),
  })
  const drawn = (text: string) => {
    const { cols } = textSize(text, 1)
    const target = canvas(9, Math.max(1, cols))
    drawText(target, text, 0, 0, 1)
    return Array.from({ length: 9 }, (_, row) =>
      Array.from({ length: target.cols }, (_, col) =>
        target.pixels[(row * target.cols + col) * 3] === 0 ? '#' : '.',
      ).join(''),
    )
  }

  it('is readable', () => {
    expect(drawn('fc6')).toEqual([
      '..##..........##.',
      '.#..#........#...',
      '.#.....###..#....',
      '###...#.....####.',
      '.#....#.....#...#',
      '.#....#...#.#...#',
      '.#.....###...###.',
      '.................',
      '.................',
    ])
  })

  it('has another picture for every letter, and one for what it lacks', () => {
    const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))
    expect(new Set(ascii.map((letter) => drawn(letter).join())).size).toBe(95)
    expect(drawn('é')).toEqual(drawn('?'))
    expect(drawn('😀')).toEqual(drawn('?'))
    expect(drawn('')).toEqual(Array(9).fill('.'))
  })

  it('is cut to the pixels that it has', () => {
    for (const dot of [1, 2, 3]) {
      for (const width of [60, 61, 100, 168]) {
        const cut = cutText('a name that is far too long for a field', width, dot)
        expect(textSize(cut, dot).cols).toBeLessThanOrEqual(width)
        expect(textSize(`${cut}x`, dot).cols).toBeGreaterThan(width)
        expect(cut.endsWith('..')).toBe(true)
      }
    }
    expect(cutText('dog', 100, 2)).toBe('dog')
  })

  it('stays on the canvas', () => {
    const small = canvas(3, 3)
    fill(small, { row: -5, col: -5, rows: 20, cols: 6 }, 0)
    expect([...small.pixels].filter((value) => value === 0)).toHaveLength(9)
    drawText(small, 'W', 1, 1, 3)
    fill(small, { row: 0, col: 7, rows: 2, cols: 2 }, 0)
    expect(small.pixels).toHaveLength(27)
  })
})
