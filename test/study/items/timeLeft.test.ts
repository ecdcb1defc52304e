import { beforeAll, expect, it } from 'vitest'
import { expectedSeconds, secondsLeft } from '../../../src/study/items/timeLeft.js'
import { resolveOptions } from '../../../src/study/maps/options.js'
import { planStudy } from '../../../src/study/maps/plan.js'
import type { PlannedUnit } from '../../../src/study/maps/units.js'
import { sharedFolder } from '../../support/temporaryFolder.js'

const inFolder = sharedFolder()

const NETWORKS = ['tiny-alexnet', 'tiny-alexnet-aa']

/** Three units of each network and size, in the order in which a study computes them. */
let units: readonly PlannedUnit[]
beforeAll(async () => {
  const options = { models: NETWORKS, stride: 16, sizes: [125, 75], patches: 'dog,car,bird', out: inFolder('out') }
  units = (await planStudy(resolveOptions(options))).units
})

/** Made-up seconds of a unit: the second network is twenty times as slow as the first. */
const secondsOf = (unit: PlannedUnit) => unit.images * (unit.network.id === NETWORKS[0] ? 0.01 : 0.2)
const sum = (some: readonly PlannedUnit[]) => some.reduce((total, unit) => total + secondsOf(unit), 0)

/** What is told when `at` units are finished and the next one has run for some seconds. */
function told(at: number, { seconds = 0, byOthers = 0, costs = [1, 16] } = {}): number | null {
  const costOf = ({ id }: { readonly id: string }) => costs[NETWORKS.indexOf(id)] as number
  const finished = units.slice(0, at).map((item) => ({ item, seconds: secondsOf(item) }))
  const queue = {
    left: () => units.slice(at + 1),
    byOthers: units.slice(0, 1).flatMap((one) => Array(byOthers).fill(one)),
  }
  return secondsLeft(expectedSeconds(units[at] as PlannedUnit, finished, queue, costOf), seconds)
}

it('the time left is unknown until a unit is finished', () => {
  expect(told(0)).toBeNull()
})

it('a network that has finished no unit takes longer than the others by its predicted cost', () => {
  const [own, others] = [units.slice(0, 6), units.slice(6)]
  for (const at of [1, 5, 6]) expect(told(at)).toBeCloseTo(sum(own.slice(at)) + (16 / 20) * sum(others))
  expect(told(1, { costs: [1, Number.NaN] })).toBeNull()
})

it('the time left follows each network’s own speed once it has finished a unit', () => {
  for (const at of [7, 9, 10, 11]) expect(told(at)).toBeCloseTo(sum(units.slice(at)))
})

it('the time left falls while a unit is computed, and does not go below that of the later units', () => {
  expect(told(9, { seconds: 1 })).toBeCloseTo(sum(units.slice(9)) - 1)
  expect(told(9, { seconds: 1e6 })).toBeCloseTo(sum(units.slice(10)))
})

it('the first unit of a network and size, which is slower, counts only until another is finished', () => {
  const queue = { left: () => units.slice(10), byOthers: [] }
  const [item] = units.slice(9) as [PlannedUnit]
  const times = [30, 10, 14].map((seconds) => ({ item, seconds }))
  const toldAfter = (count: number) =>
    secondsLeft(
      expectedSeconds(item, times.slice(0, count), queue, () => 1),
      0,
    )
  for (const [i, expected] of [90, 30, 36].entries()) expect(toldAfter(i + 1)).toBeCloseTo(expected)
})

it('units that other processes will compute take none of this process’s time', () => {
  const [current, ...later] = units.slice(9) as [PlannedUnit, ...PlannedUnit[]]
  expect(told(9, { byOthers: 27 })).toBeCloseTo(secondsOf(current) + sum(later) / 4)
})

it('later items count by their images, because items of one group may have different numbers', () => {
  const [current, ...others] = units.slice(9) as [PlannedUnit, ...PlannedUnit[]]
  const left = [0, 30, 10].map((images) => ({ ...current, images }))
  const finished = others.map((item) => ({ item, seconds: secondsOf(item) }))
  const { later } = expectedSeconds(current, finished, { left: () => left, byOthers: [] }, () => 1)
  expect(later).toBeCloseTo(40 * 0.2)
})
