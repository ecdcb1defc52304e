import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { platformGap } from '../../src/engine/device.js'
import { readNpy } from '../../src/files/npy.js'
import { modelsFolder } from '../../src/files/package.js'
import { start } from '../support/commandLine.js'
import { runHere } from '../support/inProcess.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { tryWebgpu } from '../support/webgpu.js'

const folder = sharedFolder()
const trial = await tryWebgpu()

const EXTRACT = ['extract', '--model', 'tiny-alexnet', '--patch', 'airplane', '--size', '125', '--stride', '50']
const json = (...way: string[]) => JSON.parse(readFileSync(folder(...way), 'utf8'))

/** The largest difference of two arrays of one shape, relative to the largest value of the first. */
async function distance(first: string, second: string): Promise<number> {
  const [one, other] = [await readNpy(first), await readNpy(second)]
  expect(other.shape).toEqual(one.shape)
  const largest = one.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return one.data.reduce((most, value, i) => Math.max(most, Math.abs(value - (other.data[i] as number))), 0) / largest
}

const hasVulkan = process.platform === 'linux' && platformGap('webgpu') === undefined
it.skipIf(!hasVulkan)('a GPU without a driver is named with what to install', async () => {
  // Variables that hide every driver from Vulkan's loader.
  const hidden = { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' }
  const { status, stderr } = await start([...EXTRACT, '--device', 'webgpu', '--out', folder('none')], hidden).ended
  const line = /^shiftscope: device webgpu is not usable: .*adapter.*install the graphics card's driver.*\n$/
  expect([status, stderr]).toEqual([4, expect.stringMatching(line)])
})

describe.skipIf(!trial.runs)('--device webgpu', () => {
  beforeAll(() => {
    mkdirSync(folder('patches'))
    copyFileSync(`${modelsFolder()}/patches/dog.png`, folder('patches', 'dog.png'))
  })

  it('extracts the features of the processor, and tells what ran', async () => {
    for (const device of ['auto', 'webgpu']) {
      const run = await runHere([...EXTRACT, '--batch', '4', '--device', device, '--out', folder(device)])
      expect(run.status, run.stderr).toBe(0)
      const noise = /tiny-alexnet on webgpu \(.*\): fp32 features within \d\.\de-\d+ of the processor's/
      expect(noise.test(run.stderr)).toBe(device === 'webgpu')
    }
    const onProcessor = json('auto', 'extract.json')
    expect(onProcessor).toMatchObject({ device: 'cpu', executionProvider: 'CPUExecutionProvider' })
    expect(onProcessor).not.toHaveProperty('noiseFloor')
    const adapter = trial.runs && trial.adapter
    const onWebgpu = json('webgpu', 'extract.json')
    expect(onWebgpu).toMatchObject({ device: 'webgpu', executionProvider: 'WebGpuExecutionProvider', adapter })
    for (const { name, file } of onWebgpu.layers) {
      expect(await distance(folder('auto', file), folder('webgpu', file))).toBeLessThan(1e-5)
      expect(onWebgpu.noiseFloor.relative[name]).toBeLessThan(1e-5)
    }
  })

  it('finds the maps of the processor in a study, whichever experiments need the features', async () => {
    const where = ['--sizes', '200', '--stride', '8', '--patches', folder('patches'), '--batch', '8']
    const what = ['reproduce', '--models', 'tiny-alexnet', '--layers', 'fc6,fc8', '--cv', 'shuffled', ...where]
    const studies = [
      ['expected', 'cpu', 'similarity'],
      ['cosines', 'webgpu', 'similarity'],
      ['features', 'webgpu', 'similarity,separability'],
    ] as const
    for (const [out, device, experiments] of studies) {
      const words = [...what, '--device', device, '--experiments', experiments, '--no-report', '--out', folder(out)]
      expect((await runHere(words)).status).toBe(0)
    }
    const unit = (out: string, file: string) => folder(out, 'units', 'tiny-alexnet', '200', 'dog', file)
    for (const out of ['cosines', 'features'])
      for (const file of ['similarity.npy', 'anchors-fc6.npy', 'anchors-fc8.npy', 'answers-fc8.npy'])
        expect(await distance(unit('expected', file), unit(out, file)), `${out} ${file}`).toBeLessThan(1e-5)
    const settings = { device: 'webgpu', executionProvider: 'WebGpuExecutionProvider', batch: 8, precision: 'fp32' }
    expect(json('cosines', 'run.json').settings['tiny-alexnet']).toMatchObject(settings)
    // Features of another precision are others.
    const halves = ['--device', 'webgpu', '--precision', 'fp16', '--dry-run', '--json', '--out', folder('cosines')]
    const { stdout } = await runHere([...what, '--experiments', 'similarity', ...halves])
    expect(JSON.parse(stdout)).toMatchObject({ finished: 0, replaced: 1 })
  })
})
