import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openLocks } from '../../src/files/lock.js'
import type { StudyResult } from '../../src/study/run.js'
import { contents, type Ended, shiftscope, start, until } from '../support/commandLine.js'
import { randomOf } from '../support/random.js'
import { randomCases } from '../support/randomCases.js'

/** A study of ten units that takes some seconds. */
const STUDY = [
  'reproduce',
  '--models',
  'tiny-alexnet',
  '--sizes',
  '75',
  '--stride',
  '24',
  '--workers',
  '1',
  '--threads',
  '1',
]
const UNITS = 10

let folder: string
let reference: Readonly<Record<string, string>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shiftscope-test-'))
  const { status, stderr } = await shiftscope(...STUDY, '--out', join(folder, 'reference'))
  expect(status, stderr).toBe(0)
  reference = await contents(join(folder, 'reference'), ['run.json'])
})

afterEach(() => vi.unstubAllEnvs())
afterAll(() => rm(folder, { recursive: true, force: true }))

async function finishedUnits(results: string): Promise<number> {
  const entries = await readdir(join(results, 'units'), { recursive: true }).catch(() => [])
  return entries.filter((name) => name.endsWith('unit.json') && !name.includes('.tmp-')).length
}

/** The folder holds what one process would have put there, and nothing else. */
async function expectWhole(out: string): Promise<void> {
  const found = await contents(out, ['run.json'])
  // Names first: the files' bytes say little to who reads the failure.
  expect(Object.keys(found).sort()).toEqual(Object.keys(reference).sort())
  expect(Object.keys(found).filter((name) => found[name] !== reference[name])).toEqual([])
  expect((await readdir(out)).filter((name) => name.startsWith('.'))).toEqual([])
}

const computedOf = ({ stdout }: Ended): number => JSON.parse(stdout).computed

describe('processes that run one study', () => {
  it.each([2, 8])('%i of them compute each unit once, and one writes the report', async (count) => {
    const out = join(folder, `together-${count}`)
    const ended = await Promise.all(
      Array.from({ length: count }, () => start([...STUDY, '--out', out, '--json']).ended),
    )
    for (const { status, stderr } of ended) expect(status, stderr).toBe(0)
    expect(ended.reduce((sum, one) => sum + computedOf(one), 0)).toBe(UNITS)
    const others = ended.filter(({ stderr }) => stderr.includes('another process wrote the report'))
    expect(others).toHaveLength(count - 1)
    const reports: StudyResult['report'][] = ended.map(({ stdout }) => JSON.parse(stdout).report)
    for (const report of reports)
      expect(report?.rows.filter(({ metric }) => metric === 'similarity-mean')).toHaveLength(15)
    await expectWhole(out)
    const run = JSON.parse(await readFile(join(out, 'run.json'), 'utf8'))
    const runs = [run, ...(run.earlier ?? [])]
    expect(runs.reduce((sum: number, { computed }: { computed: number }) => sum + computed, 0)).toBe(UNITS)
  })

  const seed = Number(process.env.SHIFTSCOPE_KILL_SEED ?? Date.now() % 1_000_000)
  const rounds = Array.from({ length: randomCases(1) }, (_, i) => ({ seed, round: i + 1 }))
  it.each(rounds)('lose nothing when some of four are killed, seed $seed, round $round', async ({ round }) => {
    const random = randomOf(seed, 'kills', round)
    const out = join(folder, 'killed')
    const four = Array.from({ length: 4 }, () => start([...STUDY, '--out', out, '--json']))
    const victims = four.slice(0, 1 + random.below(3))
    await until(async () => existsSync(join(out, 'run.json')))
    for (const { child } of victims) {
      await setTimeout(random.below(4000))
      child.kill('SIGKILL')
    }
    const ended = await Promise.all(four.map((one) => one.ended))
    const survivors = ended.filter(({ status }) => status === 0)
    for (const { status, signal, stderr } of ended) expect(status === 0 || signal === 'SIGKILL', stderr).toBe(true)
    const computed = survivors.reduce((sum, one) => sum + computedOf(one), 0)
    expect(computed).toBeLessThanOrEqual(UNITS)
    expect(await finishedUnits(out)).toBe(UNITS)
    // Whoever is killed after all others have ended leaves his files to the next process.
    if ((await readdir(out)).some((name) => name.startsWith('.'))) {
      console.info('what the last one left is cleared by the next process')
      expect(computedOf(await shiftscope(...STUDY, '--out', out, '--json'))).toBe(0)
    }
    await expectWhole(out)
    await rm(out, { recursive: true })
  })

  it('are seen while they work and after, with what is left', async () => {
    const out = join(folder, 'status')
    const none = await shiftscope('status', out)
    expect(`${none.status} ${none.stderr}`).toMatch(
      /^3 shiftscope: .*status does not exist; run "shiftscope reproduce --out \S+" first\n$/,
    )
    const both = [1, 2].map(() => start([...STUDY, '--out', out]))
    const look = async () => JSON.parse((await shiftscope('status', out, '--json')).stdout)
    await until(async () => (await finishedUnits(out)) >= 2)
    const during = await look()
    expect(during.units.total).toBe(UNITS)
    expect(during.units.done + during.units.inProgress + during.units.left).toBe(UNITS)
    expect(during.workers.length).toBeGreaterThan(0)
    for (const { pid, unit, since } of during.workers) {
      // The process that computes is a child of the one that was started, which watches it.
      const parent = spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)]).stdout.toString()
      expect(both.map(({ child }) => child.pid)).toContain(Number(parent))
      expect(unit).toMatch(/^tiny-alexnet 75 \w+$/)
      expect(Date.now() - Date.parse(since)).toBeLessThan(60_000)
    }
    const watched = shiftscope('status', out, '--watch', '--json')
    for (const { ended } of both) expect((await ended).status).toBe(0)
    const lines = (await watched).stdout.trim().split('\n')
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject({
      units: { done: UNITS, inProgress: 0, left: 0 },
      secondsLeft: 0,
    })
    expect(await look()).toEqual({
      units: { total: UNITS, done: UNITS, inProgress: 0, left: 0 },
      workers: [],
      imagesPerSecond: null,
      secondsLeft: 0,
    })
  })

  it('leave the report to others, and wait for nobody, where that is asked for', async () => {
    const out = join(folder, 'no-report')
    const ended = await Promise.all([1, 2].map(() => start([...STUDY, '--out', out, '--no-report', '--json']).ended))
    for (const { status, stderr } of ended) expect(status, stderr).toBe(0)
    expect(ended.reduce((sum, one) => sum + computedOf(one), 0)).toBe(UNITS)
    expect(JSON.parse((ended[0] as Ended).stdout).report).toBeNull()
    expect(existsSync(join(out, 'index.html'))).toBe(false)
    const last = await shiftscope(...STUDY, '--out', out, '--json')
    expect(computedOf(last)).toBe(0)
    await expectWhole(out)
  })
})

