import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { compare } from '../../src/compare/compare.js'
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

it.each(golden.compared)('$count pairs have the numbers of SciPy', async ({ count, interval, ...numbers }) => {
  const write = (seed: number) =>
    writeConsistencyFolder(folder(`${count}-${seed}`), { net: madeChanges(madeShares(count, seed)) })
  const [before, after] = [await write(1), await write(2)]
  const { networks } = await compare(before, after)
  const found = networks[0]?.measures.find(({ name }) => name === 'diagonal change')
  expect(found?.count).toBe(count)
  for (const [name, value] of Object.entries(numbers))
    expect(found?.[name as keyof typeof numbers], name).toBeCloseTo(value, 11)
  expect(found?.interval?.map((end) => end.toFixed(9))).toEqual(interval.map((end) => end.toFixed(9)))
})

it.each(golden.signTests)('the sign test of %d against %d is exact', (higher, lower, p) => {
  expect(signTest(higher, lower) / p).toBeCloseTo(1, 9)
  expect(signTest(lower, higher)).toBe(signTest(higher, lower))
})

it('without a sign, nothing speaks against chance', () => {
  expect(signTest(0, 0)).toBe(1)
})
