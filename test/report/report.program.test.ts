import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/positions.js'
import { InputError, UsageError } from '../../src/errors.js'
import { readNpy } from '../../src/files/npy.js'
import { thisMachine } from '../../src/files/owner.js'
import { sha256 } from '../../src/files/sha256.js'
import { isTemporaryName } from '../../src/files/temporaries.js'
import { hot } from '../../src/plot/colormap.js'
import { listenTo } from '../../src/progress.js'
import { writeReport } from '../../src/report/report.js'
import type { UnitInputs } from '../../src/results/unit/schema.js'
import { unitFolder, writeUnit } from '../../src/results/unit/store.js'
import { temporaryFolder } from '../support/temporaryFolder.js'
import { arraysOf, madeUnit } from '../support/unit.js'

const inFolder = temporaryFolder()

async function store(results: string, changes: Partial<UnitInputs>, level: number): Promise<void> {
  const { unit, maps } = madeUnit(changes, level)
  await writeUnit(results, unit, arraysOf(unit, maps))
}

async function storeStudy(results: string): Promise<void> {
  await store(results, { patch: 'car' }, 0.8)
  await store(results, { patch: 'dog' }, 0.9)
  await store(results, { patch: 'car', size: 75, model: 'own/net', layers: ['a/b'] }, 0.95)
}

/** Digest of every file below a folder, by its way from there. */
function digests(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [relative(folder, path), sha256(readFileSync(path))]),
  )
}

