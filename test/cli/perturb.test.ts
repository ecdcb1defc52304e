import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { modelsFolder } from '../../src/files/package.js'
import { contents, shiftscope } from './process.js'

const STUDY = ['reproduce', '--models', 'tiny-alexnet', '--sizes', '75', '--stride', '25']
const UNITS = 'units/tiny-alexnet/75'

let folder: string
/** A study of two pictures with two changes of each. */
let reference: string
let pictures: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shiftscope-test-'))
  reference = join(folder, 'reference')
  pictures = join(folder, 'pictures')
  await mkdir(pictures)
  for (const name of ['dog', 'car']) await copyFile(builtIn(name), join(pictures, `${name}.png`))
  expect(await run(reference, '--perturb', '2')).toMatchObject({ units: 6, computed: 6 })
}, 120_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

function builtIn(name: string): string {
  return join(modelsFolder(), 'patches', `${name}.png`)
}

async function run(out: string, ...more: string[]) {
  const { status, stdout, stderr } = await shiftscope(
    ...[...STUDY, '--patches', pictures, '--out', out, '--json'],
    ...more,
  )
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout)
}

/** The same folder to be changed. */
async function copied(name: string): Promise<string> {
  const out = join(folder, name)
  await cp(reference, out, { recursive: true })
  return out
}

async function metricsOf(out: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(join(out, 'metrics.csv'), 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(','))
}

it('keeps units of changed patches beside the others, and nothing else of them', async () => {
  const files = Object.keys(await contents(reference))
  const units = files.filter((name) => name.endsWith('unit.json'))
  expect(units).toEqual(
    ['perturbed/1/', 'perturbed/2/', ''].flatMap((place) =>
      ['car', 'dog'].map((patch) => `${place}${UNITS}/${patch}/unit.json`),
    ),
  )
  expect(files.filter((name) => name.startsWith('pictures/'))).toHaveLength(2)
  expect(files.filter((name) => name.includes('sketch')).every((name) => name.startsWith(`${UNITS}/car/`))).toBe(true)
  const { perturbations, planned } = JSON.parse(await readFile(join(reference, 'run.json'), 'utf8'))
  expect(perturbations).toBe(2)
  expect(planned).toHaveLength(3)
  expect((await shiftscope('status', reference)).stdout).toContain('6 of 6 units done')
})

it('says beside every number how far it moves: in metrics.csv, summary, tables and findings', async () => {
  const [head, ...rows] = await metricsOf(reference)
  expect(head?.join()).toBe('model,layer,size,patch,metric,variant,value,spread')
  expect(rows.every((row) => row.length === 8 && Number.isFinite(Number.parseFloat(row[7] as string)))).toBe(true)
  const means = rows.filter(([, , , , metric]) => metric === 'similarity-mean').map((row) => Number(row[7]))
  expect(Math.min(...means)).toBeGreaterThan(0)
  expect(Math.max(...means)).toBeLessThan(0.01)
  const summary = JSON.parse(await readFile(join(reference, 'summary.json'), 'utf8'))
  for (const cell of [...summary.similarity, ...summary.separability, ...summary.measures])
    expect(cell.spread).toBeGreaterThanOrEqual(0)
  const table = await readFile(join(reference, 'tables/table-2-similarity-75.md'), 'utf8')
  expect(table).toMatch(/\| \d\.\d{3} ± \d\.\d{3} \(moves 0\.00\d\) \|/)
  expect(await readFile(join(reference, 'findings.md'), 'utf8')).toContain('| moves by at most |')
  const page = await readFile(join(reference, 'index.html'), 'utf8')
  for (const part of ['(moves 0.00', 'moves by at most', '2 imperceptible changes']) expect(page).toContain(part)
})

