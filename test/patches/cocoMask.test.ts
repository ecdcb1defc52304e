import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cocoMask, runLengthMask, runsOfString } from '../../src/patches/cocoMask.js'
import { type Mask, polygonMask } from '../../src/patches/polygonMask.js'
import { randomCases } from '../support/randomCases.js'

/**
 * The definition, slowly: every point of every edge's chain in sequence, every change of column, all changes sorted, and
 * runs counted from one to the next.
 */
function slowMask(polygon: readonly number[], rows: number, cols: number): Uint8Array {
  const grid = polygon.map((value) => Math.trunc(5 * value + 0.5))
  const points: [number, number][] = []
  const count = grid.length >> 1
  for (let i = 0; i < count; i++) {
    const [x0, y0] = [grid[2 * i] as number, grid[2 * i + 1] as number]
    const [x1, y1] = [grid[2 * ((i + 1) % count)] as number, grid[2 * ((i + 1) % count) + 1] as number]
    const [dx, dy] = [Math.abs(x1 - x0), Math.abs(y1 - y0)]
    const chain: [number, number][] = []
    if (dx >= dy) {
      const [a, b] =
        x0 > x1
          ? [
              { x: x1, y: y1 },
              { x: x0, y: y0 },
            ]
          : [
              { x: x0, y: y0 },
              { x: x1, y: y1 },
            ]
      const slope = dx === 0 ? 0 : (b.y - a.y) / dx
      for (let t = 0; t <= dx; t++) chain.push([a.x + t, Math.trunc(a.y + slope * t + 0.5)])
      if (x0 > x1) chain.reverse()
    } else {
      const [a, b] =
        y0 > y1
          ? [
              { x: x1, y: y1 },
              { x: x0, y: y0 },
            ]
          : [
              { x: x0, y: y0 },
              { x: x1, y: y1 },
            ]
      for (let t = 0; t <= dy; t++) chain.push([Math.trunc(a.x + ((b.x - a.x) / dy) * t + 0.5), a.y + t])
      if (y0 > y1) chain.reverse()
    }
    points.push(...chain)
  }
  const places: number[] = []
  for (let i = 1; i < points.length; i++) {
    const [[u0, v0], [u1, v1]] = [points[i - 1] as [number, number], points[i] as [number, number]]
    if (u0 === u1) continue
    const x = ((u1 < u0 ? u1 : u1 - 1) + 0.5) / 5 - 0.5
    if (Math.floor(x) !== x || x < 0 || x > cols - 1) continue
    const y = Math.ceil(Math.min(rows, Math.max(0, (Math.min(v0, v1) + 0.5) / 5 - 0.5)))
    places.push(x * rows + y)
  }
  places.push(rows * cols)
  places.sort((a, b) => a - b)
  const mask = new Uint8Array(rows * cols)
  let before = 0
  places.forEach((place, i) => {
    mask.fill(i % 2, before, place)
    before = place
  })
  return mask
}

function slowUnion(polygons: readonly (readonly number[])[], rows: number, cols: number): Uint8Array {
  const masks = polygons.map((polygon) => slowMask(polygon, rows, cols))
  return Uint8Array.from({ length: rows * cols }, (_, i) => (masks.some((mask) => mask[i] === 1) ? 1 : 0))
}

const side = fc.integer({ min: 1, max: 40 })
const coordinate = fc.oneof(
  fc.double({ min: -15, max: 60, noNaN: true }),
  fc.integer({ min: -5, max: 45 }),
  fc.integer({ min: -25, max: 225 }).map((fifths) => fifths / 5),
  fc.integer({ min: -50, max: 450 }).map((tenths) => tenths / 10),
)
const polygon = fc.array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 9 }).map((list) => list.flat())

