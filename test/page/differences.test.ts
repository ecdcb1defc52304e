import { describe, expect, it } from 'vitest'
import { differenceMap } from '../../src/page/browser/differences.js'
import { fitChoice } from '../../src/page/browser/fit.js'
import { mapOf, measured } from '../../src/page/browser/maps.js'
import { firstView } from '../../src/page/browser/view.js'
import { groupOf, indexOf } from '../support/siteIndex.js'

const index = indexOf([groupOf({ key: 0, model: 'alexnet' })])
const fitted = fitChoice(index, firstView(index))

/** A map of one value, of which the first positions are known. */
function mapWith(value: number, count: number) {
  const known = count === 100 ? undefined : Uint8Array.from({ length: 100 }, (_, i) => (i < count ? 1 : 0))
  const values = Float64Array.from({ length: 100 }, (_, i) => (i < count ? value : 9))
  return mapOf(
    { fitted, error: 0, answers: undefined, cosines: measured(values, known), ...(known && { known }) },
    'similarity',
  )
}

describe('a difference', () => {
  it('is known where both maps are', () => {
    const counts = [
      [100, 100, 100],
      [30, 100, 30],
      [100, 20, 20],
      [30, 20, 20],
    ] as const
    for (const [first, second, both] of counts) {
      const map = differenceMap(mapWith(0.5, first), mapWith(0.75, second))
      expect([map?.mean, map?.lowest, map?.highest]).toEqual([0.25, 0.25, 0.25])
      expect(map?.known?.reduce((sum, one) => sum + one, 0) ?? 100).toBe(both)
    }
  })
})
