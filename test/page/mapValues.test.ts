import { describe, expect, it } from 'vitest'
import type { AnswerAt } from '../../src/page/browser/answers.js'
import { fitChoice } from '../../src/page/browser/fit.js'
import { type LoadedMap, type MapValues, mapOf, measured } from '../../src/page/browser/maps.js'
import { pixelsIn, readMaps as readIn, spokenText, valueTexts } from '../../src/page/browser/mapValues.js'
import { correspondingPosition } from '../../src/page/site/groups.js'
import type { Quantity } from '../../src/page/site/view.js'
import { groupOf, indexOf } from '../support/siteIndex.js'

/** 10×10 positions, 4 px apart from each other; the center is at 18 px, between positions. */
const group = { ...groupOf({ key: 0, model: 'alexnet', stride: 4 }), classes: 'fc8' }
const CENTER = { row: 18, col: 18 }
const choice = { model: 'alexnet', layer: 'fc6', size: 125, patch: 'car', anchor: 'center' }
/** What the anchor has and no position. */
const OWN: AnswerAt = { answer: '\u2068car\u2069 0.60', name: 'car', ofCenter: 0.6, sighting: undefined }

interface Wishes {
  readonly of?: Partial<typeof group>
  readonly shows?: Quantity
  readonly atAnchor?: AnswerAt
  readonly known?: Uint8Array
  readonly anchor?: string
  readonly cosines?: MapValues
}

/** Similarities are 0.5, answers are cats with a probability of 0.25 everywhere. */
function mapWith({ of = {}, shows = 'similarity', anchor = 'center', ...parts }: Wishes = {}): LoadedMap {
  const fitted = fitChoice(indexOf([{ ...group, ...of }]), { ...choice, anchor })
  const everywhere = (value: number) => new Float64Array(100).fill(value)
  const strongest = { names: ['cat'], numbers: new Uint32Array(100), probabilities: everywhere(0.25) }
  const answers = { ofCenter: everywhere(0.25), strongest }
  return mapOf({ fitted, error: 0, answers, cosines: measured(everywhere(0.5)), ...parts }, shows)
}

const near = { position: { row: 20, col: 20 }, shown: 0.5, name: 'cat', answer: '\u2068cat\u2069 0.25' }
const own = { position: CENTER, shown: 1, name: 'car', answer: OWN.answer }

/** Reads maps at a cursor in the pixels of `group`. */
function readMaps(maps: readonly (LoadedMap | undefined)[], cursor: { row: number; col: number }) {
  return readIn(maps, cursor, group)
}

/** 10×10 positions, 2 px apart from each other, in a smaller frame than that of `group`. */
const SMALLER = { ...groupOf({ key: 1, model: 'alexnet', stride: 2, size: 63 }), classes: 'fc8' }

describe('positions in frames of different sizes', () => {
  it.each([
    [
      { row: 0, col: 0 },
      { row: 0, col: 0 },
    ],
    [
      { row: 36, col: 0 },
      { row: 18, col: 0 },
    ],
    [
      { row: 18, col: 5 },
      { row: 9, col: 2.5 },
    ],
  ])('%j corresponds to %j, at the same share of the way', (one, other) => {
    expect(correspondingPosition(one, group, SMALLER)).toEqual(other)
    expect(correspondingPosition(other, SMALLER, group)).toEqual(one)
  })

  it('of a photograph count from its first window, and a single one lies in the middle', () => {
    const [small, large] = [groupOf({ key: 0, model: 'a', size: 256, frame: 224 }), { frame: 96, size: 160 }]
    expect(correspondingPosition({ row: -32, col: -8 }, small, large)).toEqual({ row: -64, col: -16 })
    const single = { frame: 224, size: 224 }
    expect(correspondingPosition({ row: 0, col: 0 }, single, large)).toEqual({ row: -32, col: -32 })
    expect(correspondingPosition({ row: -10, col: -3 }, large, single)).toEqual({ row: 0, col: 0 })
  })

  it('are read at corresponding positions, and at both anchors if the cursor is on either', () => {
    const [first, second] = [mapWith({ atAnchor: OWN }), mapWith({ of: SMALLER, atAnchor: OWN })]
    const rows = (cursor: { row: number; col: number }) =>
      readMaps([first, second], cursor).map(({ position }) => position.row)
    expect([rows({ row: 36, col: 36 }), rows({ row: 8, col: 8 }), rows(CENTER)]).toEqual([
      [36, 18],
      [8, 4],
      [18, 9],
    ])
    const inSmaller = correspondingPosition({ row: 7.3, col: 9 }, SMALLER, group)
    expect(readMaps([first, second], inSmaller)[1]?.position).toEqual({ row: 8, col: 10 })
  })

  it('of an anchor without a name are those of map A', () => {
    const features = [1, 1]
    const [own, other] = [groupOf({ key: 0, model: 'own', stride: 4, features }), { ...SMALLER, key: 1 }]
    const units = own.units
    const index = indexOf([own, { ...other, model: 'other', units }])
    const wanted = { ...choice, model: 'other', size: 63, anchor: { row: 24, col: 8 } }
    expect(fitChoice(index, wanted, own).anchorPosition).toEqual({ row: 12, col: 4 })
    expect(fitChoice(index, wanted).anchorPosition).toEqual({ row: 18, col: 8 })
  })
})

