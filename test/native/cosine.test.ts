import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/errors.js'
import { cosineSimilarity, DegenerateFeatureError } from '../../src/native.js'

/** The definition in float64, [anchors, rows]. */
function cosines(features: Float32Array, anchors: Float32Array, dims: number): number[] {
  const rows = features.length / dims
  const count = anchors.length / dims
  const out: number[] = []
  for (let a = 0; a < count; a++) {
    for (let i = 0; i < rows; i++) {
      let [dot, f, g] = [0, 0, 0]
      for (let d = 0; d < dims; d++) {
        const [x, y] = [features[i * dims + d] as number, anchors[a * dims + d] as number]
        dot += x * y
        f += x * x
        g += y * y
      }
      out.push(dot / (Math.sqrt(f) * Math.sqrt(g)))
    }
  }
  return out
}

function noise(length: number, seed: number, scale = 1): Float32Array {
  let state = seed + 1
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state / 2 ** 31) * scale
  })
}

function expectClose(actual: Float32Array, expected: number[]): void {
  expect(actual.length).toBe(expected.length)
  actual.forEach((value, i) => {
    expect(Math.abs(value - (expected[i] as number))).toBeLessThan(1e-6)
  })
}

describe('cosine similarity', () => {
  it('is within 1e-6 of float64 on random shapes', async () => {
    const shape = fc.record({
      rows: fc.integer({ min: 0, max: 80 }),
      dims: fc.integer({ min: 1, max: 60 }),
      anchorCount: fc.integer({ min: 0, max: 8 }),
      threads: fc.integer({ min: 1, max: 4 }),
      seed: fc.nat(1000),
    })
    await fc.assert(
      fc.asyncProperty(shape, async ({ rows, dims, anchorCount, threads, seed }) => {
        const features = noise(rows * dims, seed)
        const anchors = noise(anchorCount * dims, seed + 1)
        const actual = await cosineSimilarity({ features, rows, dims, anchors, anchorCount, threads })
        expectClose(actual, cosines(features, anchors, dims))
      }),
      { numRuns: 60 },
    )
  })

  it.each([1e30, 1e-30, 1e38, 1e-40])('holds for values around %f', async (scale) => {
    const features = noise(20 * 33, 3, scale)
    const anchors = noise(5 * 33, 4, Math.min(1 / scale, 3e38))
    const actual = await cosineSimilarity({ features, rows: 20, dims: 33, anchors, anchorCount: 5 })
    expectClose(actual, cosines(features, anchors, 33))
  })

  it('gives the same bits for any number of threads', async () => {
    const features = noise(1003 * 77, 5)
    const anchors = features.subarray(77 * 10, 77 * 15)
    const same = { features, rows: 1003, dims: 77, anchors, anchorCount: 5 }
    const one = await cosineSimilarity({ ...same, threads: 1 })
    for (const threads of [2, 3, 8]) expect(await cosineSimilarity({ ...same, threads })).toEqual(one)
    expect(one[10]).toBe(1)
  })

  it('reads views on shared memory', async () => {
    const features = new Float32Array(new SharedArrayBuffer(4 * (3 + 12 * 10)), 12, 120)
    features.set(noise(120, 6))
    const anchors = features.subarray(50, 70)
    const actual = await cosineSimilarity({ features, rows: 12, dims: 10, anchors, anchorCount: 2 })
    expectClose(actual, cosines(features, anchors, 10))
  })

  it.each([
    ['zero', 0, 'is all zero'],
    ['nan', Number.NaN, 'holds NaN'],
    ['infinite', Number.NEGATIVE_INFINITY, 'holds an infinite value'],
  ])('names the first row that is %s', async (reason, value, words) => {
    const features = noise(200 * 9, 7)
    for (const row of [131, 70]) features.fill(value, row * 9, row * 9 + 9)
    const anchors = features.slice(0, 18)
    const failure = await cosineSimilarity({ features, rows: 200, dims: 9, anchors, anchorCount: 2, threads: 3 }).catch(
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(DegenerateFeatureError)
    expect(failure).toBeInstanceOf(InputError)
    expect(failure).toMatchObject({ source: 'features', row: 70, reason })
    expect((failure as Error).message).toContain(`row 70 of the features ${words}`)
    anchors.fill(value, 9)
    await expect(cosineSimilarity({ features, rows: 200, dims: 9, anchors, anchorCount: 2 })).rejects.toMatchObject({
      source: 'anchors',
      row: 1,
      reason,
    })
  })

  it('refuses lengths and types that disagree', async () => {
    const fine = { features: noise(12, 1), rows: 4, dims: 3, anchors: noise(3, 2), anchorCount: 1 }
    await expect(cosineSimilarity({ ...fine, rows: 5 })).rejects.toThrow(/features has 12 elements instead of 15/)
    await expect(cosineSimilarity({ ...fine, anchorCount: 2 })).rejects.toThrow(/anchors has 3 elements instead of 6/)
    await expect(cosineSimilarity({ ...fine, threads: 0 })).rejects.toThrow(/threads must be a whole number/)
    await expect(cosineSimilarity({ ...fine, rows: 4, dims: 0 })).rejects.toThrow(/dims must be a whole number/)
    const wrong = new Float64Array(12) as unknown as Float32Array
    await expect(cosineSimilarity({ ...fine, features: wrong })).rejects.toThrow(/features must be a Float32Array/)
  })
})
