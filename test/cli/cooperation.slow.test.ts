import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openLocks } from '../../src/files/lock.js'
import { contents, type Ended, endOf, finishedUnits, shiftscope, start, until } from '../support/commandLine.js'
import { sharedFolder } from '../support/temporaryFolder.js'

/** A study of ten units that takes some seconds. */
const WHAT = ['reproduce', '--models', 'tiny-alexnet', '--sizes', '75', '--stride', '24']
const STUDY = [...WHAT, '--workers', '1', '--threads', '1', '--json', '--out']
const UNITS = 10

const folder = sharedFolder()
let reference: Readonly<Record<string, string>>

beforeAll(async () => {
  const { status, stderr } = await shiftscope(...STUDY, folder('reference'))
  expect(status, stderr).toBe(0)
  reference = await contents(folder('reference'), ['run.json'])
})

afterEach(() => vi.unstubAllEnvs())

/** The folder holds what one process would have put there, and nothing else. */
async function expectWhole(out: string): Promise<void> {
  const found = await contents(out, ['run.json'])
  // Names first: the files' bytes say little to who reads the failure.
  expect(Object.keys(found).sort()).toEqual(Object.keys(reference).sort())
  expect(Object.keys(found).filter((name) => found[name] !== reference[name])).toEqual([])
  expect((await readdir(out)).filter((name) => name.startsWith('.'))).toEqual([])
}

/** Units that these processes computed, all of which ended well. */
function computedBy(...ended: readonly Ended[]): number {
  for (const { status, stderr } of ended) expect(status, stderr).toBe(0)
  return ended.reduce((sum, { stdout }) => sum + JSON.parse(stdout).computed, 0)
}

describe('processes that run one study', () => {
  it('compute each unit once, and one of them writes the report', async () => {
    const out = folder('together')
    const ended = await Promise.all(Array.from({ length: 8 }, () => start([...STUDY, out]).ended))
    expect(computedBy(...ended)).toBe(UNITS)
    expect(ended.filter(({ stderr }) => stderr.includes('another process wrote the report'))).toHaveLength(7)
    for (const { stdout } of ended) expect(JSON.parse(stdout).report.rows).not.toEqual([])
    await expectWhole(out)
    const run = JSON.parse(await readFile(join(out, 'run.json'), 'utf8'))
    const runs: readonly { computed: number }[] = [run, ...(run.earlier ?? [])]
    expect(runs.reduce((sum, { computed }) => sum + computed, 0)).toBe(UNITS)
  })

  it('are seen while they work and after, and leave the report to others where that is asked for', async () => {
    const out = folder('status')
    const both = [1, 2].map(() => start([...STUDY, out, '--no-report']))
    const look = async () => JSON.parse((await shiftscope('status', out, '--json')).stdout)
    await until(async () => (await finishedUnits(out)) >= 2)
    const { units, workers } = await look()
    expect([units.total, units.done + units.inProgress + units.left]).toEqual([UNITS, UNITS])
    expect(workers.length).toBeGreaterThan(0)
    for (const { pid, unit, since } of workers) {
      // The process that computes is a child of the one that was started, which watches it.
      const parent = spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)]).stdout.toString()
      expect(both.map(({ child }) => child.pid)).toContain(Number(parent))
      // Between two units, a process computes none.
      if (unit === null) continue
      expect([unit, Date.parse(since) <= Date.now()]).toEqual([expect.stringMatching(/^tiny-alexnet 75 \w+$/), true])
    }
    const watched = shiftscope('status', out, '--watch', '--json')
    const ended = await Promise.all(both.map((one) => one.ended))
    expect(computedBy(...ended)).toBe(UNITS)
    for (const { stdout } of ended) expect(JSON.parse(stdout).report).toBeNull()
    const after = {
      units: { total: UNITS, done: UNITS, inProgress: 0, left: 0 },
      arithmetic: { total: 0, done: 0 },
      secondsLeft: 0,
    }
    const lines = (await watched).stdout.trim().split('\n')
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject(after)
    expect(await look()).toEqual({ ...after, workers: [], imagesPerSecond: null })
    expect(existsSync(join(out, 'index.html'))).toBe(false)
    expect(computedBy(await shiftscope(...STUDY, out))).toBe(0)
    await expectWhole(out)
  })
})

const canUnshare = spawnSync('unshare', ['--uts', 'true']).status === 0
if (!canUnshare) console.warn('skipped: processes under other host names need `unshare --uts`, which is refused here')
const FAKETIME = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find((path) => existsSync(path))
if (!FAKETIME) console.warn('skipped: clocks that differ need libfaketime (Debian: faketime), which is not here')

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** The study as on a machine of another name, whose clock is so many seconds ahead. */
function startElsewhere(name: string, ahead: number, out: string) {
  const command = `hostname ${name} && exec "$0" "$@"`
  const words = ['--uts', 'sh', '-c', command, process.execPath, MAIN, ...STUDY, out]
  const clock = {
    LD_PRELOAD: FAKETIME,
    FAKETIME: `${ahead < 0 ? '' : '+'}${ahead}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
  const child = spawn('unshare', words, {
    env: { ...process.env, SHIFTSCOPE_LEASE: '5', ...clock },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  return { child, ended: endOf(child) }
}

describe.skipIf(!canUnshare || !FAKETIME)('processes of machines whose clocks differ by twenty minutes', () => {
  it('take nothing from one another while they live', async () => {
    const out = folder('clocks')
    const ended = await Promise.all([-600, 600].map((ahead, i) => startElsewhere(`node${i}`, ahead, out).ended))
    expect(computedBy(...ended)).toBe(UNITS)
    for (const { stderr } of ended) expect(stderr).toMatch(/sharing this study with process \d+ on node/)
    await expectWhole(out)
  })

  it.each([
    ['behind', -600, 600],
    ['ahead', 600, -600],
  ])('take over from the dead after the lease, %s', async (name, dead, alive) => {
    const out = folder(`dead-${name}`)
    const victim = startElsewhere('node0', dead, out)
    await until(async () => (await finishedUnits(out)) >= 2)
    victim.child.kill('SIGKILL')
    await victim.ended
    const kept = await finishedUnits(out)
    expect(computedBy(await startElsewhere('node1', alive, out).ended)).toBe(UNITS - kept)
    // Where the victim died between a unit and the end of its lock, nobody waited for the lease: who is there for one clears it.
    if (existsSync(join(out, '.locks'))) {
      vi.stubEnv('SHIFTSCOPE_LEASE', '1')
      const later = openLocks(out)
      expect(await later.take('anything')).toBe(true)
      await setTimeout(1100)
      await later.close()
    }
    await expectWhole(out)
  })
})