it('leaves a study without changes as it was, to the byte', async () => {
  const plain = join(folder, 'plain')
  expect(await run(plain)).toMatchObject({ units: 2, computed: 2 })
  const own = await contents(plain)
  for (const [name, bytes] of Object.entries(await contents(reference)))
    if (/^(?:units|site|figures|heatmaps|pictures)\//.test(name)) expect(own[name], name).toBe(bytes)
  const rows = await metricsOf(reference)
  expect(await metricsOf(plain)).toEqual(rows.map((row) => row.slice(0, 7)))
  for (const name of ['summary.json', 'findings.json', 'findings.md', 'tables/table-2-similarity-75.csv', 'run.json'])
    expect(await readFile(join(plain, name), 'utf8'), name).not.toMatch(
      /spread|moves (by|farther)|"perturbation|imperceptibl/,
    )
})

it('gives the same bytes by report, by another run, and after one of the units was lost or damaged', async () => {
  const out = await copied('again')
  const expected = await contents(reference, ['run.json'])
  expect((await shiftscope('report', out)).status).toBe(0)
  expect(await contents(out, ['run.json'])).toEqual(expected)
  expect(await run(out, '--perturb', '2', '--workers', '2', '--batch', '3')).toMatchObject({ units: 6, computed: 0 })
  await rm(join(out, 'perturbed/2', UNITS, 'dog'), { recursive: true })
  expect((await shiftscope('status', out)).stdout).toContain('5 of 6 units done')
  const damaged = join(out, 'perturbed/1', UNITS, 'car/similarity.npy')
  const bytes = await readFile(damaged)
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
  await writeFile(damaged, bytes)
  const { status, stderr } = await shiftscope('report', out)
  expect([status, stderr.trim()]).toEqual([3, expect.stringContaining(`${damaged} is damaged; run reproduce`)])
  expect(await run(out, '--perturb', '2')).toMatchObject({ units: 6, computed: 2 })
  expect(await contents(out, ['run.json'])).toEqual(expected)
})

it('is computed by two processes as by one', async () => {
  const out = join(folder, 'together')
  const [a, b] = await Promise.all([run(out, '--perturb', '2'), run(out, '--perturb', '2')])
  expect(a.computed + b.computed).toBe(6)
  expect(await contents(out, ['run.json'])).toEqual(await contents(reference, ['run.json']))
})

it('counts them before a run, and computes what is missing alone', async () => {
  const out = await copied('more')
  const dryRun = await shiftscope(
    ...[...STUDY, '--patches', pictures, '--out', out, '--perturb', '3', '--dry-run', '--keep-features'],
  )
  expect(dryRun.stdout).toMatch(/^8 units, 4 of them finished; 160 images left/)
  expect(await run(out, '--perturb', '3', '--keep-features')).toMatchObject({ units: 8, computed: 4 })
  const kept = Object.keys(await contents(out)).filter((name) => name.includes('features-fc6.npy'))
  expect(kept).toEqual(['car', 'dog'].map((patch) => `${UNITS}/${patch}/features-fc6.npy`))
})

it('leaves changes of another picture out, which are none of this one', async () => {
  const out = await copied('stale')
  const others = join(folder, 'others')
  await cp(pictures, others, { recursive: true })
  await copyFile(builtIn('zebra'), join(others, 'dog.png'))
  expect(await run(out, '--patches', others)).toMatchObject({ units: 2, computed: 1 })
  const [, ...rows] = await metricsOf(out)
  const spreads = (patch: string) => new Set(rows.filter((row) => row[3] === patch).map((row) => row[7] !== ''))
  expect(spreads('car')).toEqual(new Set([true]))
  expect(spreads('dog')).toEqual(new Set([false]))
  expect(await run(out, '--patches', others, '--perturb', '2')).toMatchObject({ units: 6, computed: 2 })
  const [, ...all] = await metricsOf(out)
  expect(all.every((row) => row[7] !== '')).toBe(true)
})

it('refuses what is no number of changes, and arithmetic alone', async () => {
  const refusal = async (...more: string[]) => {
    const { status, stderr } = await shiftscope(...STUDY, ...more, '--out', join(folder, 'none'))
    return [status, stderr.trim()]
  }
  expect(await refusal('--perturb', '101')).toEqual([2, expect.stringContaining('--perturb 101 is not a whole number')])
  expect(await refusal('--perturb', '2', '--experiments', 'arithmetic')).toEqual([
    2,
    expect.stringContaining('leave --perturb 2 out'),
  ])
})