describe('report', () => {
  it('makes every file that the contract names', async () => {
    await storeStudy(inFolder())
    await writeReport(inFolder())
    expect(readdirSync(inFolder()).sort()).toEqual(
      [
        ...['units', 'metrics.csv', 'summary.json', 'tables', 'heatmaps', 'figures', 'site'],
        ...['findings.json', 'findings.md', 'index.html'],
      ].sort(),
    )
    // Two patches at 125 pixels make a pair for the null baseline, one at 75 makes none.
    const tables = ['null-baseline-125', 'table-1-similarity-125', 'table-2-similarity-75']
    expect(readdirSync(inFolder('tables')).sort()).toEqual(
      tables.flatMap((name) => ['csv', 'md', 'tex'].map((end) => `${name}.${end}`)),
    )
    const maps = ['alexnet-fc6-125', 'alexnet-fc8-125', 'own%2Fnet-a%2Fb-75']
    expect(readdirSync(inFolder('heatmaps')).sort()).toEqual(
      maps
        .flatMap((name) => ANCHOR_NAMES.flatMap((anchor) => [`${name}-${anchor}.npy`, `${name}-${anchor}.png`]))
        .sort(),
    )
    expect(readdirSync(inFolder('figures')).sort()).toEqual(
      ['figure-3-patches-125', 'figure-4-patches-75'].flatMap((name) => ['png', 'svg'].map((end) => `${name}.${end}`)),
    )
  })

  it('gives the rows and findings that it writes', async () => {
    await storeStudy(inFolder())
    const { rows, findings } = await writeReport(inFolder())
    const stored = ['summary.json', 'findings.json'].map((file) => JSON.parse(readFileSync(inFolder(file), 'utf8')))
    expect(stored).toEqual([rows, findings])
    const of = (metric: string) => rows.filter((row) => row.metric === metric)
    expect(of('similarity-mean')).toHaveLength(3 * 5)
    expect(of('similarity-mean')[0]).toEqual({
      ...{ model: 'alexnet', layer: 'fc6', size: 125, metric: 'similarity-mean', variant: 'top-left' },
      ...{ mean: expect.closeTo(0.85, 12), std: expect.closeTo(0.05, 12), count: 2 },
    })
    expect(of('null-baseline').map(({ layer, size, variant, count }) => [layer, size, variant, count])).toEqual([
      ['fc6', 125, 'different class', 1],
      ['fc8', 125, 'different class', 1],
    ])
  })

  it('draws the mean map over patches and stores it as numbers', async () => {
    await storeStudy(inFolder())
    await writeReport(inFolder(), { limits: { low: 0, high: 1 } })
    const { shape, data } = await readNpy(inFolder('heatmaps', 'alexnet-fc8-125-center.npy'))
    expect(shape).toEqual([2, 2])
    const start = (5 + 2) * 4
    data.forEach((value, i) => {
      expect(value).toBeCloseTo(0.85 + (start + i) / 1000, 6)
    })
    const { data: pixels, info } = await sharp(inFolder('heatmaps', 'alexnet-fc8-125-center.png'))
      .raw()
      .toBuffer({ resolveWithObject: true })
    const last = pixels.subarray((info.width * info.height - 1) * info.channels)
    expect([...last.subarray(0, 3)]).toEqual([...hot(data[3] as number)])
  })

  it('has the same bytes whoever made it and however often', async () => {
    for (const results of ['a', 'b']) await storeStudy(inFolder(results))
    await writeReport(inFolder('a'))
    const once = digests(inFolder('a'))
    await writeReport(inFolder('a'))
    await writeReport(inFolder('b'))
    expect(digests(inFolder('a'))).toEqual(once)
    expect(digests(inFolder('b'))).toEqual(once)
  })

  it('removes what killed reports left, not what others are writing', async () => {
    await storeStudy(inFolder())
    const { pid } = spawnSync(process.execPath, ['--version'])
    const left = `.tmp-${thisMachine()}-${pid}-01234567-site`
    const living = `.tmp-${thisMachine()}-${process.pid}-01234567-site`
    for (const name of [left, living, join('tables', left)]) mkdirSync(inFolder(name, 'maps'), { recursive: true })
    await writeReport(inFolder())
    expect(readdirSync(inFolder()).filter(isTemporaryName)).toEqual([living])
  })

  it('leaves nothing of one that is refused while files of the page are still being written', async () => {
    for (const patch of ['car', 'dog', 'cat']) {
      const { unit, maps } = madeUnit({ patch, keepsFeatures: true }, 0.8)
      const features = unit.layers.map(({ dims }) => new Float32Array(4 * dims).fill(1))
      await writeUnit(inFolder(), unit, { ...arraysOf(unit, maps), features })
      const array = readdirSync(unitFolder(inFolder(), unit.inputs)).find((name) =>
        name.startsWith('features'),
      ) as string
      writeFileSync(join(unitFolder(inFolder(), unit.inputs), array), 'damaged')
    }
    for (let i = 0; i < 20; i++) await expect(writeReport(inFolder())).rejects.toThrow(InputError)
    expect(readdirSync(inFolder())).toEqual(['units'])
  })

  it('says under every table which networks were measured otherwise, and nothing where none was', async () => {
    await storeStudy(inFolder())
    await writeReport(inFolder())
    const table = () => readFileSync(inFolder('tables', 'table-1-similarity-125.md'), 'utf8')
    expect(table()).not.toContain('measured alike')
    await store(inFolder(), { patch: 'car', model: 'resnet50', background: '#808080', precision: 'fp16' }, 0.8)
    const notes: string[] = []
    const onProgress = listenTo({ note: (line) => void notes.push(line) })
    await writeReport(inFolder(), { onProgress })
    const line =
      'background white (alexnet 125, own/net 75) or #808080 (resnet50 125); precision fp32 (alexnet 125, own/net 75) or fp16 (resnet50 125).'
    expect(notes).toEqual([expect.stringContaining(line)])
    expect(table()).toContain(line)
    expect(readFileSync(inFolder('index.html'), 'utf8')).toContain(line)
  })

  it('drops what former units left in tables and heatmaps', async () => {
    await storeStudy(inFolder())
    await writeReport(inFolder())
    rmSync(inFolder('units', 'own%2Fnet'), { recursive: true })
    await writeReport(inFolder())
    expect(existsSync(inFolder('tables', 'table-2-similarity-75.md'))).toBe(false)
    expect(readdirSync(inFolder('heatmaps'))).toHaveLength(2 * 5 * 2)
  })

  it.each(['metrics.csv', 'summary.json', 'findings.md'])(
    'leaves the page with the maps that it was made with if %s cannot be written',
    async (blocked) => {
      await storeStudy(inFolder())
      await writeReport(inFolder())
      const page = () => ({ ...digests(inFolder('site')), index: sha256(readFileSync(inFolder('index.html'))) })
      const before = page()
      await store(inFolder(), { patch: 'bird' }, 0.7)
      rmSync(inFolder(blocked))
      mkdirSync(inFolder(blocked, 'in the way'), { recursive: true })
      await expect(writeReport(inFolder())).rejects.toThrow(`cannot write ${inFolder(blocked)}: a folder stands where`)
      expect(page()).toEqual(before)
      expect(readdirSync(inFolder()).filter(isTemporaryName)).toEqual([])
    },
  )

  it("has the paper's two tables whole if asked", async () => {
    await store(inFolder(), {}, 0.9)
    await writeReport(inFolder(), { paper: true })
    const rows = readFileSync(inFolder('tables', 'table-2-similarity-75.md'), 'utf8').split('\n').slice(4, -3)
    expect(rows).toHaveLength(10)
    const alexnet = readFileSync(inFolder('tables', 'table-1-similarity-125.csv'), 'utf8').split('\n')[1]?.split(',')
    expect(alexnet?.slice(0, 4)).toEqual(['alexnet', 'fc6', '125', 'top-left'])
    expect(Number(alexnet?.[9])).toBeCloseTo(0.9 - 0.83, 12)
  })

  it('refuses limits that do not rise, and a folder without units or with a damaged one, before it writes', async () => {
    await store(inFolder('good'), {}, 0.9)
    const bad = [
      [1, 0.88],
      [1, 1],
      [Number.NaN, 1],
      [Number.NEGATIVE_INFINITY, 1],
      [0, Number.POSITIVE_INFINITY],
    ] as const
    for (const [low, high] of bad)
      await expect(writeReport(inFolder('good'), { limits: { low, high } })).rejects.toThrow(UsageError)
    await expect(writeReport(inFolder('nothing'))).rejects.toThrow(InputError)
    writeFileSync(inFolder('good', 'units', 'alexnet', '125', 'car', 'similarity.npy'), '')
    await expect(writeReport(inFolder('good'))).rejects.toThrow(InputError)
    expect(readdirSync(inFolder())).toEqual(['good'])
    expect(readdirSync(inFolder('good'))).toEqual(['units'])
  })
})
