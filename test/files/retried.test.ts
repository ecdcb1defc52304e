import { readdirSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { rename, retried, rm } from '../../src/files/retried.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

/** Work that fails with this error so many times, and how often it was tried. */
function failing(code: string, times: number) {
  let tries = 0
  const work = async () => {
    if (++tries <= times) throw Object.assign(new Error(code), { code })
    return 'done'
  }
  return { work, tries: () => tries }
}

it.each(['EPERM', 'EBUSY'])('work that Windows refuses with %s is tried again until it succeeds', async (code) => {
  const { work, tries } = failing(code, 3)
  expect(await retried(work, 'win32', [0, 0, 0])).toBe('done')
  expect(tries()).toBe(4)
})

it('work that Windows refuses for a second fails with its error', async () => {
  const { work, tries } = failing('EBUSY', 100)
  await expect(retried(work, 'win32')).rejects.toThrow('EBUSY')
  expect(tries()).toBe(9)
})

it.each([
  ['win32', 'ENOSPC'],
  ['linux', 'EPERM'],
  ['darwin', 'EBUSY'],
] as const)('on %s, work that fails with %s is not tried again', async (platform, code) => {
  const { work, tries } = failing(code, 1)
  await expect(retried(work, platform, [0])).rejects.toThrow(code)
  expect(tries()).toBe(1)
})

it('a file is renamed and removed', async () => {
  writeFileSync(inFolder('a'), '')
  await rename(inFolder('a'), inFolder('b'))
  expect(readdirSync(inFolder())).toEqual(['b'])
  await rm(inFolder('b'))
  await expect(rm(inFolder('b'))).rejects.toThrow('ENOENT')
  await rm(inFolder('b'), { force: true })
  expect(readdirSync(inFolder())).toEqual([])
})
