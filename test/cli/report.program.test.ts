import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readNpy } from '../../src/files/npy.js'
import type { Report } from '../../src/report/report.js'
import { contents, shiftscope, start } from '../support/commandLine.js'

const SYNTHESISE = fileURLToPath(new URL('../../bench/synthesise_study.mjs', import.meta.url))

/** Of the full study's 200. */
const PATCHES = 6

let folder: string
let report: Report

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shiftscope-test-'))
  execFileSync(process.execPath, [SYNTHESISE, folder, String(PATCHES)], { stdio: 'ignore' })
  const { status, stdout, stderr } = await shiftscope('report', folder, '--paper', '--json')
  expect(status, stderr).toBe(0)
  report = JSON.parse(stdout)
}, 120_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('report on a study of the paper’s networks, sizes and stride', () => {
  it('has every cell of the paper’s tables, and every measure of every layer', () => {
    for (const [metric, variants] of [
      ['similarity-mean', 5],
      ['separability-accuracy', 2 * 3],
      ['separability-lead', 3],
      ['fold-accuracy', 2 * 3 * 5],
      ['coverage', 5 * 10],
      ['jaggedness', 5 * 2],
      ['grid-spectrum', 5 * 2 * 5],
      ['direction-bias', 5],
      ['consistency', 2],
    ] as const) {
      const rows = report.rows.filter((row) => row.metric === metric && row.count > 0)
      expect([metric, rows.length]).toEqual([metric, 10 * 2 * variants])
      for (const { mean, std, count } of rows) {
        expect([Number.isFinite(mean), std >= 0, count]).toEqual([true, true, PATCHES])
      }
    }
  })

  it('has the numbers of the maps in metrics.csv', async () => {
    const rows = (await readFile(join(folder, 'metrics.csv'), 'utf8')).trim().split('\n').slice(1)
    const ofAnswers = 6 * 2 * PATCHES * 4
    expect(rows).toHaveLength(
      10 * 2 * PATCHES * (5 * (3 + 10 + 2 + 10 + 1) + 2 + 3 * 2 * (2 + 5) + 3 + 1 + 2) + ofAnswers,
    )
    const { shape, data } = await readNpy(join(folder, 'units', 'alexnet', '125', 'dog-003', 'similarity.npy'))
    expect(shape).toEqual([3, 5, 100, 100])
    // The second layer's map for the center.
    const map = data.subarray((5 + 2) * 10_000, (5 + 3) * 10_000)
    let steps = 0
    for (let i = 0; i < 9_900; i++) steps += Math.abs((map[i + 100] as number) - (map[i] as number))
    const numberOf = (metric: string, variant: string) =>
      Number(rows.find((row) => row.startsWith(`alexnet,fc7,125,dog-003,${metric},${variant},`))?.split(',')[6])
    expect(numberOf('jaggedness', 'center vertical')).toBeCloseTo(steps / 9_900, 12)
    expect(numberOf('coverage', 'center>=0.95')).toBe(map.filter((value) => value >= 0.95).length / 10_000)
  })

  it('finds the grid at the networks’ period and what the anti-aliased ones leave of it', () => {
    const power = (model: string, period: number) =>
      report.rows.find(
        (one) => one.model === model && one.size === 75 && one.variant === `center horizontal ${period}px`,
      )?.mean as number
    for (const period of [2, 4, 16]) expect(power('alexnet', 8)).toBeGreaterThan(100 * power('alexnet', period))
    expect(power('alexnet-aa', 8) / power('alexnet', 8)).toBeCloseTo(0.01, 3)
    const verdicts = (claim: string) =>
      report.findings.filter((finding) => finding.claim === claim).map(({ model, verdict }) => `${model} ${verdict}`)
    expect(verdicts('top-bottom-less-separable')).toHaveLength(6)
    expect(new Set(verdicts('top-bottom-less-separable').map((text) => text.split(' ').slice(1).join(' ')))).toEqual(
      new Set(['not supported']),
    )
    expect(verdicts('horizontal-bias')).toContain('alexnet supported')
    expect(verdicts('anti-aliasing-suppresses-the-grid')).toContain('alexnet-aa supported')
  })

  it('ends with a verdict for each claim and network, and has tables on the terminal if asked', async () => {
    const { stdout } = await shiftscope('report', folder, '--paper', '--tables')
    expect(stdout).toMatch(
      /^Table 1: Mean cosine similarity .*\nnetwork +layer +anchor +mean\nalexnet +fc6 +top-left +0\.\d{3} ± /m,
    )
    expect(stdout).toMatch(
      /^Table 4: Accuracy .*\nnetwork +layer +folds +left-right +top-bottom\nalexnet +fc6 +ordered( +[01]\.\d{3} ± \d\.\d{3}){2}$/m,
    )
    for (const line of stdout.split('\n').slice(0, -2)) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(stdout).not.toContain('\u001b')
    const lines = stdout.slice(stdout.search(/^claim /m)).split('\n')
    expect(lines.length).toBeLessThanOrEqual(15)
    const claims = new Set(report.findings.map(({ claim }) => claim))
    expect(lines.filter((line) => /( +[✓✗?–]){6}$/.test(line))).toHaveLength(claims.size)
    expect(lines.join('\n')).toMatch(/^Top and bottom are harder to separate than left and right +✗ +✗/m)
  })

  it('says how far it is, and stopped by Ctrl-C leaves the former report as it was', async () => {
    const before = await contents(folder)
    const { child, ended } = start(['report', folder, '--limits', '0,1'])
    child.stderr?.once('data', () => child.kill('SIGINT'))
    const { status, stderr } = await ended
    expect(stderr).toMatch(/^report: 72 units\n/)
    expect(stderr).toContain('stopped; the previous report, if there is one, is unchanged')
    expect(status).toBe(130)
    expect(await contents(folder)).toEqual(before)
  })

  it('has the sections of the page and the figures of the paper', async () => {
    const files = Object.keys(await contents(folder))
    for (const name of ['figure-1-example', 'figure-3-patches-125', 'figure-4-patches-75']) {
      expect(files).toContain(join('figures', `${name}.png`))
      expect(files).toContain(join('figures', `${name}.svg`))
    }
    const page = await readFile(join(folder, 'index.html'), 'utf8')
    const sections = [...page.matchAll(/<section class="report" id="([^"]+)"/g)].map(([, id]) => id)
    for (const id of ['findings', 'claim-no-global-invariance', 'measures', 'tables', 'provenance']) {
      expect(sections).toContain(id)
    }
  })
})
