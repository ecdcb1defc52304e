import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openLocks } from '../../src/files/lock.js'
import { studyStatus } from '../../src/study/status.js'
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
