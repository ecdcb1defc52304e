import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contents, shiftscope, start, until } from '../support/commandLine.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

const STUDY = ['reproduce', '--models', 'tiny-alexnet', '--sizes', '75', '--workers', '1', '--threads', '1']

/** Processes whose parent this one is. */
async function childrenOf(pid: number): Promise<number[]> {
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean).map(Number)
}

async function finishedUnits(out: string): Promise<number> {
  const names = await readdir(join(out, 'units'), { recursive: true }).catch(() => [])
  return names.filter((name) => name.endsWith('unit.json') && !name.includes('.tmp-')).length
}

/** Whether a forward pass is on its way: a unit is locked, and images of it have been computed. */
async function isInPass(out: string): Promise<boolean> {
  const locks = await readdir(join(out, '.locks')).catch(() => [])
  return locks.some((name) => name.startsWith('tiny-alexnet'))
}

describe.skipIf(process.platform !== 'linux')('a process that crashes in a forward pass', () => {
  it('takes no study down: the unit in hand is computed again, and the results are the same', async () => {
    const study = [...STUDY, '--stride', '24']
    await shiftscope(...study, '--out', inFolder('whole'))
    const out = inFolder('crashed')
    const { child, ended } = start([...study, '--out', out, '--json'])
    for (const [units, signal] of [
      [1, 'SIGSEGV'],
      [3, 'SIGABRT'],
      [5, 'SIGKILL'],
    ] as const) {
      await until(async () => (await finishedUnits(out)) >= units && (await isInPass(out)))
      const [computing] = await childrenOf(child.pid as number)
      process.kill(computing as number, signal)
      await until(async () => {
        const [now] = await childrenOf(child.pid as number)
        return now !== undefined && now !== computing
      })
    }
    const { status, stdout, stderr } = await ended
    expect(status, stderr).toBe(0)
    for (const signal of ['SIGSEGV', 'SIGABRT', 'SIGKILL'])
      expect(stderr).toContain(
        `the computing process crashed (${signal}) at tiny-alexnet; restarting it with the remaining work`,
      )
    expect(JSON.parse(stdout).units).toBe(10)
    expect(await contents(out, ['run.json'])).toEqual(await contents(inFolder('whole'), ['run.json']))
    expect((await readdir(out)).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('is given up after the third time at the same unit', async () => {
    const out = inFolder('out')
    const { child, ended } = start([...STUDY, '--stride', '1', '--out', out])
    const seen = new Set<number>()
    for (let times = 0; times < 3; times++) {
      await until(async () => {
        const [computing] = await childrenOf(child.pid as number)
        return computing !== undefined && !seen.has(computing) && (await isInPass(out))
      })
      const [computing] = await childrenOf(child.pid as number)
      seen.add(computing as number)
      process.kill(computing as number, 'SIGABRT')
    }
    const { status, stderr } = await ended
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /\nshiftscope: the computing process crashed \(SIGABRT\).*, 3 times in a row, and finished work is saved; try .*\n$/,
    )
  })

  it('ends with the process that watches it, however that ends', async () => {
    const out = inFolder('out')
    const { child, ended } = start([...STUDY, '--stride', '1', '--out', out])
    await until(() => isInPass(out))
    const [computing] = await childrenOf(child.pid as number)
    child.kill('SIGKILL')
    await ended
    // The system ends it a moment later. Where nobody asks for it any more, its number stays.
    await expect
      .poll(
        async () => {
          const stat = await readFile(`/proc/${computing}/stat`, 'utf8').catch(() => 'gone) Z')
          return stat.slice(stat.lastIndexOf(')'))
        },
        { timeout: 10_000 },
      )
      .toMatch(/^\) [XZ]/)
  })
})

describe.skipIf(process.platform === 'win32')('a signal to all processes of a study', () => {
  it('counts once, as a terminal sends it to both', async () => {
    const out = inFolder('out')
    const { child, ended } = start([...STUDY, '--stride', '2', '--out', out])
    await until(() => isInPass(out))
    const both = [child.pid as number, ...(await childrenOf(child.pid as number))]
    for (const pid of both) process.kill(pid, 'SIGINT')
    const { status, stderr } = await ended
    expect(status).toBe(130)
    expect(stderr).toContain('finished work is saved')
  })
})
