import { beforeAll, expect, it } from 'vitest'
import { resolveOptions } from '../../src/study/options.js'
import { planStudy, type Study } from '../../src/study/plan.js'
import { studyTimeLeft } from '../../src/study/timeLeft.js'
import { imagesOf, type PlannedUnit } from '../../src/study/units.js'
import { sharedFolder } from '../support/temporaryFolder.js'

const inFolder = sharedFolder()

const OPENING = 3
const STARTING = 0.5
const NETWORKS = ['tiny-alexnet', 'tiny-alexnet-aa']

/** Seconds that this machine takes: the second network is twice as slow as the first. */
const imageSeconds = ({ network }: PlannedUnit) => (network.id === NETWORKS[0] ? 0.01 : 0.02)
const unitSeconds = ({ grid }: PlannedUnit) => grid.rows * grid.cols * 0.002

let study: Study
beforeAll(async () => {
  const options = { models: NETWORKS, stride: 16, sizes: [75], patches: 'dog,car,bird,boat', out: inFolder('out') }
  study = await planStudy(resolveOptions(options))
})

it.each([
  { byOthers: 0, overlaps: false },
  { byOthers: 0, overlaps: true },
  { byOthers: 4, overlaps: false },
])('tells the time left of all networks ($byOthers units by others, overlapping: $overlaps)', (given) => {
  const [first, second] = NETWORKS.map((id) => study.units.filter(({ network }) => network.id === id)) as [
    PlannedUnit[],
    PlannedUnit[],
  ]
  let left = [...study.units]
  const time = studyTimeLeft(study, { left: () => left, byOthers: given.byOthers })
  const started = new Set<string>()
  const finish = (unit: PlannedUnit) => {
    left = left.filter((one) => one !== unit)
    const starting = started.has(unit.network.id) ? 0 : STARTING
    started.add(unit.network.id)
    time.extracted(unit, starting + imagesOf(unit) * imageSeconds(unit))
    time.measured(unit, unitSeconds(unit))
  }
  const open = (unit: PlannedUnit) => time.opened(unit, OPENING, true)
  const workOf = (units: readonly PlannedUnit[]) => {
    const images = units.reduce((sum, unit) => sum + imagesOf(unit) * imageSeconds(unit), 0)
    const measuring = units.reduce((sum, unit) => sum + unitSeconds(unit), 0)
    return given.overlaps ? Math.max(images, measuring) : images + measuring
  }
  open(first[0] as PlannedUnit)
  first.forEach(finish)
  open(second[0] as PlannedUnit)
  finish(second[0] as PlannedUnit)
  const current = second[1] as PlannedUnit
  left = left.filter((one) => one !== current)
  const measured = first.length + 1
  const share = measured / (measured + given.byOthers)
  const truth = workOf(second.slice(1)) * share
  const inHand = { unit: current, images: 1, seconds: imageSeconds(current), overlaps: given.overlaps }
  const told = time.seconds(inHand)
  expect(Math.abs(told / truth - 1)).toBeLessThan(0.1)
  // An estimate stands for a while.
  left = []
  expect(time.seconds(inHand)).toBe(told)
})
