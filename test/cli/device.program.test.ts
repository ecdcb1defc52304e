import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { platformGap } from '../../src/engine/device.js'
import { readNpy } from '../../src/files/npy.js'
import type { Unit } from '../../src/results/unit/schema.js'
import { type Ended, shiftscope, start } from '../support/commandLine.js'
import { tryWebgpu } from '../support/webgpu.js'

const PATCH = fileURLToPath(new URL('../../models/patches/airplane.png', import.meta.url))
const trial = await tryWebgpu()

/** Variables that hide every driver from Vulkan's loader. */
const NO_VULKAN = { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' }

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function extraction(device: string, out: string): string[] {
  const what = ['extract', '--model', 'tiny-alexnet', '--patch', PATCH, '--size', '125', '--stride', '50']
  return [...what, '--batch', '4', '--device', device, '--out', join(folder, out)]
}

async function json(...path: string[]) {
  return JSON.parse(await readFile(join(folder, ...path), 'utf8'))
}

describe('--device', () => {
  it.each(['gpu', 'webgpu:1', 'cuda:x'])('refuses %s as wrong usage', async (device) => {
    const { status, stderr } = await shiftscope(...extraction(device, 'refused'))
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^shiftscope: device .*\n$/)])
  })

  it.each(['cpu', 'auto'])('%s computes in float32 alone', async (device) => {
    const { status, stderr } = await shiftscope(...extraction(device, 'refused'), '--precision', 'fp16')
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^shiftscope: --precision fp16 is for GPUs/)])
  })

  it('names a provider that is not part of this platform', async () => {
    const device = process.platform === 'linux' ? 'directml' : 'cuda'
    const { status, stderr } = await shiftscope(...extraction(device, 'absent'))
    expect([status, stderr]).toEqual([
      4,
      expect.stringMatching(/^shiftscope: device \w+ is not usable: .*--device cpu\n$/),
    ])
    const out = join(folder, 'absent')
    const study = await shiftscope('reproduce', '--models', 'tiny-alexnet', '--device', device, '--out', out)
    expect([study.status, study.stderr]).toEqual([4, stderr])
    expect(existsSync(out)).toBe(false)
  })

  const hasVulkan = process.platform === 'linux' && platformGap('webgpu') === undefined
  it.skipIf(!hasVulkan)('names a GPU without a driver, and what to install', async () => {
    const { status, stderr } = await start(extraction('webgpu', 'driverless'), NO_VULKAN).ended
    expect(status).toBe(4)
    expect(stderr).toMatch(
      /^shiftscope: device webgpu is not usable: .*adapter.*install the graphics card's driver.*\n$/,
    )
  })

  it('records what ran on the processor, and says it', async () => {
    const { status, stdout } = await shiftscope(...extraction('auto', 'processor'), '--json')
    expect(status).toBe(0)
    for (const description of [await json('processor', 'extract.json'), JSON.parse(stdout)]) {
      expect(description).toMatchObject({ device: 'cpu', executionProvider: 'CPUExecutionProvider' })
      expect(description).not.toHaveProperty('noiseFloor')
    }
  })
})

let native: Promise<Ended> | undefined
/** The extraction of the processor, once, in the folder `native`. */
function extractNatively(): Promise<Ended> {
  native ??= shiftscope(...extraction('cpu', 'native'))
  return native
}

