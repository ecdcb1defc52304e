import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openLocks } from '../../src/files/lock.js'
import { listFile, writeList } from '../../src/results/answers/lists.js'
import { unitTitle } from '../../src/study/maps/units.js'
import { studyStatus } from '../../src/study/status.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { inputs, storeUnit } from '../support/unit.js'

const inFolder = temporaryFolder()

it('a process is said to compute a unit as long as it holds the lock of the unit', async () => {
  const planned = [{ model: 'net', size: 75, patches: ['dog'] }]
  writeFileSync(inFolder('run.json'), JSON.stringify({ planned }))
  const unit = 'net 75 dog'
  const since = new Date(0).toISOString()
  const locks = openLocks(inFolder())
  locks.describe({ unit, since, images: 1, seconds: 1, secondsLeft: null })
  await locks.take(unit)
  expect((await studyStatus(inFolder())).workers).toMatchObject([{ pid: process.pid, unit, since }])
  await locks.release(unit)
  await locks.take('report')
  expect((await studyStatus(inFolder())).workers).toMatchObject([{ pid: process.pid, unit: null, since: null }])
  await locks.close()
})

it('a study may have no units, but a folder without a plan holds no study', async () => {
  writeFileSync(inFolder('run.json'), JSON.stringify({ planned: [] }))
  expect((await studyStatus(inFolder())).units).toEqual({ total: 0, done: 0, inProgress: 0, left: 0 })
  for (const run of ['{}', '{"planned":0}', '']) {
    writeFileSync(inFolder('run.json'), run)
    await expect(studyStatus(inFolder())).rejects.toThrow(`there is no study in ${inFolder()}; run`)
  }
})

/** An entry of run.json that plans the units of `test/support/unit.ts` for these objects. */
function planOf(objects: readonly string[], changes: object = {}, finished: string | null = null) {
  const { model, size, patchSha256, category, patch, ...shared } = inputs
  return {
    finished,
    patches: objects.map((name) => ({ name, size, sha256: patchSha256, category })),
    planned: [{ model, size, patches: objects, inputs: { ...shared, model, size, ...changes } }],
  }
}

const writeRun = (run: object) => writeFileSync(inFolder('run.json'), JSON.stringify(run))
const unitsNow = async () => (await studyStatus(inFolder())).units

it('units that were made with other options are left, also while they are computed anew', async () => {
  await storeUnit(inFolder(), { patch: 'car' })
  await storeUnit(inFolder(), { patch: 'dog', stride: 25 })
  writeRun(planOf(['car', 'dog']))
  expect(await unitsNow()).toEqual({ total: 2, done: 1, inProgress: 0, left: 1 })
  writeRun(planOf(['car', 'dog'], { blend: 'soft' }))
  expect(await unitsNow()).toEqual({ total: 2, done: 0, inProgress: 0, left: 2 })
  const locks = openLocks(inFolder())
  await locks.take(unitTitle(inputs.model, inputs.size, 'dog'))
  expect(await unitsNow()).toEqual({ total: 2, done: 0, inProgress: 1, left: 1 })
  await locks.close()
  // As in a study, a unit with more than is wanted will do.
  await storeUnit(inFolder(), { patch: 'dog', blend: 'soft', readout: { samples: 800, seed: 0 } })
  expect(await unitsNow()).toEqual({ total: 2, done: 1, inProgress: 0, left: 1 })
})

it('a unit of another picture is left, and one that several runs plan counts as the latest wants it', async () => {
  await storeUnit(inFolder(), { patch: 'car', patchSha256: '89ab' })
  writeRun(planOf(['car']))
  expect(await unitsNow()).toMatchObject({ total: 1, done: 0 })
  await storeUnit(inFolder(), { patch: 'car' })
  const before = [planOf(['bird'], {}, '2026'), planOf(['car', 'dog'], { stride: 25 })]
  writeRun({ ...planOf(['car']), earlier: before })
  expect(await unitsNow()).toEqual({ total: 2, done: 1, inProgress: 0, left: 1 })
})

it('units that another version planned are left', async () => {
  await storeUnit(inFolder(), { patch: 'car' })
  for (const changes of [{ inputs: undefined }, { inputs: { ...inputs, format: -1 } }]) {
    const run = planOf(['car', 'dog'])
    writeRun({ ...run, planned: run.planned.map((group) => ({ ...group, ...changes })) })
    expect(await unitsNow()).toMatchObject({ total: 2, done: 0 })
  }
})

it('the time left is that of the slowest process, and unknown if one does not know it', async () => {
  writeRun(planOf(['car', 'dog']))
  const locks = ['car', 'dog'].map((patch) => ({
    locks: openLocks(inFolder()),
    unit: unitTitle('alexnet', 125, patch),
  }))
  const told = async (...seconds: readonly (number | null)[]) => {
    for (const [i, { locks: own, unit }] of locks.entries()) {
      own.describe({ unit, since: new Date(0).toISOString(), images: 10, seconds: 2, secondsLeft: seconds[i] })
      await own.take(unit)
    }
    const { secondsLeft, imagesPerSecond } = await studyStatus(inFolder())
    for (const { locks: own, unit } of locks) await own.release(unit)
    return [secondsLeft, imagesPerSecond]
  }
  expect(await told(30, 70)).toEqual([70, 10])
  expect(await told(30, null)).toEqual([null, 10])
  for (const { locks: own } of locks) await own.close()
})

it('a study whose list of photographs is missing or damaged is not said to be finished', async () => {
  const list = listFile(['a.png'])
  writeRun({ answers: [], photographs: { source: 'photographs', list } })
  const problem = `the list of photographs in ${inFolder('lists')} is missing or damaged`
  await expect(studyStatus(inFolder())).rejects.toThrow(problem)
  await writeList(inFolder(), ['a.png'])
  expect((await studyStatus(inFolder())).photographs.total).toBe(0)
  writeFileSync(inFolder(list), 'b.png\n')
  await expect(studyStatus(inFolder())).rejects.toThrow(problem)
})
