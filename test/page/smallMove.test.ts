import { describe, expect, it } from 'vitest'
import { fitChoice } from '../../src/page/browser/fit.js'
import { type LoadedMap, mapOf, measured } from '../../src/page/browser/maps.js'
import { readMaps } from '../../src/page/browser/mapValues.js'
import { openingPosition, smallMove } from '../../src/page/browser/smallMove.js'
import { groupOf, indexOf } from '../support/siteIndex.js'

/** The numbers of classes at 10×10 positions. `changed` lists where it is not 0. */
type Answers = Readonly<Record<string, number>>

const group = { ...groupOf({ key: 0, model: 'alexnet', stride: 4 }), classes: 'fc8' }
const keyOf = (row: number, col: number) => `${row},${col}`

/** A map whose answers are cats, apart from those in `dogs`, by row and column of the grid. Cats are right. */
function mapWith(dogs: Answers, probabilityAt: (row: number, col: number) => number = () => 0.5): LoadedMap {
  const fitted = fitChoice(indexOf([group]), {
    model: 'alexnet',
    layer: 'fc6',
    size: 125,
    patch: 'car',
    anchor: 'center',
  })
  const each = (valueAt: (row: number, col: number) => number) =>
    Float64Array.from({ length: 100 }, (_, i) => valueAt(Math.floor(i / 10), i % 10))
  const numbers = Uint32Array.from(each((row, col) => dogs[keyOf(row, col)] ?? 0))
  const strongest = { names: ['cat', 'dog'], numbers, probabilities: each(probabilityAt), right: [0] }
  return mapOf(
    {
      fitted,
      error: 0,
      answers: { ofCenter: each(() => 0.5), strongest },
      cosines: measured(each(() => 0.5)),
    },
    'answers',
  )
}
/** Where the small move goes, in steps of the grid. */
function moveFrom(row: number, col: number, maps: readonly LoadedMap[], last?: Parameters<typeof smallMove>[1]) {
  const move = smallMove(readMaps(maps, { row: 4 * row, col: 4 * col }, group), last)
  return move && { row: move.to.row / 4 - row, col: move.to.col / 4 - col }
}

const left = { down: 0, right: -1, arrow: '←' } as const

describe('the small move', () => {
  const same = mapWith({})

  it('goes one step to the right if no answer changes, since two steps of 4 px are more than 6 px', () => {
    expect(moveFrom(5, 5, [same])).toEqual({ row: 0, col: 1 })
  })

  it('goes where the answer of A changes, and else where that of B does', () => {
    const above = mapWith({ '4,5': 1 })
    const below = mapWith({ '6,5': 1 })
    expect(moveFrom(5, 5, [above])).toEqual({ row: -1, col: 0 })
    expect(moveFrom(5, 5, [above, below])).toEqual({ row: -1, col: 0 })
    expect(moveFrom(5, 5, [same, below])).toEqual({ row: 1, col: 0 })
  })

  it('stays in the frame', () => {
    expect(moveFrom(5, 9, [same])).toEqual({ row: 0, col: -1 })
  })

  it('goes back only if nothing else changes an answer', () => {
    const right = mapWith({ '5,6': 1 })
    const both = mapWith({ '5,4': 1, '5,6': 1 })
    expect(moveFrom(5, 5, [both])).toEqual({ row: 0, col: 1 })
    expect(moveFrom(5, 5, [both], left)).toEqual({ row: 0, col: -1 })
    expect(moveFrom(5, 5, [right], left)).toEqual({ row: 0, col: 1 })
    expect(moveFrom(5, 5, [same], left)).toEqual({ row: 0, col: -1 })
  })
})

describe('the opening position', () => {
  it('is none if no small move changes the answer', () => {
    expect(openingPosition(mapWith({}))).toBeUndefined()
  })

  it('has the right answer and is beside another one', () => {
    expect(openingPosition(mapWith({ '0,0': 1 }))).toEqual({ row: 0, col: 4 })
  })

  it('is as near to the center as possible', () => {
    // 0.4 of the way to the center outweigh less than 0.1 of probability.
    const two = { '0,0': 1, '4,6': 1 }
    expect(openingPosition(mapWith(two))).toEqual({ row: 16, col: 20 })
    const farIsSure = (row: number, col: number) => (row < 2 && col < 2 ? 0.9 : 0.5)
    expect(openingPosition(mapWith(two, farIsSure))).toEqual({ row: 0, col: 4 })
  })

  it('needs sure answers on both sides of the change', () => {
    const two = { '4,3': 1, '4,6': 1 }
    // The dog at 4,6 is nearer to the center, but not sure. The cat beside it is.
    const unsure = (row: number, col: number) => (row === 4 && col === 6 ? 0.1 : 0.5)
    expect(openingPosition(mapWith(two, unsure))).toEqual({ row: 16, col: 16 })
  })

  it('needs a sure answer where the object begins and where it ends', () => {
    const two = { '4,6': 1, '0,0': 1 }
    // At 4,5 the cat is sure and the dog beside it is not. At 0,1 both are.
    const one = (row: number, col: number) => (row === 4 && col === 6 ? 0.1 : row < 2 && col < 2 ? 0.5 : 0.9)
    expect(openingPosition(mapWith(two, one))).toEqual({ row: 0, col: 4 })
  })
})
