import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { modelsFolder } from '../../src/files/package.js'
import { runHere } from '../support/inProcess.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { relativeDistance, tryWebgpu } from '../support/webgpu.js'

const folder = sharedFolder()
const trial = await tryWebgpu()
const json = (...way: string[]) => JSON.parse(readFileSync(folder(...way), 'utf8'))

describe.skipIf(!trial.runs)('--device webgpu', () => {
  it('finds the maps of the processor in a study, whichever experiments need the features', async () => {
    mkdirSync(folder('patches'))
    copyFileSync(`${modelsFolder()}/patches/dog.png`, folder('patches', 'dog.png'))
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
        expect(await relativeDistance(unit('expected', file), unit(out, file)), `${out} ${file}`).toBeLessThan(1e-5)
    const settings = { device: 'webgpu', executionProvider: 'WebGpuExecutionProvider', batch: 8, precision: 'fp32' }
    expect(json('cosines', 'run.json').settings['tiny-alexnet']).toMatchObject(settings)
    // Features of another precision are others.
    const halves = ['--device', 'webgpu', '--precision', 'fp16', '--dry-run', '--json', '--out', folder('cosines')]
    const { stdout } = await runHere([...what, '--experiments', 'similarity', ...halves])
    expect(JSON.parse(stdout)).toMatchObject({ finished: 0, replaced: 1 })
  })

  it('extracts in fp16 the features of the processor within its rounding', async () => {
    const what = ['extract', '--model', 'tiny-alexnet-aa', '--patch', 'airplane', '--size', '125', '--stride', '50']
    const devices = [
      ['cpu', 'fp32'],
      ['webgpu', 'fp16'],
    ] as const
    for (const [device, precision] of devices) {
      const words = ['--batch', '4', '--device', device, '--precision', precision, '--out', folder(precision)]
      expect((await runHere([...what, ...words])).status).toBe(0)
    }
    for (const { file } of json('fp16', 'extract.json').layers) {
      const distance = await relativeDistance(folder('fp32', file), folder('fp16', file))
      expect(distance).toBeGreaterThan(1e-4)
      expect(distance).toBeLessThan(0.1)
    }
  })
})
