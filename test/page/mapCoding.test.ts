import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeMap,
  decodeRegions,
  encodeMap,
  encodeRegions,
  PROBABILITY_DECIMALS,
  roundCosine,
} from '../../src/page/mapCoding.js'

const cosines = fc.float32Array({ min: -1, max: 1, noNaN: true, maxLength: 400 })

describe('coding of maps', () => {
  it('gives every value back to five decimals', () => {
    fc.assert(
      fc.property(cosines, (map) => {
        const decoded = decodeMap(encodeMap(map), map.length)
        // Zero has no sign here.
        expect([...decoded]).toEqual([...map].map((value) => roundCosine(value) + 0))
        map.forEach((value, i) => {
          expect(Math.abs((decoded[i] as number) - value)).toBeLessThanOrEqual(0.5000001e-5)
        })
      }),
    )
  })

  it('takes two bytes for neighbours that are alike, never more than three', () => {
    fc.assert(
      fc.property(cosines, (map) => {
        expect(encodeMap(map).length).toBeLessThanOrEqual(3 * map.length)
      }),
    )
    const smooth = Float32Array.from({ length: 10_000 }, (_, i) => 0.95 + 0.04 * Math.sin(i / 7))
    expect(encodeMap(smooth).length).toBeLessThanOrEqual(2 * smooth.length + 1)
  })

  it('refuses what is no cosine', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -2.1, 3])
      expect(() => encodeMap([0.5, value])).toThrow(RangeError)
  })

  it('refuses bytes that are cut off, left over or made up', () => {
    const bytes = encodeMap([0.9, 0.91, 0.5])
    expect(() => decodeMap(bytes.subarray(0, -1), 3)).toThrow(RangeError)
    expect(() => decodeMap(bytes, 2)).toThrow(RangeError)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 20 }), (made, positions) => {
        try {
          expect(decodeMap(made, positions)).toHaveLength(positions)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})

describe('coding of answers', () => {
  it('gives probabilities back to four decimals', () => {
    fc.assert(
      fc.property(fc.float32Array({ min: 0, max: 1, noNaN: true, maxLength: 200 }), (map) => {
        const bytes = encodeMap(map, PROBABILITY_DECIMALS)
        decodeMap(bytes, map.length, PROBABILITY_DECIMALS).forEach((value, i) => {
          expect(Math.abs(value - (map[i] as number))).toBeLessThanOrEqual(0.5000001e-4)
        })
      }),
    )
  })

  it('gives regions back, in few bytes where they are large', () => {
    const numbers = fc.array(fc.integer({ min: 0, max: 2 ** 21 - 1 }), { maxLength: 300 })
    fc.assert(
      fc.property(numbers, (map) => {
        expect([...decodeRegions(encodeRegions(map), map.length)]).toEqual(map)
      }),
    )
    expect(encodeRegions(new Uint32Array(10_000)).length).toBe(3)
  })

  it('refuses regions that are cut off, left over or made up', () => {
    const bytes = encodeRegions([1, 1, 1, 5, 5])
    expect(() => decodeRegions(bytes.subarray(0, -1), 5)).toThrow(RangeError)
    expect(() => decodeRegions(bytes, 4)).toThrow(RangeError)
    expect(() => decodeRegions(bytes, 6)).toThrow(RangeError)
    expect(() => decodeRegions(Uint8Array.of(1, 0), 1)).toThrow(RangeError)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 20 }), (made, positions) => {
        try {
          expect(decodeRegions(made, positions)).toHaveLength(positions)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
    )
  })
})
