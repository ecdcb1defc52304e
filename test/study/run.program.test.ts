import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { openLocks } from '../../src/files/lock.js'
import { reproduce } from '../../src/study/run.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
afterEach(() => {
  vi.useRealTimers()
})

it('a study takes no less time because the clock is set back meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-29T03:00:00Z') })
  const options = {
    models: ['tiny-alexnet'],
    sizes: [75],
    patches: 'dog',
    stride: 50,
    experiments: ['similarity'] as const,
  }
  const { seconds } = await reproduce({
    ...options,
    out: folder('out'),
    onProgress: () => vi.setSystemTime(new Date('2026-03-29T02:00:00Z')),
  })
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThan(600)
})

it('a study whose units are removed while it runs is not published with those that are left', async () => {
  const out = folder('removed')
  const study = reproduce({
    ...{ models: ['tiny-alexnet'], sizes: [75], patches: 'dog,car', stride: 50, experiments: ['similarity'], out },
    onProgress: ({ kind }) => {
      if (kind === 'stop') rmSync(join(out, 'units/tiny-alexnet/75/dog'), { recursive: true, force: true })
    },
  })
  await expect(study).rejects.toThrow(/ has lost 1 of 2 units since they were computed; run the same command again/)
  expect(existsSync(join(out, 'summary.json'))).toBe(false)
})

it.skipIf(process.platform === 'win32')(
  'a study with a pipe in the place of its summary does not wait for it',
  async () => {
    const out = folder('pipe')
    const study = () =>
      reproduce({ models: ['tiny-alexnet'], sizes: [75], patches: 'dog', stride: 75, experiments: ['similarity'], out })
    await study()
    rmSync(join(out, 'summary.json'))
    execFileSync('mkfifo', [join(out, 'summary.json')])
    await expect(study()).rejects.toThrow(/summary\.json: a device or a pipe stands where a file is needed/)
  },
)

it('the report of another process is taken for this one’s as long as its rows are what was written', async () => {
  const out = folder('shared')
  const notes: string[] = []
  const study = () =>
    reproduce({
      ...{ models: ['tiny-alexnet'], sizes: [75], patches: 'dog', stride: 50, experiments: ['similarity'], out },
      onProgress: (event) => {
        if (event.kind === 'note') notes.push(event.line)
      },
    })
  const { report } = await study()
  const other = openLocks(out)
  await other.take('something')
  const isTaken = async () => {
    notes.length = 0
    expect((await study()).report).toEqual(report)
    return notes.includes('another process wrote the report')
  }
  expect(await isTaken()).toBe(true)
  for (const text of ['{}', JSON.stringify(report?.rows.slice(1)), '']) {
    writeFileSync(join(out, 'summary.json'), text)
    expect(await isTaken()).toBe(false)
  }
  await other.close()
})
