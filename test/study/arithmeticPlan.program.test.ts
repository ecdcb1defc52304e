import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { InterruptedError } from '../../src/errors.js'
import { ARITHMETIC_SCENES } from '../../src/experiments/arithmeticScenes.js'
import { readBackground } from '../../src/patches/background.js'
import { builtInPatches } from '../../src/patches/collection.js'
import { silent } from '../../src/progress.js'
import { writeReport } from '../../src/report/report.js'
import { writeAccuracy } from '../../src/results/arithmeticDocument.js'
import { readArithmeticStudies } from '../../src/results/arithmeticStudy.js'
import { computeArithmeticPlan, imagesOfArithmetic, planArithmetic } from '../../src/study/arithmeticPlan.js'
import { chooseGenerators } from '../../src/study/generators.js'
import { contents } from '../support/commandLine.js'
import { fixedGenerator } from '../support/fixedGenerator.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()

async function plan(out: string, changes: { trialsPerKind?: number; seed?: number; blend?: 'hard' | 'soft' } = {}) {
  const file = inFolder('of-fc6.onnx')
  const generators = [existsSync(file) ? file : await fixedGenerator(file, 768)]
  return planArithmetic(await chooseGenerators({ generators }), {
    out,
    patches: (await builtInPatches()).slice(0, 3),
    background: await readBackground('white', 224),
    blend: 'hard',
    trialsPerKind: 3,
    seed: 0,
    ...changes,
  })
}

const CPU = { name: 'cpu', index: null } as const

const compute = async (out: string, signal?: AbortSignal) => computeArithmeticPlan(await plan(out), CPU, silent, signal)

describe('arithmetic of a study', () => {
  it('holds every scene and the counts, and is not computed again', async () => {
    const out = inFolder('results')
    const first = await plan(out)
    expect(first.scenes).toHaveLength(ARITHMETIC_SCENES.length)
    // Two images or three of every scene, its expectation and the blank frame; of a trial two, one, and one an object.
    const images = ARITHMETIC_SCENES.reduce((sum, scene) => sum + Object.keys(scene.images).length + 2, 0)
    expect(imagesOfArithmetic(first)).toBe(images + 3 * (7 + 6 + 6 + 7))
    await computeArithmeticPlan(first, CPU, silent, undefined)
    const [study] = await readArithmeticStudies(out)
    expect(study?.scenes.map(({ name }) => name)).toEqual(ARITHMETIC_SCENES.map(({ name }) => name))
    expect(study?.accuracy?.done).toBe(12)
    expect(imagesOfArithmetic(await plan(out))).toBe(0)
    expect((await plan(out, { seed: 1 })).accuracy.before).toEqual({ done: 0, counts: [] })
    expect((await plan(out, { trialsPerKind: 4 })).accuracy.before).not.toBeNull()
    expect((await plan(out, { blend: 'soft' })).scenes).toHaveLength(ARITHMETIC_SCENES.length)
  })

  it('computes a damaged or missing scene again, and that alone', async () => {
    const out = inFolder('results')
    await compute(out)
    const before = await contents(out)
    const base = ['results', 'arithmetic', 'tiny-alexnet']
    writeFileSync(inFolder(...base, 'move', 'fc6-result.npy'), 'damaged')
    rmSync(inFolder(...base, 'large'), { recursive: true })
    expect((await plan(out)).scenes.map(({ folder }) => folder.split('/').at(-1))).toEqual(['move', 'large'])
    await compute(out)
    expect(await contents(out)).toEqual(before)
  })

  it('goes on where it was stopped, with the same counts', async () => {
    await compute(inFolder('whole'))
    const out = inFolder('stopped')
    const stop = new AbortController()
    const scenesOnly = imagesOfArithmetic(await plan(out)) - 3 * (7 + 6 + 6 + 7)
    const progress = { ...silent, update: (done: number) => done > scenesOnly && stop.abort(new InterruptedError()) }
    const stopped = computeArithmeticPlan(await plan(out), CPU, progress, stop.signal)
    await expect(stopped).rejects.toThrow(InterruptedError)
    const left = await plan(out)
    expect(left.scenes).toEqual([])
    expect(left.accuracy.before?.done).toBeGreaterThan(0)
    await computeArithmeticPlan(left, CPU, silent, undefined)
    expect(await contents(inFolder('stopped'))).toEqual(await contents(inFolder('whole')))
  })

  it('counts again where the stored counts were changed or are of another number of expressions', async () => {
    const out = inFolder('results')
    await compute(out)
    const file = inFolder('results', 'arithmetic', 'tiny-alexnet', 'accuracy.json')
    const whole = readFileSync(file, 'utf8')
    const from = { done: 0, counts: [] }
    for (const done of [-4, 0.5, 11]) {
      writeFileSync(file, whole.replace('"done": 12', `"done": ${done}`))
      expect((await plan(out)).accuracy.before).toEqual(from)
      renameSync(file, `${file}.partial`)
      expect((await plan(out)).accuracy.before).toEqual(from)
    }
    const { done: _, sha256: __, ...rest } = JSON.parse(whole)
    for (const done of [11, 13]) {
      await writeAccuracy(file, { ...rest, done })
      await writeAccuracy(`${file}.partial`, { ...rest, done })
      expect((await plan(out)).accuracy.before?.done).toBe(done === 11 ? 11 : 0)
    }
    await compute(out)
    expect(readFileSync(file, 'utf8')).toBe(whole)
  })

  it('is reported alone: summary, tables and a page, the same bytes again', async () => {
    const out = inFolder('results')
    await compute(out)
    const { rows, findings } = await writeReport(out)
    expect(findings).toEqual([])
    // Of all kinds together: each origin by three references, the control by pixels.
    const all = rows.filter(({ metric, variant }) => metric === 'arithmetic-exact' && variant.endsWith(' all'))
    expect(all).toHaveLength(7)
    expect(JSON.parse(readFileSync(inFolder('results', 'summary.json'), 'utf8'))).toEqual(rows)
    const page = readFileSync(inFolder('results', 'index.html'), 'utf8')
    for (const [, source] of page.matchAll(/<img src="([^"]+)"/g))
      expect(statSync(inFolder('results', ...decodeURIComponent(source as string).split('/'))).size).toBeGreaterThan(
        1000,
      )
    expect(page.match(/<img /g)).toHaveLength(ARITHMETIC_SCENES.length)
    const before = await contents(out)
    await writeReport(out)
    expect(await contents(out)).toEqual(before)
  })
})