describe.skipIf(!trial.runs)('--device webgpu', () => {
  it('extracts the features of the processor and records what ran', async () => {
    const [onProcessor, onWebgpu] = [await extractNatively(), await shiftscope(...extraction('webgpu', 'webgpu'))]
    expect([onProcessor.status, onWebgpu.status]).toEqual([0, 0])
    expect(onWebgpu.stderr).toMatch(
      /tiny-alexnet on webgpu \(.*\): fp32 features within \d\.\de-\d+ of the processor's/,
    )
    const description = await json('webgpu', 'extract.json')
    expect(description).toMatchObject({ device: 'webgpu', executionProvider: 'WebGpuExecutionProvider' })
    expect(description.adapter).toBe(trial.runs && trial.adapter)
    for (const { name, file } of description.layers) {
      const [expected, found] = [
        await readNpy(join(folder, 'native', file)),
        await readNpy(join(folder, 'webgpu', file)),
      ]
      expect(found.shape).toEqual(expected.shape)
      const distance = Math.hypot(...found.data.map((value, i) => value - (expected.data[i] as number)))
      expect(distance / Math.hypot(...expected.data)).toBeLessThan(1e-5)
      expect(description.noiseFloor.relative[name]).toBeLessThan(1e-5)
    }
  })

  const names = ['airplane', 'dog']
  beforeAll(() => {
    mkdirSync(join(folder, 'patches'))
    for (const name of names) cpSync(join(dirname(PATCH), `${name}.png`), join(folder, 'patches', `${name}.png`))
  })

  /** The options of a study of two patches, whose results folder has a name. */
  function studyOf(device: string, experiments: string, out: string): string[] {
    const positions = ['--sizes', '200', '--stride', '8', '--patches', join(folder, 'patches'), '--batch', '8']
    const what = ['reproduce', '--models', 'tiny-alexnet', '--layers', 'fc6,fc8', '--experiments', experiments]
    return [...what, ...positions, '--device', device, '--out', join(folder, out)]
  }
  let ofCosines: Promise<Ended> | undefined
  /** The study that needs no features, once, in the folder `cosines`. */
  function cosines(): Promise<Ended> {
    ofCosines ??= shiftscope(...studyOf('webgpu', 'similarity', 'cosines'))
    return ofCosines
  }

  it('runs a study and records what ran', async () => {
    const { status, stderr } = await cosines()
    expect([status, stderr]).toEqual([0, expect.stringContaining('2 of 2 units computed')])
    const run = await json('cosines', 'run.json')
    expect(run.device).toBe('webgpu')
    expect(run.settings['tiny-alexnet']).toMatchObject({
      device: 'webgpu',
      executionProvider: 'WebGpuExecutionProvider',
      batch: 8,
      precision: 'fp32',
      noiseFloor: { positions: 8 },
    })
    for (const [precision, finished] of [
      ['fp32', 2],
      ['fp16', 0],
    ] as const) {
      const estimate = ['--dry-run', '--precision', precision, '--json']
      const { stdout } = await shiftscope(...studyOf('webgpu', 'similarity', 'cosines'), ...estimate)
      expect(JSON.parse(stdout).finished).toBe(finished)
    }
  })

  it('finds the maps of the processor, whichever experiments need the features', async () => {
    const both = 'similarity,separability'
    const ended = [await shiftscope(...studyOf('cpu', both, 'expected')), await cosines()]
    ended.push(await shiftscope(...studyOf('webgpu', both, 'features')))
    expect(ended.map(({ status }) => status)).toEqual([0, 0, 0])
    const expected = join(folder, 'expected')
    for (const found of [join(folder, 'cosines'), join(folder, 'features')]) {
      for (const name of names) {
        const unit = join('units', 'tiny-alexnet', '200', name)
        for (const file of ['similarity.npy', 'anchors-fc6.npy', 'anchors-fc8.npy']) {
          const [one, other] = [await readNpy(join(expected, unit, file)), await readNpy(join(found, unit, file))]
          expect(other.shape).toEqual(one.shape)
          const largest = one.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
          other.data.forEach((value, i) => {
            expect(Math.abs(value - (one.data[i] as number))).toBeLessThan(1e-5 * largest)
          })
        }
        const answers = await Promise.all([expected, found].map((out) => readNpy(join(out, unit, 'answers-fc8.npy'))))
        const differences = answers[0]?.data.map((value, i) => Math.abs(value - (answers[1]?.data[i] as number)))
        // Class, its probability, that of the center's class.
        expect(Math.max(...(differences ?? [1]))).toBeLessThan(1e-5)
        const [one, other] = await Promise.all(
          [expected, found].map(async (out) => JSON.parse(await readFile(join(out, unit, 'unit.json'), 'utf8'))),
        )
        const consistencies = ({ layers }: Unit) => layers.map(({ measures }) => measures.consistency)
        expect(consistencies(other)).toEqual(consistencies(one))
      }
    }
  })
})
