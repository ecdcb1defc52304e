import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { parseExpression } from '../../../src/experiments/arithmetic/expression.js'
import { arithmeticSheet } from '../../../src/report/arithmetic/sheet.js'

const COLOURS: Readonly<Record<string, readonly number[]>> = {
  A: [200, 0, 0],
  B: [0, 200, 0],
  expectation: [0, 0, 200],
  decodedA: [100, 0, 0],
  decodedB: [0, 100, 0],
  result: [0, 0, 100],
  beside: [150, 150, 0],
}

/** The sheet of an expression whose pictures have one colour each, decoded. */
async function drawn(expression: string) {
  const side = 40
  const picture = (name: string) =>
    Uint8Array.from({ length: side * side * 3 }, (_, i) => COLOURS[name]?.[i % 3] as number)
  const png = await arithmeticSheet({
    title: ['title'],
    terms: parseExpression(expression),
    side,
    operands: new Map(['A', 'B'].map((name) => [name, picture(name)])),
    decodedOperands: new Map(['A', 'B'].map((name) => [name, picture(`decoded${name}`)])),
    expectation: picture('expectation'),
    decodedResult: picture('result'),
    extra: [{ label: 'beside', image: picture('beside') }],
  })
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true })
  const isAt = (at: number, colour: readonly number[]) => colour.every((value, channel) => data[at + channel] === value)
  /** Names of the pictures in the order of their top-left pixels, row by row, and where these are. */
  const pictures = () =>
    Array.from({ length: data.length / 3 }, (_, i) => i).flatMap((i) =>
      Object.entries(COLOURS)
        .filter(([, one]) => isAt(3 * i, one) && !isAt(3 * i - 3, one) && !isAt(3 * (i - info.width), one))
        .map(([name]) => ({ name, row: Math.floor(i / info.width), col: i % info.width })),
    )
  return { data, width: info.width, height: info.height, pictures }
}

describe('a contact sheet', () => {
  it('has the expression in pixels above the decoded one, in the order of its terms', async () => {
    const { pictures, width, height } = await drawn('B - A + B')
    const at = (names: readonly string[], row: number) => names.map((name, i) => ({ name, row, col: 72 + 96 * i }))
    expect(pictures()).toEqual([
      ...at(['B', 'A', 'B', 'expectation'], 70),
      ...at(['decodedB', 'decodedA', 'decodedB', 'result', 'beside'], 150),
    ])
    expect([width, height]).toEqual([72 + 96 * 4 + 40 + 16, 206])
  })

  it.each([
    ['-A + B', 4 * 24],
    ['A + B', 0],
  ])('of %s has %i dark pixels before its first picture', async (expression, count) => {
    const { data, width } = await drawn(expression)
    const before = Array.from({ length: 40 * 52 }, (_, i) => (70 + Math.floor(i / 52)) * width + 16 + (i % 52))
    expect(before.filter((i) => data[i * 3] === 0)).toHaveLength(count)
  })

  it.each([
    // The arms of a plus cross in 4×4 pixels.
    ['a plus', 0, 2 * 4 * 24 - 16, 24, 24],
    ['a minus', 1, 4 * 24, 24, 4],
    ['an equals sign', 2, 2 * 4 * 24, 24, 16],
  ])('draws %s behind picture %i', async (_, index, count, cols, rows) => {
    const { data, width } = await drawn('A + B - A')
    const [left, top] = [72 + 96 * index + 42, 70]
    const pixels = Array.from({ length: 40 * 52 }, (_, i) => [top + Math.floor(i / 52), left + (i % 52)] as const)
    const dark = pixels.filter(([row, col]) => data[(row * width + col) * 3] === 0)
    const extent = (values: readonly number[]) => Math.max(...values) - Math.min(...values) + 1
    const [height, breadth] = [extent(dark.map(([row]) => row)), extent(dark.map(([, col]) => col))]
    expect([dark.length, breadth, height]).toEqual([count, cols, rows])
  })
})
