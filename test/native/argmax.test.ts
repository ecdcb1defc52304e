import { describe, expect, it } from 'vitest'
import { argmax } from '../../src/native.js'

describe('argmax', () => {
  it('is the first of the largest values of each row', async () => {
    const features = Float32Array.of(-3, -1, -1, 7, Number.NaN, 2, Number.NaN, Number.NaN, Number.NaN)
    expect(await argmax({ features, rows: 3, dims: 3 })).toEqual(Int32Array.of(1, 0, 0))
  })

  it('reads views on shared memory, whatever the number of threads', async () => {
    const [rows, dims] = [1003, 77]
    const features = new Float32Array(new SharedArrayBuffer(4 * (3 + rows * dims)), 12, rows * dims)
    features.forEach((_, i) => {
      features[i] = Math.sin(i * 1.7)
    })
    const expected = Int32Array.from({ length: rows }, (_, row) => {
      const values = features.subarray(row * dims, (row + 1) * dims)
      return values.indexOf(Math.max(...values))
    })
    for (const threads of [1, 2, 8]) expect(await argmax({ features, rows, dims, threads })).toEqual(expected)
  })

  it('refuses lengths and types that disagree', async () => {
    const features = new Float32Array(12)
    await expect(argmax({ features, rows: 5, dims: 3 })).rejects.toThrow(/features has 12 elements instead of 15/)
    await expect(argmax({ features, rows: 12, dims: 0 })).rejects.toThrow(/dims must be a whole number/)
    await expect(argmax({ features: new Float32Array(), rows: 0, dims: 2 ** 31 })).rejects.toThrow(
      'dims must be a whole number, at least 1 and at most 2147483647',
    )
    const wrong = new Float64Array(12) as unknown as Float32Array
    await expect(argmax({ features: wrong, rows: 4, dims: 3 })).rejects.toThrow(/features must be a Float32Array/)
  })
})
