import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openLocks } from '../../src/files/lock.js'
import { isComplete, studyStatus } from '../../src/study/status.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

it('a process is said to compute a unit as long as it holds the lock of the unit', async () => {
  const planned = [{ model: 'net', size: 75, images: 1, patches: ['dog'] }]
  writeFileSync(inFolder('run.json'), JSON.stringify({ planned }))
  const unit = 'net 75 dog'
  const since = new Date(0).toISOString()
  const locks = openLocks(inFolder())
  locks.describe({ unit, since, images: 1, seconds: 1 })
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

it('a study of arithmetic alone is complete when no process computes', async () => {
  writeFileSync(inFolder('run.json'), JSON.stringify({ planned: [] }))
  const locks = openLocks(inFolder())
  await locks.take('arithmetic net')
  expect(isComplete(await studyStatus(inFolder()))).toBe(false)
  await locks.close()
  expect(isComplete(await studyStatus(inFolder()))).toBe(true)
})
