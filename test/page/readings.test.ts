import { describe, expect, it } from 'vitest'
import { fitChoice } from '../../src/page/browser/fit.js'
import { type AnchorAnswer, type LoadedMap, mapOf, measured } from '../../src/page/browser/maps.js'
import { readMaps } from '../../src/page/browser/readings.js'
import type { Quantity } from '../../src/page/browser/view.js'
import { groupOf, indexOf } from '../support/siteIndex.js'

/** 10×10 positions, 4 px apart from each other; the center is at 18 px, between positions. */
const group = { ...groupOf({ key: 0, model: 'alexnet', stride: 4 }), classes: 'fc8' }
const CENTER = { row: 18, col: 18 }
const choice = { model: 'alexnet', layer: 'fc6', size: 125, patch: 'car', anchor: 'center' }
/** What the anchor has and no position. */
const OWN: AnchorAnswer = { answer: '\u2068car\u2069 0.60', ofCenter: 0.6 }

interface Wishes {
  readonly of?: Partial<typeof group>
  readonly shows?: Quantity
  readonly atAnchor?: AnchorAnswer
  readonly known?: Uint8Array
  readonly anchor?: string
}

/** Similarities are 0.5, answers are cats with a probability of 0.25 everywhere. */
function mapWith({ of = {}, shows = 'similarity', anchor = 'center', ...parts }: Wishes = {}): LoadedMap {
  const fitted = fitChoice(indexOf([{ ...group, ...of }]), { ...choice, anchor })
  const everywhere = (value: number) => new Float64Array(100).fill(value)
  const strongest = { names: ['cat'], numbers: new Uint32Array(100), probabilities: everywhere(0.25) }
  const answers = { ofCenter: everywhere(0.25), strongest }
  return mapOf({ fitted, error: 0, answers, cosines: measured(everywhere(0.5)), ...parts }, shows)
}

const near = { position: { row: 20, col: 20 }, value: 0.5, answer: '\u2068cat\u2069 0.25' }
const own = { position: CENTER, value: 1, answer: OWN.answer }

describe('readings', () => {
  it('are those of the anchor while the cursor is on it, and of the nearest position otherwise', () => {
    const read = (cursor: { row: number; col: number }) => readMaps([mapWith({ atAnchor: OWN })], cursor)
    expect(read(CENTER)).toMatchObject([{ ...own, panel: 'a', shown: 1, isNearby: false, at: 55 }])
    expect(read({ row: 19, col: 18 })).toMatchObject([{ ...near, panel: 'a', shown: 0.5, at: 55 }])
  })

  it('have the value that the map shows, at the anchor, too', () => {
    const shown = (shows: Quantity, atAnchor?: AnchorAnswer) =>
      readMaps([mapWith({ shows, ...(atAnchor && { atAnchor }) })], CENTER).map((one) => one.shown)
    expect([shown('similarity', OWN), shown('probability', OWN), shown('probability')]).toEqual([[1], [0.6], [0.25]])
  })

  it('have no answer at an anchor if it is not known', () => {
    expect(readMaps([mapWith()], CENTER)).toMatchObject([{ ...own, answer: '' }])
  })

  it('are exact at the anchor even before the positions around it are computed', () => {
    const map = mapWith({ atAnchor: OWN, known: new Uint8Array(100) })
    expect(readMaps([map], CENTER)[0]?.isNearby).toBe(false)
    expect(readMaps([map], { row: 19, col: 18 })[0]?.isNearby).toBe(true)
  })

  it('are those of the map if the anchor is one of its positions', () => {
    const map = mapWith({ atAnchor: OWN, anchor: 'bottom-right' })
    const [reading] = readMaps([map], { row: 36, col: 36 })
    expect(reading).toMatchObject({ position: { row: 36, col: 36 }, value: 0.5, answer: near.answer, at: 99 })
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
})
