import { describe, expect, it } from 'vitest'
import { fitChoice } from '../../src/page/browser/fit.js'
import { wayBetween, wayToFlip } from '../../src/page/browser/opening.js'
import { groupOf, indexOf } from '../support/siteIndex.js'

const GRID = { rows: 10, cols: 10, stride: 4, first: -8 }
const at = (row: number, col: number) => ({ row, col })

describe('the way of the object', () => {
  it.each([
    ['along a row', at(4, 4), at(4, 12), [at(4, 8), at(4, 12)]],
    ['along a column', at(4, 4), at(-4, 4), [at(0, 4), at(-4, 4)]],
    ['along the straight line between others', at(0, 0), at(8, -16), [at(4, -4), at(4, -8), at(8, -12), at(8, -16)]],
    ['from between the positions', at(5.5, 5), at(4, 12), [at(4, 8), at(4, 12)]],
    ['to the position that is nearest to the start', at(5, 5), at(4, 4), [at(4, 4)]],
  ])('goes %s, through positions of the grid only', (_, start, end, way) => {
    expect(wayBetween(start, end, GRID)).toEqual(way)
  })

  it('leads from the center to where the answer changes, and is empty if it does not, or if it is not known', () => {
    const bird = { name: 'bird', isRight: true, probability: 0.75 }
    const answer = { center: bird, kept: 0.5, changed: 0.5 }
    const flip = { ...bird, name: 'kite', ...at(4, 2) }
    const wayOf = (more: object, patch: string | null = 'car') => {
      const [car, ...others] = groupOf({ key: 0, model: 'net' }).units
      const group = { ...groupOf({ key: 0, model: 'net' }), units: [{ ...car, ...more }, ...others] }
      const choice = { model: 'net', layer: 'fc8', size: 125, patch, anchor: 'top-left' }
      return wayToFlip(fitChoice(indexOf([group as ReturnType<typeof groupOf>]), choice))
    }
    expect(wayOf({ answer: { ...answer, flip } })).toEqual([at(4, 3), at(4, 2)])
    expect([wayOf({ answer }), wayOf({}), wayOf({ answer: { ...answer, flip } }, null)]).toEqual([[], [], []])
  })
})