describe('polygon masks', () => {
  it('equal the definition, whatever the polygons: crossing, outside, tiny, degenerate, overlapping', () => {
    fc.assert(
      fc.property(fc.array(polygon, { minLength: 1, maxLength: 3 }), side, side, (polygons, rows, cols) => {
        expect(polygonMask(polygons, rows, cols).columns).toEqual(slowUnion(polygons, rows, cols))
      }),
      { numRuns: randomCases(600) },
    )
  })

  it.each([
    ['a point', [[3, 3, 3, 3, 3, 3]]],
    ['a line', [[1, 1, 9, 9, 1, 1]]],
    ['vertices given twice', [[1, 1, 1, 1, 8, 1, 8, 1, 8, 8, 8, 8, 1, 8]]],
    ['all of the frame and more', [[-100, -100, 100, -100, 100, 100, -100, 100]]],
    ['left of the frame', [[-9, 2, -3, 2, -3, 8, -9, 8]]],
    ['below the frame', [[2, 20, 8, 20, 8, 30, 2, 30]]],
    ['smaller than a pixel', [[4.1, 4.1, 4.3, 4.1, 4.2, 4.3]]],
    ['an odd number of coordinates', [[1, 1, 8, 1, 8, 8, 1]]],
    [
      'two that overlap',
      [
        [1, 1, 6, 1, 6, 6, 1, 6],
        [4, 4, 9, 4, 9, 9, 4, 9],
      ],
    ],
  ] as const)('equal the definition for %s', (_, polygons) => {
    expect(polygonMask(polygons, 10, 12).columns).toEqual(slowUnion(polygons, 10, 12))
  })

  it('of far coordinates take no longer than of near ones', () => {
    const { columns } = polygonMask([[-1e12, -1e12, 1e12, -1e12, 1e12, 1e12, -1e12, 1e12]], 20, 20)
    expect(columns.every((value) => value === 1)).toBe(true)
  })

  it.each([
    ['2^53', 2 ** 53],
    ['1e300', 1e300],
    ['-1e300', -1e300],
    ['the largest number', Number.MAX_VALUE],
    ['infinite', Number.POSITIVE_INFINITY],
    ['not a number', Number.NaN],
  ])('with a corner at %s are refused, at once', (_, far) => {
    const refusal = /^a corner of its outline lies at .*, far outside of the image/
    expect(() => polygonMask([[1, 1, 8, far, 8, 8]], 10, 12)).toThrow(refusal)
    expect(() => polygonMask([[1, 1, far, 8, 8, 8]], 10, 12)).toThrow(refusal)
  })

  it('that sweep the image again and again are refused, in time that its pixels bound', () => {
    const zigzag = Array.from({ length: 400_000 }, (_, i) => (i % 4 < 2 ? [0, i % 7] : [640, i % 5])).flat()
    expect(() => polygonMask([zigzag], 480, 640)).toThrow(/^its outline crosses the image too often/)
    const frames = Array.from({ length: 100_000 }, () => [0, 0, 640, 0, 640, 480, 0, 480])
    expect(() => polygonMask(frames, 480, 640)).toThrow(/^its outline crosses the image too often/)
    const specks = Array.from({ length: 10_000 }, (_, i) => [i % 640, 1, i % 640, 3, (i % 640) + 2, 3])
    expect(polygonMask(specks, 480, 640).columns.some((value) => value === 1)).toBe(true)
  })

  it('of whole rectangles hold just their pixels', () => {
    const { columns } = polygonMask([[2, 3, 5, 3, 5, 7, 2, 7]], 10, 8)
    const expected = Uint8Array.from({ length: 80 }, (_, i) => {
      const [col, row] = [Math.floor(i / 10), i % 10]
      return col >= 2 && col < 5 && row >= 3 && row < 7 ? 1 : 0
    })
    expect(columns).toEqual(expected)
  })
})

/** COCO's compressed string of run lengths, as its mask API writes it. */
function stringOfRuns(runs: readonly number[]): string {
  let text = ''
  for (const [i, run] of runs.entries()) {
    let value = i > 2 ? run - (runs[i - 2] as number) : run
    let more = true
    while (more) {
      const bits = value & 31
      value >>= 5
      more = bits & 16 ? value !== -1 : value !== 0
      text += String.fromCharCode(bits + (more ? 32 : 0) + 48)
    }
  }
  return text
}

