import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openLocks } from '../../src/files/lock.js'
import { listFile, writeList } from '../../src/results/answers/lists.js'
import { bucketOf } from '../../src/results/answers/schema.js'
import { answersTitle } from '../../src/study/answers/item.js'
import { unitTitle } from '../../src/study/maps/units.js'
import { isComplete, studyStatus } from '../../src/study/status.js'
import { runFile } from '../support/runFile.js'
import { madeInputs, storeAnswers } from '../support/storedAnswers.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { inputs, storeUnit } from '../support/unit.js'

const inFolder = temporaryFolder()

it('a process is said to compute a unit as long as it holds the lock of the unit', async () => {
  writeRun({ planned: [{ model: 'net', size: 75, patches: ['dog'], inputs: {} }] })
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

it('a study may have no units, and a damaged run.json is no study', async () => {
  writeRun({ planned: [] })
  expect((await studyStatus(inFolder())).units).toEqual({ total: 0, done: 0, inProgress: 0, left: 0 })
  for (const run of ['{}', JSON.stringify(runFile({ planned: 0 })), '']) {
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

const writeRun = (run: object) => writeFileSync(inFolder('run.json'), JSON.stringify(runFile(run)))
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
  const before = [planOf(['bird'], {}, '2026'), planOf(['car', 'dog'], { stride: 25 })].map(runFile)
  writeRun({ ...planOf(['car']), earlier: before })
  expect(await unitsNow()).toEqual({ total: 2, done: 1, inProgress: 0, left: 1 })
})

it('units that are planned with other inputs than units have are left', async () => {
  await storeUnit(inFolder(), { patch: 'car' })
  writeRun(planOf(['car', 'dog'], { format: -1 }))
  expect(await unitsNow()).toMatchObject({ total: 2, done: 0 })
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

/** An entry of run.json that plans the answers of a network to photographs. */
async function answersPlanOf(names: readonly string[], changes: Parameters<typeof madeInputs>[0] = {}) {
  await writeList(inFolder(), names)
  const { bucket: _, ...inputs } = madeInputs(changes)
  return {
    finished: null as string | null,
    photographs: { source: 'photographs', list: listFile(names), count: names.length },
    answers: [inputs],
  }
}

const photographsNow = async () => (await studyStatus(inFolder())).photographs
const named = (...names: readonly string[]) => names.map((name) => ({ name }))

it('photographs are counted for each network and protocol, and whole buckets at a time', async () => {
  const plan = await answersPlanOf(['a.png', 'b.png', 'c.png'])
  const crops = madeInputs({ protocol: 'crop' })
  writeRun({ ...plan, answers: [...plan.answers, { ...crops, bucket: undefined }] })
  expect(await photographsNow()).toEqual({ total: 6, done: 0, inProgress: 0, left: 6 })
  await storeAnswers(inFolder(), named('a.png', 'b.png'))
  await storeAnswers(inFolder(), named('c.png'), { protocol: 'crop' })
  expect(await photographsNow()).toEqual({ total: 6, done: 3, inProgress: 0, left: 3 })
  const locks = openLocks(inFolder())
  await locks.take(answersTitle({ ...crops, bucket: bucketOf('c.png') }))
  expect(await photographsNow()).toEqual({ total: 6, done: 2, inProgress: 1, left: 3 })
  await locks.close()
})

it('photographs are left if their answers were made with other settings, or if some of a bucket are missing', async () => {
  await storeAnswers(inFolder(), named('a.png'), { protocol: 'crop', draws: 3 })
  writeRun(await answersPlanOf(['a.png'], { protocol: 'crop' }))
  expect(await photographsNow()).toMatchObject({ total: 1, done: 0 })
  const [first = '', second = ''] = Array.from({ length: 600 }, (_, i) => `${i}.png`).filter(
    (name, _, all) => bucketOf(name) === bucketOf(all[0] as string),
  )
  await storeAnswers(inFolder(), named(first))
  writeRun(await answersPlanOf([first, second]))
  expect(await photographsNow()).toMatchObject({ total: 2, done: 0, left: 2 })
})

it('photographs whose answers are planned with other inputs than answers have are left', async () => {
  const plan = await answersPlanOf(['a.png'])
  await storeAnswers(inFolder(), named('a.png'))
  for (const change of [{ format: 0 }, { protocol: 'unknown' }]) {
    writeRun({ ...plan, answers: [{ ...plan.answers[0], ...change }] })
    expect(await photographsNow()).toMatchObject({ total: 1, left: 1 })
  }
})

it('a folder may have objects and photographs, and is complete when both are', async () => {
  const finished = '2026'
  const objects = planOf(['car'], {}, finished)
  const photographs = { ...(await answersPlanOf(['a.png'])), finished }
  const isDone = async () => isComplete(await studyStatus(inFolder()))
  for (const run of [
    { ...photographs, earlier: [runFile(objects)] },
    { ...objects, earlier: [runFile(photographs)] },
  ]) {
    writeRun(run)
    expect(await studyStatus(inFolder())).toMatchObject({ units: { total: 1 }, photographs: { total: 1 } })
  }
  await storeUnit(inFolder(), { patch: 'car' })
  expect(await isDone()).toBe(false)
  await storeAnswers(inFolder(), named('a.png'))
  expect(await isDone()).toBe(true)
  expect((await studyStatus(inFolder())).secondsLeft).toBe(0)
})

it('two processes that measure different photographs are counted together', async () => {
  const names = Array.from({ length: 600 }, (_, i) => `${i}.png`)
  const [first = '', second = ''] = names.filter((name) => bucketOf(name) === bucketOf('0.png'))
  const [one, other] = [await answersPlanOf([first]), await answersPlanOf([second])]
  writeRun({ ...one, earlier: [runFile(other)] })
  expect(await photographsNow()).toMatchObject({ total: 2, done: 0 })
  await storeAnswers(inFolder(), named(first))
  expect(await photographsNow()).toMatchObject({ total: 2, done: 0 })
  await storeAnswers(inFolder(), named(first, second))
  expect(await photographsNow()).toMatchObject({ total: 2, done: 2 })
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
