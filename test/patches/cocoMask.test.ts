import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { cocoMask, runLengthMask, runsOfString } from '../../src/patches/cocoMask.js'
import { type Mask, polygonMask } from '../../src/patches/polygonMask.js'
import coco from '../golden/coco.json' with { type: 'json' }

describe('polygon masks', () => {
  it.each([
    ['a point', [[3, 3, 3, 3, 3, 3]], '120'],
    ['vertices given twice', [[1, 1, 1, 1, 8, 1, 8, 1, 8, 8, 8, 8, 1, 8]], '11 7 3 7 3 7 3 7 3 7 3 7 3 7 42'],
    ['all of the frame and more', [[-100, -100, 100, -100, 100, 100, -100, 100]], '0 120'],
    ['left of the frame', [[-9, 2, -3, 2, -3, 8, -9, 8]], '120'],
    ['below the frame', [[2, 20, 8, 20, 8, 30, 2, 30]], '120'],
    ['an odd number of coordinates', [[1, 1, 8, 1, 8, 8, 1]], '21 1 9 2 8 3 7 4 6 5 5 6 43'],
  ])('are made of %s', (_, polygons, runs) => {
    expect(runsOfMask(polygonMask(polygons, 10, 12)).join(' ')).toBe(runs)
  })

  it('hold the pixels of whole rectangles, of which several are united', () => {
    const box = (left: number, top: number, right: number, bottom: number) =>
      [left, top, left, bottom, right, bottom, right, top] as const
    const { columns } = polygonMask([box(1, 1, 3, 3), box(2, 0, 4, 2)], 4, 5)
    expect(columns).toEqual(
      Uint8Array.from([...[0, 0, 0, 0], ...[0, 1, 1, 0], ...[1, 1, 1, 0], ...[1, 1, 0, 0], 0, 0, 0, 0]),
    )
  })

  it('of far coordinates take no longer than of near ones', () => {
    const { columns } = polygonMask([[-1e12, -1e12, 1e12, -1e12, 1e12, 1e12, -1e12, 1e12]], 20, 20)
    expect(columns.every((value) => value === 1)).toBe(true)
  })

  it.each([2 ** 53, 1e300, -1e300, Number.POSITIVE_INFINITY, Number.NaN])('with a corner at %s are refused', (far) => {
    const refusal = `its outline has a corner at ${far}, far outside the image`
    expect(() => polygonMask([[1, 1, 8, far, 8, 8]], 10, 12)).toThrow(refusal)
    expect(() => polygonMask([[1, 1, far, 8, 8, 8]], 10, 12)).toThrow(refusal)
  })

  it('may cross the image a million times, and 64 times for each pixel', () => {
    const zigzag = (edges: number) =>
      polygonMask([Array.from({ length: edges }, (_, i) => [(i % 2) * 1000, 0]).flat()], 1, 1000)
    expect(zigzag(1062).columns.includes(1)).toBe(false)
    expect(() => zigzag(1064)).toThrow('its outline is too complex for a real object')
    const frames = Array.from({ length: 1064 }, () => [0, 0, 1000, 0, 1000, 1, 0, 1])
    expect(() => polygonMask(frames, 1, 1000)).toThrow('its outline is too complex for a real object')
  })
})

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
  it('as a list and as a string give the mask', () => {
    const mask = { rows: 2, cols: 3, columns: Uint8Array.of(0, 1, 1, 1, 0, 1) }
    for (const counts of [[1, 3, 1, 1], '131N', [1, 3, 1, 1, 0]]) expect(runLengthMask(counts, 2, 3)).toEqual(mask)
    expect(cocoMask({ size: [2, 3], counts: [1, 3, 1, 1] }, 2, 3)).toEqual(mask)
  })

  it.each([
    // 16 needs a second group of five bits, since bit 4 of the last one is the sign; the fourth number is 2 − 4.
    ['`041N', [16, 4, 1, 2]],
    ['PPPPPP1o0', [2 ** 30, 31]],
    ['', []],
  ])('of the string %j are those of the definition', (text, runs) => expect(runsOfString(text)).toEqual(runs))

  it.each([
    ['too few pixels', [3, 4], 'its run lengths cover only 7 of 25 pixels'],
    ['too many pixels', [3, 23], 'mask is invalid: run 1 has the length 23'],
    ['a length below zero', [-1, 26], 'mask is invalid: run 0 has the length -1'],
    ['a broken length', [1.5, 23.5], 'mask is invalid: run 0 has the length 1.5'],
    ['text that is cut short', 'd', 'its compressed run lengths are cut short'],
    ['a character below the codes', '4/', 'character 2 of its compressed run lengths is invalid'],
    ['a character above the codes', 'p', 'character 1 of its compressed run lengths is invalid'],
    ['a number that never ends', 'o'.repeat(16), 'mask is invalid: run 0 has the length -1'],
  ])('with %s are refused', (_, counts, refusal) => {
    expect(() => cocoMask({ size: [5, 5], counts }, 5, 5)).toThrow(refusal)
  })
})

describe('a segmentation', () => {
  const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)

  it('whose first list has four numbers is boxes', () => {
    const box = polygonMask([[2, 3, 2, 7, 5, 7, 5, 3]], 10, 8)
    expect(cocoMask([[2, 3, 3, 4]], 10, 8)).toEqual(box)
    expect(runsOfMask(box)).toEqual([23, 4, 6, 4, 6, 4, 33])
  })

  it.each<readonly [unknown, string]>([
    ...[null, { size: [1] }, { size: ['a\nb', 8], counts: [80] }, { size: [10, 8], counts: [nested(5000)] }].map(
      (segmentation) => [segmentation, 'its segmentation is neither polygons nor run lengths'] as const,
    ),
    [{ size: [9, 8], counts: [80] }, 'its mask has 8×9 pixels, but its image has 8×10'],
    [{ size: [10, 9], counts: [80] }, 'its mask has 9×10 pixels, but its image has 8×10'],
    [[], 'its segmentation has no polygon'],
    [[[1, 2, 3]], 'its segmentation has no polygon'],
    [['text'], 'its segmentation is not a list of lists of numbers'],
    [[[1, 2, 3, 4, 5, null]], 'its segmentation is not a list of lists of numbers'],
    [[[1, 2, 3, 4], [1]], 'its segmentation mixes boxes and polygons'],
  ])('that is none is refused in a line (%#)', (segmentation, refusal) => {
    expect(() => cocoMask(segmentation, 10, 8)).toThrow(new InputError(refusal))
  })
})

it.each(coco.masks)('masks are those of other makers: $name', ({ rows, cols, segmentation, runs }) => {
  expect(runsOfMask(cocoMask(segmentation, rows, cols))).toEqual(runs)
})