/** Run lengths of a mask. */
function runsOfMask({ columns }: Pick<Mask, 'columns'>): readonly number[] {
  const runs: number[] = []
  let [value, length] = [0, 0]
  for (const pixel of columns) {
    if (pixel !== value) {
      runs.push(length)
      value = pixel
      length = 0
    }
    length++
  }
  return [...runs, length]
}

describe('run lengths', () => {
  const mask = fc
    .tuple(side, side)
    .chain(([rows, cols]) =>
      fc
        .array(fc.integer({ min: 0, max: 1 }), { minLength: rows * cols, maxLength: rows * cols })
        .map((values) => ({ rows, cols, columns: Uint8Array.from(values) })),
    )

  it('as a list and as a string give the mask again', () => {
    fc.assert(
      fc.property(mask, (one) => {
        const runs = runsOfMask(one)
        expect(runLengthMask(runs, one.rows, one.cols)).toEqual(one)
        expect(runLengthMask(stringOfRuns(runs), one.rows, one.cols)).toEqual(one)
      }),
    )
  })

  it('of any numbers survive the string', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 30 })), (runs) => {
        expect(runsOfString(stringOfRuns(runs))).toEqual(runs)
      }),
    )
  })

  it('are coded by hand as the definition says', () => {
    // 16 needs a second group, since bit 4 of the last one is the sign; the fourth number is 2 − 4 = −2.
    expect(stringOfRuns([16, 4, 1, 2])).toBe(`${String.fromCharCode(48 + 48, 48)}41N`)
  })

  it.each([
    ['too few pixels', [3, 4]],
    ['too many pixels', [3, 400]],
    ['a length below zero', [-1, 26]],
    ['a broken length', [1.5, 23.5]],
    ['text that is cut short', `${String.fromCharCode(80 + 20)}`],
    ['strange characters', 'é!'],
  ] as const)('with %s are refused', (_, counts) => {
    expect(() => cocoMask({ size: [5, 5], counts }, 5, 5)).toThrow(/mask/)
  })

  it('of any text end in a mask or an error, never in anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          expect(runLengthMask(text, 5, 5).columns).toHaveLength(25)
        } catch (error) {
          expect((error as Error).message).toMatch(/mask/)
        }
      }),
    )
  })
})

describe('a segmentation', () => {
  it('whose first list has four numbers is boxes', () => {
    const box = cocoMask([[2, 3, 3, 4]], 10, 8)
    expect(box).toEqual(polygonMask([[2, 3, 2, 7, 5, 7, 5, 3]], 10, 8))
  })

  it.each([
    [null],
    [[]],
    [[[1, 2]]],
    [['text']],
    [{ size: [1] }],
    [{ size: [9, 9], counts: [81] }],
    [{ size: ['a\nb', 8], counts: [80] }],
    [{ size: [10, 8], counts: [nested(10_000)] }],
    [{ size: [nested(10_000), 8], counts: [80] }],
    [[[1, 2, 3, 4], [1]]],
  ])('that is none is refused in a line (%#)', (segmentation) => {
    expect(() => cocoMask(segmentation, 10, 8)).toThrow(/^its [^\n]*$/)
  })
})

describe('masks of other makers', () => {
  const golden = new URL('../golden/coco.json', import.meta.url)
  const cases = JSON.parse(readFileSync(golden, 'utf8')).masks as {
    name: string
    rows: number
    cols: number
    segmentation: unknown
    runs: number[]
  }[]
  it.each(cases)('$name', ({ rows, cols, segmentation, runs }) => {
    expect(runsOfMask(cocoMask(segmentation, rows, cols))).toEqual(runs)
  })
})

/** Lists within lists. */
function nested(depth: number): unknown {
  return depth === 0 ? 0 : JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
}