describe('readings', () => {
  it('are those of the anchor while the cursor is on it, and of the nearest position otherwise', () => {
    const read = (cursor: { row: number; col: number }) => readMaps([mapWith({ atAnchor: OWN })], cursor)
    expect(read(CENTER)).toMatchObject([{ ...own, panel: 'a', isNearby: false, at: 55 }])
    expect(read({ row: 19, col: 18 })).toMatchObject([{ ...near, panel: 'a', at: 55 }])
  })

  it('have the value that the map shows, at the anchor, too', () => {
    const shown = (shows: Quantity, atAnchor?: AnswerAt) =>
      readMaps([mapWith({ shows, ...(atAnchor && { atAnchor }) })], CENTER).map((one) => one.shown)
    expect([shown('similarity', OWN), shown('probability', OWN), shown('probability')]).toEqual([[1], [0.6], [0.25]])
  })

  it('have no answer at an anchor if it is not known', () => {
    expect(readMaps([mapWith()], CENTER)).toMatchObject([{ ...own, name: undefined, answer: '' }])
  })

  it('are exact at the anchor even before the positions around it are computed', () => {
    const map = mapWith({ atAnchor: OWN, known: new Uint8Array(100) })
    expect(readMaps([map], CENTER)[0]?.isNearby).toBe(false)
    expect(readMaps([map], { row: 19, col: 18 })[0]?.isNearby).toBe(true)
  })

  it('are those of the map if the anchor is one of its positions', () => {
    const map = mapWith({ atAnchor: OWN, anchor: 'bottom-right' })
    const [value] = readMaps([map], { row: 36, col: 36 })
    expect(value).toMatchObject({ position: { row: 36, col: 36 }, shown: 0.5, answer: near.answer, at: 99 })
  })

  it('are at the own anchor of each map if the cursor is on that of one', () => {
    const anchors = group.anchors.map((one) => (one.name === 'center' ? { ...one, row: 17, col: 17 } : one))
    const [first, second] = [mapWith({ atAnchor: OWN }), mapWith({ of: { anchors }, atAnchor: OWN })]
    const positions = (cursor: { row: number; col: number }) =>
      readMaps([first, second], cursor).map(({ position }) => position.row)
    expect([positions(CENTER), positions({ row: 17, col: 17 }), positions({ row: 19, col: 19 })]).toEqual([
      [18, 17],
      [18, 17],
      [20, 20],
    ])
    expect(readMaps([undefined, second], CENTER)).toMatchObject([{ panel: 'b', ...near }])
  })

  const here = { row: 20, col: 20 }
  const textsOf = (...maps: readonly LoadedMap[]) => valueTexts(readMaps(maps, here))

  it('have a similarity only while a map shows similarity, with decimals only as far as a difference needs them', () => {
    const similar = (value: number) => mapWith({ cosines: measured(new Float64Array(100).fill(value)) })
    expect(textsOf(similar(0.93215), similar(0.9289))).toEqual(['0.932', '0.929'])
    expect(textsOf(similar(0.93), similar(0.9304))).toEqual(['0.9300', '0.9304'])
    expect(textsOf(similar(0.99996))).toEqual(['0.99996'])
    expect(textsOf(mapWith({ shows: 'answers' }), mapWith({ shows: 'probability' }), similar(1))).toEqual([
      '',
      '0.25',
      '1.000',
    ])
    expect(valueTexts(readMaps([mapWith({ atAnchor: OWN })], CENTER))).toEqual(['1.000'])
    expect(spokenText(readMaps([mapWith({ shows: 'answers' }), similar(0.5)], here))).toBe(
      'row 20, column 20. \u2068alexnet\u2069: answer \u2068cat\u2069 0.25; \u2068alexnet\u2069: similarity 0.500, answer \u2068cat\u2069 0.25.',
    )
  })

  it.each([
    ['80', 80],
    [' −32 ', -32],
    ['-4', -4],
    ['', undefined],
    ['8.5', undefined],
    ['row', undefined],
  ])('reads %j from the field of a row as %s', (text, pixels) => {
    expect(pixelsIn(text)).toBe(pixels)
  })
})