const canUnshare = spawnSync('unshare', ['--uts', 'true']).status === 0
if (!canUnshare) console.warn('skipped: processes under other host names need `unshare --uts`, which is refused here')
const FAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
].find((path) => existsSync(path))
if (!FAKETIME) console.warn('skipped: clocks that differ need libfaketime (Debian: faketime), which is not here')

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** As on a machine of another name, whose clock is so many seconds ahead. */
function startElsewhere(name: string, ahead: number, args: readonly string[], lease: number) {
  const command = `hostname ${name} && exec "$0" "$@"`
  const child = spawn('unshare', ['--uts', 'sh', '-c', command, process.execPath, MAIN, ...args], {
    env: {
      ...process.env,
      SHIFTSCOPE_LEASE: String(lease),
      ...(FAKETIME && {
        LD_PRELOAD: FAKETIME,
        FAKETIME: `${ahead < 0 ? '' : '+'}${ahead}s`,
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const text = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) child[stream].on('data', (data) => (text[stream] += data))
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (status, signal) => resolve({ status, signal, ...text })),
  )
  return { child, ended }
}

describe.skipIf(!canUnshare || !FAKETIME)('processes of machines whose clocks differ by twenty minutes', () => {
  it('take nothing from one another while they live', async () => {
    const out = join(folder, 'clocks')
    const both = [-600, 600].map((ahead, i) => startElsewhere(`node${i}`, ahead, [...STUDY, '--out', out, '--json'], 5))
    const ended = await Promise.all(both.map((one) => one.ended))
    for (const { status, stderr } of ended) expect(status, stderr).toBe(0)
    expect(ended.reduce((sum, one) => sum + computedOf(one), 0)).toBe(UNITS)
    for (const { stderr } of ended) expect(stderr).toMatch(/sharing this study with process \d+ on node/)
    await expectWhole(out)
  })

  it.each([
    ['behind', -600, 600],
    ['ahead', 600, -600],
  ])('take over from the dead after the lease, %s', async (name, dead, alive) => {
    const out = join(folder, `dead-${name}`)
    const victim = startElsewhere('node0', dead, [...STUDY, '--out', out, '--json'], 5)
    await until(async () => (await finishedUnits(out)) >= 2)
    victim.child.kill('SIGKILL')
    await victim.ended
    const kept = await finishedUnits(out)
    expect(kept).toBeLessThan(UNITS)
    const survivor = await startElsewhere('node1', alive, [...STUDY, '--out', out, '--json'], 5).ended
    expect(survivor.status, survivor.stderr).toBe(0)
    expect(computedOf(survivor)).toBe(UNITS - kept)
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
