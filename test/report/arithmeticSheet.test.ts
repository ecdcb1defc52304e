import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { parseExpression } from '../../src/experiments/expression.js'
import { type ArithmeticSheet, arithmeticSheet } from '../../src/report/arithmeticSheet.js'

const SIDE = 40

function plain(colour: readonly number[], side = SIDE): Uint8Array {
  return Uint8Array.from({ length: side * side * 3 }, (_, i) => colour[i % 3] as number)
}

const colours: Readonly<Record<string, readonly number[]>> = {
  A: [200, 0, 0],
  B: [0, 200, 0],
  expectation: [0, 0, 200],
  decodedA: [100, 0, 0],
  decodedB: [0, 100, 0],
  result: [0, 0, 100],
  beside: [150, 150, 0],
}

function sheetOf(expression: string, changes: Partial<ArithmeticSheet> = {}): ArithmeticSheet {
  const picture = (name: string) => plain(colours[name] as readonly number[])
  return {
    title: ['title'],
    terms: parseExpression(expression),
    side: SIDE,
    operands: new Map(['A', 'B'].map((name) => [name, picture(name)])),
    decodedOperands: new Map(['A', 'B'].map((name) => [name, picture(`decoded${name}`)])),
    expectation: picture('expectation'),
    decodedResult: picture('result'),
    extra: [{ label: 'beside', image: picture('beside') }],
    ...changes,
  }
}

async function decoded(sheet: ArithmeticSheet) {
  const { data, info } = await sharp(await arithmeticSheet(sheet))
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { data, rows: info.height, cols: info.width }
}

/** Names of the pictures in the order of their top-left pixels, row by row, and where these are. */
async function pictures(sheet: ArithmeticSheet) {
  const { data, cols } = await decoded(sheet)
  const found = Object.entries(colours).flatMap(([name, colour]) => {
    const places: { name: string; row: number; col: number }[] = []
    for (let i = 0; i < data.length; i += 3) {
      const [row, col] = [Math.floor(i / 3 / cols), (i / 3) % cols]
      const isIt = (at: number) => colour.every((value, channel) => data[at + channel] === value)
      if (isIt(i) && !isIt(i - 3) && !isIt(i - cols * 3)) places.push({ name, row, col })
    }
    return places
  })
  return found.sort((a, b) => a.row - b.row || a.col - b.col)
}

describe('a contact sheet', () => {
  it('has the expression in pixels above the decoded one, in the order of its terms', async () => {
    const found = await pictures(sheetOf('B - A + B'))
    expect(found.map(({ name }) => name)).toEqual([
      'B',
      'A',
      'B',
      'expectation',
      'decodedB',
      'decodedA',
      'decodedB',
      'result',
      'beside',
    ])
    const [above, below] = [found.slice(0, 4), found.slice(4, 8)]
    expect(below.map(({ col }) => col)).toEqual(above.map(({ col }) => col))
  })

  it('draws signs between the pictures', async () => {
    const { data, cols } = await decoded(sheetOf('A + B - A'))
    const [first, second, third, last] = await pictures(sheetOf('A + B - A'))
    const dark = (left = 0, right = 0) => {
      const columns: number[] = []
      const rows: number[] = []
      for (let row = first?.row ?? 0; row < (first?.row ?? 0) + SIDE; row++) {
        for (let col = left + SIDE + 2; col < right - 2; col++) {
          if (data[(row * cols + col) * 3] !== 0) continue
          columns.push(col)
          rows.push(row)
        }
      }
      const extent = (values: readonly number[]) => Math.max(...values) - Math.min(...values) + 1
      return { pixels: columns.length, cols: extent(columns), rows: extent(rows) }
    }
    expect(dark(first?.col, second?.col)).toEqual({ pixels: 2 * 4 * 24 - 16, cols: 24, rows: 24 })
    expect(dark(second?.col, third?.col)).toEqual({ pixels: 4 * 24, cols: 24, rows: 4 })
    expect(dark(third?.col, last?.col)).toEqual({ pixels: 2 * 4 * 24, cols: 24, rows: 16 })
  })

  it('shrinks its pictures where there are many', async () => {
    const { cols } = await decoded(sheetOf(Array(400).fill('A').join('+')))
    expect(cols).toBeLessThan(400 * (32 + 56) + 400)
  })

  it('is the same bytes for the same pictures', async () => {
    expect(await arithmeticSheet(sheetOf('A+B'))).toEqual(await arithmeticSheet(sheetOf('A+B')))
  })
})
