import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { ANCHOR_NAMES } from '../../src/engine/scene/positions.js'
import { InputError, UsageError } from '../../src/errors.js'
import { fileName } from '../../src/files/fileName.js'
import { readNpy } from '../../src/files/npy.js'
import { thisMachine } from '../../src/files/owner.js'
import { modelsFolder } from '../../src/files/package.js'
import { isTemporaryName } from '../../src/files/temporaries.js'
import { hot } from '../../src/plot/colormap.js'
import { listenTo } from '../../src/progress.js'
import { writeReport } from '../../src/report/report.js'
import { writeAccuracy } from '../../src/results/arithmetic/document.js'
import { unitFolder } from '../../src/results/store/units.js'
import { countsOf, studyOf } from '../support/arithmeticStudy.js'
import { contents, shiftscope } from '../support/commandLine.js'
import { DEAD_PID } from '../support/deadProcess.js'
import { sharedFolder, temporaryFolder } from '../support/temporaryFolder.js'
import { inputs, storeUnit } from '../support/unit.js'

const MODELS = ['tiny-alexnet', 'tiny-alexnet-aa']
/** The last object's name must appear everywhere unchanged. */
const OBJECTS = [
  { name: 'car', file: 'car.png' },
  { name: 'dog', file: 'dog.png' },
  { name: '"><script>window.taken=1</script>', file: 'clock.png' },
]

const inFolder = temporaryFolder()
const ofStudy = sharedFolder()
/** Results folder of a real study. A test that changes something in it must use a copy. */
let study: string

beforeAll(async () => {
  const patches = ofStudy('patches')
  study = ofStudy('out')
  mkdirSync(patches)
  for (const { file } of OBJECTS) copyFileSync(join(modelsFolder(), 'patches', file), join(patches, file))
  writeFileSync(join(patches, 'manifest.json'), JSON.stringify({ patches: OBJECTS }))
  const { status, stderr } = await shiftscope(
    ...['reproduce', '--models', MODELS.join(), '--patches', patches, '--stride', '33'],
    ...['--experiments', 'similarity,separability', '--keep-features', '--workers', '1', '--threads', '1'],
    ...['--out', study],
  )
  expect(status, stderr).toBe(0)
})

/** Two objects of 125 pixels, and one of 75 by another network. */
async function storeStudy(): Promise<void> {
  await storeUnit(inFolder(), { patch: 'car' }, 0.8)
  await storeUnit(inFolder(), { patch: 'dog' }, 0.9)
  await storeUnit(inFolder(), { patch: 'car', size: 75, model: 'own/net', layers: ['a/b'] }, 0.95)
}

const read = (...way: readonly string[]) => readFileSync(inFolder(...way), 'utf8')

describe('the report of a real study', () => {
  it('has every file that the contract names, and the same bytes whoever makes it, in the place of an older one', async () => {
    const filesOf = (folder: string) => readdirSync(join(study, folder)).sort()
    /** Each of these names with each of these ends. */
    const withEnds = (names: readonly string[], ...ends: readonly string[]) =>
      names.flatMap((name) => ends.map((end) => `${name}${end}`)).sort()
    const names = ['units', 'pictures', 'run.json', 'metrics.csv', 'summary.json', 'tables', 'heatmaps', 'figures']
    expect(filesOf('.')).toEqual([...names, 'site', 'findings.json', 'findings.md', 'index.html'].sort())
    const tables = withEnds(['answers', 'folds', 'null-baseline'], '-125', '-75')
    tables.push(
      'table-1-similarity-125',
      'table-2-similarity-75',
      'table-3-separability-125',
      'table-4-separability-75',
    )
    expect(filesOf('tables')).toEqual(withEnds(tables, '.csv', '.md', '.tex'))
    const layers = withEnds(MODELS, '-fc6', '-fc7', '-fc8')
    const anchors = ANCHOR_NAMES.map((anchor) => `-${anchor}`)
    expect(filesOf('heatmaps')).toEqual(withEnds(withEnds(withEnds(layers, '-125', '-75'), ...anchors), '.npy', '.png'))
    const figures = ['figure-1-example', 'figure-3-patches-125', 'figure-4-patches-75']
    // Three objects answer no question, so there is no chart of one.
    expect(filesOf('figures')).toEqual(withEnds(figures, '.png', '.svg'))
    const made = await contents(study)
    cpSync(study, inFolder(), { recursive: true })
    for (const folder of ['tables', 'heatmaps']) writeFileSync(inFolder(folder, 'of a former unit'), '')
    rmSync(inFolder('site'), { recursive: true })
    rmSync(inFolder('index.html'))
    const { rows, findings } = await writeReport(inFolder())
    expect(await contents(inFolder())).toEqual(made)
    expect([JSON.parse(read('summary.json')), JSON.parse(read('findings.json'))]).toEqual([rows, findings])
  })
})

