import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { pairSimilarities } from '../../src/experiments/nullBaseline.js'

/** Unit vectors in the plane at these angles, in degrees. */
function vectors(...angles: readonly number[]): Float32Array {
  return Float32Array.from(
    angles.flatMap((angle) => [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)]),
  )
}

describe('null baseline', () => {
  it('has the cosine of every pair once, by whether the classes are the same', async () => {
    const { same, different } = await pairSimilarities(vectors(0, 60, 90), 2, ['dog', 'car', 'dog'], 1)
    expect(same).toHaveLength(1)
    expect(same[0]).toBeCloseTo(0, 6)
    expect(different).toHaveLength(2)
    expect(different[0]).toBeCloseTo(0.5, 6)
    expect(different[1]).toBeCloseTo(Math.cos(Math.PI / 6), 6)
  })

  it('takes objects of unknown class for different ones', async () => {
    const { same, different } = await pairSimilarities(vectors(0, 60), 2, [null, null], 1)
    expect([same.length, different.length]).toEqual([0, 1])
  })

  it('is empty for a single object, and refuses a feature that is zero', async () => {
    expect(await pairSimilarities(vectors(0), 2, ['dog'], 1)).toEqual({ same: [], different: [] })
    await expect(pairSimilarities(new Float32Array(4), 2, [null, null], 1)).rejects.toThrow(InputError)
  })
})
