import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeMap,
  decodeRegions,
  encodeMap,
  encodeRegions,
  PROBABILITY_DECIMALS,
  roundCosine,
} from '../../../src/page/site/mapCoding.js'
import { randomCases } from '../../support/randomCases.js'

const RUNS = { numRuns: randomCases(40) }

describe('a map', () => {
  it('is given back to the decimals that it is coded with, in at most three bytes a value', () => {
    const maps = fc.float32Array({ min: -2, max: 2, noNaN: true, maxLength: 60 })
    fc.assert(
      fc.property(maps, (map) => {
        const coded = encodeMap(map)
        expect(coded.length).toBeLessThanOrEqual(3 * map.length)
        // Zero has no sign here.
        expect([...decodeMap(coded, map.length)]).toEqual([...map].map((value) => roundCosine(value) + 0))
      }),
      RUNS,
    )
    const probabilities = [0, 0.12344, 0.12346, 1]
    const coded = encodeMap(probabilities, PROBABILITY_DECIMALS)
    expect([...decodeMap(coded, 4, PROBABILITY_DECIMALS)]).toEqual([0, 0.1234, 0.1235, 1])
  })

  it.each([
    [[0.00063], [0x7e]],
    [[-0.00064], [0x7f]],
    [[0.00064], [0x80, 0x01]],
    [
      [0.5, 0.5],
      [0xa0, 0x8d, 0x06, 0],
    ],
  ])('%j is coded as %j: by differences, as sint32 of Protocol Buffers', (map, bytes) => {
    expect([...encodeMap(map)]).toEqual(bytes)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -2.00001, 3])('has no value %d', (value) => {
    expect(() => encodeMap([0.5, value])).toThrow(new RangeError(`${value} is neither a cosine nor a probability`))
  })
})

describe('regions', () => {
  it('are given back, each with its length', () => {
    const numbers = fc.array(fc.oneof(fc.nat(3), fc.nat(2 ** 21 - 1)), { maxLength: 60 })
    fc.assert(
      fc.property(numbers, (map) => {
        expect([...decodeRegions(encodeRegions(map), map.length)]).toEqual(map)
      }),
      RUNS,
    )
    expect([...encodeRegions([5, 5, 5, 200])]).toEqual([5, 3, 0xc8, 1, 1])
    // A number has at most 21 bits, so a longer run is stored in two parts.
    const large = new Uint32Array(2 ** 21 + 1).fill(7)
    expect(decodeRegions(encodeRegions(large), large.length).every((one) => one === 7)).toBe(true)
  })
})

it.each([
  ['map that is cut off', decodeMap, encodeMap([0.9, 0.91]).subarray(0, -1), 2],
  ['map with bytes left over', decodeMap, encodeMap([0.9, 0.91]), 1],
  ['map with a number of 22 bits', decodeMap, Uint8Array.of(0x80, 0x80, 0x80, 1), 1],
  ['region that is cut off', decodeRegions, Uint8Array.of(5, 1, 6), 2],
  ['regions with bytes left over', decodeRegions, Uint8Array.of(5, 1, 6, 1), 1],
  ['regions that are too few', decodeRegions, Uint8Array.of(5, 1), 2],
  ['region beyond the map', decodeRegions, Uint8Array.of(5, 3), 2],
  ['region without positions', decodeRegions, Uint8Array.of(1, 0), 1],
] as const)('a %s is refused', (_, decode, bytes, positions) => {
  expect(() => decode(bytes, positions)).toThrow(RangeError)
})