describe('a report', () => {
  it('draws the mean map over objects and stores it as numbers, beside rows of the same means', async () => {
    await storeStudy()
    const { rows } = await writeReport(inFolder(), { limits: { low: 0, high: 1 } })
    const { shape, data } = await readNpy(inFolder('heatmaps', 'alexnet-fc8-125-center.npy'))
    const start = (5 + 2) * 4
    expect([shape, ...data]).toEqual([[2, 2], ...[0, 1, 2, 3].map((i) => expect.closeTo(0.85 + (start + i) / 1000, 6))])
    const png = sharp(inFolder('heatmaps', 'alexnet-fc8-125-center.png'))
    const { data: pixels, info } = await png.raw().toBuffer({ resolveWithObject: true })
    const last = pixels.subarray((info.width * info.height - 1) * info.channels)
    expect([...last.subarray(0, 3)]).toEqual([...hot(data[3] as number)])
    expect(existsSync(inFolder('heatmaps', `${fileName('own/net-a/b-75-center')}.png`))).toBe(true)
    const [first] = rows.filter(({ metric }) => metric === 'similarity-mean')
    const numbers = { mean: expect.closeTo(0.8515, 6), std: expect.closeTo(0.05, 6), count: 2 }
    expect(first).toMatchObject({ model: 'alexnet', layer: 'fc6', size: 125, variant: 'top-left', ...numbers })
  })

  it('shows texts instead of names in figures and LaTeX, and the names in all other files', async () => {
    await storeStudy()
    await writeReport(inFolder(), { labels: { fc8: 'class scores' }, limits: { low: 0.5, high: 1 } })
    const texts = [read('figures', 'figure-3-patches-125.svg'), read('tables', 'table-1-similarity-125.tex')]
    for (const text of texts) expect([/fc8/.test(text), /class scores/.test(text)]).toEqual([false, true])
    expect(texts[0]).toContain('>0.5<')
    expect(read('tables', 'table-1-similarity-125.md')).toContain('| fc8 |')
  })

  it('says under every table which networks were measured otherwise', async () => {
    await storeStudy()
    await storeUnit(inFolder(), { patch: 'car', model: 'resnet50', background: '#808080', precision: 'fp16' }, 0.8)
    const notes: string[] = []
    await writeReport(inFolder(), { onProgress: listenTo({ note: (line) => void notes.push(String(line)) }) })
    const line =
      'background white (alexnet 125, own/net 75) or #808080 (resnet50 125); precision fp32 (alexnet 125, own/net 75) or fp16 (resnet50 125).'
    for (const text of [...notes, read('tables', 'table-1-similarity-125.md'), read('index.html')])
      expect(text).toContain(line)
    expect(notes).toHaveLength(1)
  })

  it('removes what killed reports left, not what others are writing', async () => {
    await storeUnit(inFolder())
    const left = `.tmp-${thisMachine()}-${DEAD_PID}-01234567-site`
    const living = `.tmp-${thisMachine()}-${process.pid}-01234567-site`
    for (const name of [left, living, join('tables', left)]) mkdirSync(inFolder(name, 'maps'), { recursive: true })
    await writeReport(inFolder())
    expect(readdirSync(inFolder()).filter(isTemporaryName)).toEqual([living])
  })

  it('of arithmetic alone leaves nothing of an earlier report of units', async () => {
    await storeStudy()
    const { accuracy } = studyOf('net', [countsOf()])
    mkdirSync(inFolder('arithmetic', 'net'), { recursive: true })
    await writeAccuracy(inFolder('arithmetic', 'net', 'accuracy.json'), accuracy as NonNullable<typeof accuracy>)
    await writeReport(inFolder())
    expect(existsSync(inFolder('site'))).toBe(true)
    rmSync(inFolder('units'), { recursive: true })
    symlinkSync('units', inFolder('units'))
    await expect(writeReport(inFolder())).rejects.toThrow(`cannot read ${inFolder('units')}: ELOOP`)
    expect(existsSync(inFolder('site'))).toBe(true)
    rmSync(inFolder('units'))
    mkdirSync(inFolder('units', 'net', '75'), { recursive: true })
    await writeReport(inFolder())
    expect(readdirSync(inFolder()).sort()).toEqual(['arithmetic', 'index.html', 'summary.json', 'tables', 'units'])
  })

  it('leaves the page with the maps that it was made with if findings.md cannot be written', async () => {
    await storeStudy()
    await writeReport(inFolder())
    const page = async () => [await contents(inFolder('site')), read('index.html')]
    const before = await page()
    await storeUnit(inFolder(), { patch: 'bird' }, 0.7)
    const blocked = inFolder('findings.md')
    rmSync(blocked)
    mkdirSync(join(blocked, 'in the way'), { recursive: true })
    await expect(writeReport(inFolder())).rejects.toThrow(`cannot write ${blocked}: there is a folder of this name`)
    expect(await page()).toEqual(before)
    expect(readdirSync(inFolder()).filter(isTemporaryName)).toEqual([])
  })

  it('leaves nothing of one that is refused while files of the page are still being written', async () => {
    cpSync(study, inFolder('study'), { recursive: true })
    const results = inFolder('results')
    mkdirSync(results)
    for (const part of ['units', 'pictures']) renameSync(inFolder('study', part), join(results, part))
    const last = { model: 'tiny-alexnet-aa', size: 75, patch: 'dog' }
    writeFileSync(join(unitFolder(results, last), 'features-fc8.npy'), 'damaged')
    for (let i = 0; i < 3; i++) await expect(writeReport(results)).rejects.toThrow(InputError)
    expect(readdirSync(results).sort()).toEqual(['pictures', 'units'])
  })

  it('is refused before it writes for limits that do not rise, for a folder without units and for a damaged one', async () => {
    await storeUnit(inFolder('good'))
    const fromTo = (low: number, high: number) => ({ low, high })
    const { NaN: none, POSITIVE_INFINITY: most } = Number
    for (const limits of [fromTo(1, 0.88), fromTo(1, 1), fromTo(none, 1), fromTo(-most, 1), fromTo(0, most)])
      await expect(writeReport(inFolder('good'), { limits })).rejects.toThrow(UsageError)
    await expect(writeReport(inFolder('nothing'))).rejects.toThrow(InputError)
    writeFileSync(join(unitFolder(inFolder('good'), inputs), 'similarity.npy'), '')
    await expect(writeReport(inFolder('good'))).rejects.toThrow(InputError)
    expect([readdirSync(inFolder()), readdirSync(inFolder('good'))]).toEqual([['good'], ['units']])
  })
})
