import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { compare } from '../../src/compare/compare.js'
import { bootstrap } from '../../src/compare/statistics.js'
import { signTest } from '../../src/support/statistics.js'
import { madeChanges, writeConsistencyFolder } from '../support/consistencyFolder.js'
import { sharedFolder } from '../support/temporaryFolder.js'

interface Golden {
  readonly compared: readonly {
    readonly count: number
    readonly before: number
    readonly after: number
    readonly difference: number
    readonly standardError: number
    readonly interval: readonly [number, number]
    readonly signTest: object & { readonly p: number }
  }[]
  readonly signTests: readonly (readonly [higher: number, lower: number, p: number])[]
}

const golden: Golden = JSON.parse(readFileSync(new URL('../golden/comparison.json', import.meta.url), 'utf8'))
const folder = sharedFolder()

/** The values of make_comparison.py. */
function madeShares(count: number, seed: number): readonly number[] {
  let state = BigInt(seed)
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245n + 12_345n) % 2n ** 31n
    return Number((state / 65_536n) % 21n) / 20
  })
}

it.each(golden.compared)(
  '$count pairs have the numbers of SciPy',
  async ({ count, interval, signTest, ...numbers }) => {
    const write = (seed: number) =>
      writeConsistencyFolder(folder(`${count}-${seed}`), { net: madeChanges(madeShares(count, seed)) })
    const [before, after] = [await write(1), await write(2)]
    const { networks } = await compare(before, after)
    const found = networks[0]?.measures.find(({ name }) => name === 'diagonal change')
    expect(found?.count).toBe(count)
    for (const [name, value] of Object.entries(numbers))
      expect(found?.[name as keyof typeof numbers], name).toBeCloseTo(value as number, 12)
    expect(found?.signTest).toEqual({ ...signTest, p: expect.closeTo(signTest.p, 12) })
    // The error of a percentile of 10,000 draws is below a tenth of the standard error.
    const error = 0.1 * numbers.standardError
    found?.interval.forEach((end, i) => {
      expect(Math.abs(end - (interval[i] as number))).toBeLessThan(error)
    })
  },
)

it.each(golden.signTests)('the sign test of %d against %d is exact', (higher, lower, p) => {
  expect(signTest(higher, lower) / p).toBeCloseTo(1, 9)
  expect(signTest(lower, higher)).toBe(signTest(higher, lower))
})

it('without a sign, nothing speaks against chance', () => {
  expect(signTest(0, 0)).toBe(1)
})

it('the interval of equal values is these values', () => {
  const intervalOf = bootstrap()
  expect(intervalOf(new Float64Array(7))).toEqual([0, 0])
  expect(intervalOf(Float64Array.of(0.25))).toEqual([0.25, 0.25])
})

it('an interval ends at 0 if only rounding is left of its end', () => {
  // In floating point, the upper end is −9e−18, which would exclude 0.
  const values = Float64Array.of(-0.6, -0.8, -0.5, 0.1, -0.2, 0.2)
  expect(bootstrap()(values)[1]).toBe(0)
  expect(bootstrap()(Float64Array.of(1e-18, 1e-18))).toEqual([1e-18, 1e-18])
})

it('the interval is also right for so many values that their draws are not kept', () => {
  const values = Float64Array.from({ length: 1700 }, (_, i) => Math.sin(i))
  const half = values.subarray(0, 850)
  const repeated = Float64Array.from([...half, ...half])
  const [low, high] = bootstrap()(repeated)
  const [lowOfHalf, highOfHalf] = bootstrap()(half)
  // Twice as many values of the same spread have an interval that is narrower by √2.
  expect((highOfHalf - lowOfHalf) / (high - low)).toBeCloseTo(Math.SQRT2, 1)
})
