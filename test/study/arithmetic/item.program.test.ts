import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { InterruptedError } from '../../../src/errors.js'
import { ARITHMETIC_SCENES } from '../../../src/experiments/arithmetic/scenes.js'
import { readBackground } from '../../../src/patches/background.js'
import { builtInPatches } from '../../../src/patches/collection.js'
import { silent } from '../../../src/progress.js'
import { writeReport } from '../../../src/report/report.js'
import { writeAccuracy } from '../../../src/results/arithmetic/document.js'
import { readArithmeticStudies } from '../../../src/results/arithmetic/study.js'
import { computeArithmetic } from '../../../src/study/arithmetic/compute.js'
import { chooseGenerators, type NetworkWithGenerators } from '../../../src/study/arithmetic/generators.js'
import { arithmeticItem } from '../../../src/study/arithmetic/item.js'
import { contents } from '../../support/commandLine.js'
import { sharedFolder } from '../../support/temporaryFolder.js'

const PER_KIND = 3
const CPU = { name: 'cpu', index: null, precision: 'fp32' } as const
const NOTHING = { done: 0, counts: [] }
/** Two images or three of every scene, its expectation and the blank frame. */
const SCENE_IMAGES = ARITHMETIC_SCENES.reduce((sum, { images }) => sum + Object.keys(images).length + 2, 0)
/** Of an expression of each kind two or three images, its expectation, one without each object, and the blank frame. */
const TRIAL_IMAGES = 7 + 6 + 6 + 7

const inFolder = sharedFolder()
const ACCURACY = 'arithmetic/tiny-alexnet/accuracy.json'
let models: NetworkWithGenerators

type Changes = { trialsPerKind?: number; seed?: number; blend?: 'hard' | 'soft' }

/** The work on a folder. Expressions are computed eight at a time, so that 12 of them can be stopped in between. */
async function item(folder: string, changes: Changes = {}) {
  return arithmeticItem(models, {
    out: inFolder(folder),
    patches: (await builtInPatches()).slice(0, 3),
    background: await readBackground('white', 224),
    blend: 'hard',
    trialsPerKind: PER_KIND,
    seed: 0,
    ...changes,
  })
}

/** What a folder lacks. */
async function missingIn(folder: string, changes: Changes = {}) {
  return (await item(folder, changes)).missing
}

async function compute(folder: string): Promise<void> {
  await computeArithmetic(await item(folder), CPU, silent, undefined)
}

/** A copy of the folder that is whole. */
function copied(folder: string): string {
  cpSync(inFolder('whole'), inFolder(folder), { recursive: true })
  return folder
}

beforeAll(async () => {
  models = await chooseGenerators({ generators: ['tiny-deepsim-fc8'] })
  const first = await item('whole')
  expect([first.missing.scenes.length, first.images]).toEqual([
    ARITHMETIC_SCENES.length,
    SCENE_IMAGES + PER_KIND * TRIAL_IMAGES,
  ])
  await computeArithmetic(first, CPU, silent, undefined)
})

describe('arithmetic of a study', () => {
  it('holds every scene and the counts, and is not computed again', async () => {
    const [study] = await readArithmeticStudies(inFolder('whole'))
    expect(study?.scenes.map(({ name }) => name)).toEqual(ARITHMETIC_SCENES.map(({ name }) => name))
    expect(study?.accuracy?.done).toBe(12)
    expect((await item('whole')).images).toBe(0)
    expect((await missingIn('whole', { seed: 1 })).accuracy.before).toEqual(NOTHING)
    expect((await missingIn('whole', { trialsPerKind: 4 })).accuracy.before).not.toBeNull()
    expect((await missingIn('whole', { blend: 'soft' })).scenes).toHaveLength(ARITHMETIC_SCENES.length)
  })

  it('computes a damaged or missing scene again, and that alone', async () => {
    const folder = inFolder(copied('damaged'), 'arithmetic', 'tiny-alexnet')
    writeFileSync(join(folder, 'move', 'fc8-result.npy'), 'damaged')
    rmSync(join(folder, 'large'), { recursive: true })
    expect((await missingIn('damaged')).scenes.map((scene) => scene.folder)).toEqual(
      ['move', 'large'].map((name) => join(folder, name)),
    )
    await compute('damaged')
    expect(await contents(inFolder('damaged'))).toEqual(await contents(inFolder('whole')))
  })

  it('goes on where it was stopped, with the same counts', async () => {
    rmSync(inFolder(copied('stopped'), ACCURACY))
    const stop = new AbortController()
    const progress = { ...silent, update: (done: number) => done > 0 && stop.abort(new InterruptedError()) }
    const stopped = computeArithmetic(await item('stopped'), CPU, progress, stop.signal)
    await expect(stopped).rejects.toThrow(InterruptedError)
    const left = await missingIn('stopped')
    expect(left.scenes).toEqual([])
    expect(left.accuracy.before?.done).toBe(8)
    await compute('stopped')
    expect(await contents(inFolder('stopped'))).toEqual(await contents(inFolder('whole')))
  })

  it('counts again where the stored counts were changed or are of another number of expressions', async () => {
    const file = inFolder(copied('counted'), ACCURACY)
    const whole = readFileSync(file, 'utf8')
    const counted = async () => (await missingIn('counted')).accuracy.before
    writeFileSync(file, whole.replace('"done": 12', '"done": 11'))
    expect(await counted()).toEqual(NOTHING)
    renameSync(file, `${file}.partial`)
    expect(await counted()).toEqual(NOTHING)
    const { sha256: _, ...rest } = JSON.parse(whole)
    for (const [done, expected] of [
      [11, 11],
      [13, 0],
    ] as const) {
      await writeAccuracy(file, { ...rest, done })
      await writeAccuracy(`${file}.partial`, { ...rest, done })
      expect((await counted())?.done).toBe(expected)
    }
  })

  it('is reported alone: summary, tables and a page with the pictures of every scene', async () => {
    const out = inFolder(copied('reported'))
    const { rows, findings } = await writeReport(out)
    expect(findings).toEqual([])
    // Of all kinds together: each origin by three references, the control by pixels.
    const all = rows.filter(({ metric, variant }) => metric === 'arithmetic-exact' && variant.endsWith(' all'))
    expect(all).toHaveLength(7)
    expect(JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8'))).toEqual(rows)
    const sources = [...readFileSync(join(out, 'index.html'), 'utf8').matchAll(/<img src="([^"]+)"/g)]
    const shown = new Set(sources.map(([, source = '']) => decodeURIComponent(source)))
    const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.png'))
    expect([...shown].sort()).toEqual(files.map((file) => file.replaceAll('\\', '/')).sort())
  })
})
