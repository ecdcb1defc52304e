import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SummaryRow } from '../../src/results/rows.js'
import { contents, shiftscope, start, until } from '../support/commandLine.js'

/** A study of ten units that takes some seconds. */
const STUDY = ['reproduce', '--models', 'tiny-alexnet', '--sizes', '75', '--stride', '24']

let folder: string
let reference: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shiftscope-test-'))
  reference = join(folder, 'reference')
  const { status, stderr } = await shiftscope(...STUDY, '--out', reference)
  expect(status, stderr).toBe(0)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function finishedUnits(results: string): Promise<number> {
  const entries = await readdir(join(results, 'units'), { recursive: true }).catch(() => [])
  return entries.filter((name) => name.endsWith('unit.json') && !name.includes('.tmp-')).length
}

describe('reproduce', () => {
  it('writes the results folder of the contract', async () => {
    const files = Object.keys(await contents(reference))
    for (const name of [
      'run.json',
      'metrics.csv',
      'summary.json',
      'index.html',
      'tables/table-2-similarity-75.md',
      'tables/table-2-similarity-75.csv',
      'tables/table-2-similarity-75.tex',
      'heatmaps/tiny-alexnet-fc6-75-top-left.png',
      'heatmaps/tiny-alexnet-fc8-75-center.npy',
      'units/tiny-alexnet/75/zebra/unit.json',
      'units/tiny-alexnet/75/zebra/similarity.npy',
      'site/maps/0/mean.js',
      'site/maps/0/9.js',
      'site/pictures/9.js',
    ]) {
      expect(files).toContain(name)
    }
    expect(files.filter((name) => name.endsWith('unit.json'))).toHaveLength(10)
    expect(files.filter((name) => name.startsWith('pictures/patch-'))).toHaveLength(10)
    const rows: SummaryRow[] = JSON.parse(await readFile(join(reference, 'summary.json'), 'utf8'))
    const ofAnchors = rows.filter(({ metric }) => metric === 'similarity-mean')
    expect(ofAnchors).toHaveLength(15)
    expect(ofAnchors[0]).toMatchObject({
      model: 'tiny-alexnet',
      layer: 'fc6',
      size: 75,
      variant: 'top-left',
      count: 10,
    })
    const { settings } = JSON.parse(await readFile(join(reference, 'run.json'), 'utf8'))
    expect(settings['tiny-alexnet']).toMatchObject({ device: 'cpu', classifiers: { device: 'cpu', adapter: null } })
  })

  it('refuses grids that are too small for five folds before it computes anything', async () => {
    const out = join(folder, 'too small')
    const { status, stderr } = await shiftscope('reproduce', '--sizes', '75,224', '--stride', '8', '--out', out)
    expect(status).toBe(2)
    expect(stderr).toMatch(/1×1 positions.*--experiments similarity/)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(existsSync(out)).toBe(false)
    const similarityAlone = [
      'reproduce',
      '--models',
      'tiny-alexnet',
      '--sizes',
      '224',
      '--experiments',
      'similarity',
      '--out',
      out,
    ]
    expect((await shiftscope(...similarityAlone)).status).toBe(0)
  })

  it.each([
    ['the same settings', []],
    ['other workers and batches', ['--workers', '3', '--threads', '1', '--batch', '5']],
  ])('killed in the middle and run again with %s, ends with the same bytes', async (_, settings) => {
    const out = join(folder, `killed-${settings.length}`)
    const { child, ended } = start([...STUDY, '--out', out])
    await until(async () => (await finishedUnits(out)) >= 3)
    child.kill('SIGKILL')
    expect((await ended).signal).toBe('SIGKILL')
    const kept = await finishedUnits(out)
    expect(kept).toBeLessThan(10)
    const { status, stdout } = await shiftscope(...STUDY, '--out', out, '--json', ...settings)
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ units: 10, computed: 10 - kept })
    expect(await contents(out, ['run.json'])).toEqual(await contents(reference, ['run.json']))
  })

  it('stopped by Ctrl-C, keeps what was finished, says so and exits with 130', async () => {
    const out = join(folder, 'stopped')
    const { child, ended } = start([...STUDY, '--out', out])
    await until(async () => (await finishedUnits(out)) >= 1)
    child.kill('SIGINT')
    const { status, stderr } = await ended
    expect(status, stderr).toBe(130)
    expect(stderr).toContain('finished work is saved')
    expect(await finishedUnits(out)).toBeGreaterThanOrEqual(1)
    expect(existsSync(join(out, 'index.html'))).toBe(false)
  })

  it('computes again only what is damaged, missing or made by other inputs', async () => {
    const again = async (...more: string[]) => {
      const { status, stdout, stderr } = await shiftscope(...STUDY, '--out', out, '--json', ...more)
      expect(status, stderr).toBe(0)
      return JSON.parse(stdout).computed as number
    }
    const out = join(folder, 'again')
    expect(await again()).toBe(10)
    expect(await again()).toBe(0)
    const unit = (patch: string, file: string) => join(out, 'units', 'tiny-alexnet', '75', patch, file)
    const maps = await readFile(unit('dog', 'similarity.npy'))
    maps[maps.length - 1] = (maps[maps.length - 1] as number) ^ 1
    await writeFile(unit('dog', 'similarity.npy'), maps)
    await writeFile(unit('bird', 'unit.json'), '{"inputs":')
    await rm(unit('car', 'similarity.npy'))
    expect(await again()).toBe(3)
    expect(await contents(out, ['run.json'])).toEqual(await contents(reference, ['run.json']))
    const grey = ['--background', '#808080']
    const plan = await shiftscope(...STUDY, '--out', out, ...grey, '--dry-run', '--json')
    const differences = ['background white, not #808080']
    expect(JSON.parse(plan.stdout)).toMatchObject({ finished: 0, replaced: 10, differences })
    const { status, stdout, stderr } = await shiftscope(...STUDY, '--out', out, '--json', ...grey)
    expect([status, JSON.parse(stdout).computed]).toEqual([0, 10])
    expect(stderr).toContain(`replacing 10 units in ${out} made with other settings (${differences})`)
  })

  it('tells what a dry run would do and writes nothing', async () => {
    const out = join(folder, 'dry')
    const { status, stdout } = await shiftscope(...STUDY, '--out', out, '--dry-run', '--json')
    expect(status).toBe(0)
    // 7×7 positions and the four anchors outside the grid (0 and 149, center 74), ten patches; per layer a sketch of 45 dims.
    expect(JSON.parse(stdout)).toMatchObject({
      units: 10,
      finished: 0,
      replaced: 0,
      images: 10 * (7 * 7 + 4),
      bytes: 10 * (3 * 5 * 7 * 7 + 5 * (768 + 768 + 627) + 3 * 7 * 7 + 3 * 45 * 7 * 7) * 4,
    })
    expect(existsSync(out)).toBe(false)
  })

  /** Of a network that takes no part, of a generator of another network, and of a layer that is left out. */
  const ARITHMETIC_WEIGHTS = ['arithmetic', 'similarity,arithmetic'].flatMap((experiments) =>
    [
      ['alexnet', '--models', 'tiny-alexnet'],
      ['deepsim-fc6', '--models', 'tiny-alexnet'],
      ['deepsim-fc7', '--models', 'caffenet', '--layers', 'fc6'],
    ].map(([id, ...models]): [number, RegExp, string[]] => [
      2,
      new RegExp(`--weights names ${id}, which is not among the networks and generators of this run`),
      ['--experiments', experiments, '--weights', `${id}=x.caffemodel`, ...models],
    ]),
  )

  it('leaves a folder alone whose files a report would replace', async () => {
    const own = join(folder, 'own')
    await mkdir(join(own, 'figures'), { recursive: true })
    await writeFile(join(own, 'figures', 'drawn-by-hand.svg'), 'precious')
    const before = await contents(own)
    const { status, stderr } = await shiftscope(...STUDY, '--out', own)
    expect([status, await contents(own)]).toEqual([2, before])
    expect(stderr).toMatch(/own is no results folder, and a report would replace its figures; choose another folder/)
    await writeFile(join(own, 'run.json'), '{}')
    expect((await shiftscope(...STUDY, '--out', own, '--dry-run')).status).toBe(0)
  })

  it('refuses what it cannot do with one line and the right exit status', async () => {
    const cases: readonly [number, RegExp, string[]][] = [
      [2, /stride/, ['--stride', '0']],
      [2, /does not fit into the frame/, ['--sizes', '225']],
      [2, /no network is called "resnet51"/, ['--models', 'resnet51']],
      [2, /experiment dance is not known/, ['--experiments', 'dance']],
      [2, /not a colour/, ['--background', 'blurple']],
      [2, /names alexnet, which is not among/, ['--weights', 'alexnet=x.pth']],
      [2, /names deepsim-fc6, which is not among/, ['--weights', 'deepsim-fc6=x.caffemodel']],
      ...ARITHMETIC_WEIGHTS,
      [2, /--precision fp16 is for GPUs/, ['--experiments', 'arithmetic', '--precision', 'fp16']],
      [
        2,
        /arithmetic alone is computed in float32/,
        ['--experiments', 'arithmetic', '--precision', 'fp16', '--device', 'cuda'],
      ],
      [3, /no such file/, ['--patches', join(folder, 'nowhere')]],
      [3, /no such file|does not exist/, ['--models', 'alexnet', '--weights', `alexnet=${join(folder, 'none.pth')}`]],
      [4, /device cuda is not usable/, ['--device', 'cuda']],
      [2, /--out <folder>.*It is empty; give a path/, ['--out', '']],
      [1, /a file stands where a folder is needed/, ['--out', join(reference, 'run.json', 'below')]],
    ]
    for (const [expected, message, args] of cases) {
      const { status, stdout, stderr } = await shiftscope(
        'reproduce',
        '--stride',
        '20',
        '--out',
        join(folder, 'bad'),
        ...args,
      )
      expect(status, stderr).toBe(expected)
      expect(stderr).toMatch(message)
      expect(
        stderr
          .trim()
          .split('\n')
          .filter((line) => line.startsWith('shiftscope: ')),
      ).toHaveLength(1)
      expect(stdout).toBe('')
    }
  })
})
