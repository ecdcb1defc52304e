import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { platformGap } from '../../src/engine/devices/device.js'
import { gpuFasterThan } from '../../src/engine/open/executionRequest.js'
import { sceneOf } from '../../src/engine/scene/scene.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { start } from '../support/commandLine.js'
import { runHere } from '../support/inProcess.js'
import { leftOut } from '../support/leftOut.js'
import { stripes } from '../support/stripes.js'
import { sharedFolder } from '../support/temporaryFolder.js'
import { relativeDistance, tryWebgpu } from '../support/webgpu.js'

const folder = sharedFolder()
const trial = await tryWebgpu()
const isSoftware = trial.runs && trial.software === true

const EXTRACT = ['extract', '--model', 'tiny-alexnet', '--patch', 'airplane', '--size', '125', '--stride', '50']
const json = (...way: string[]) => JSON.parse(readFileSync(folder(...way), 'utf8'))

const hasVulkan = process.platform === 'linux' && platformGap('webgpu') === undefined
it.skipIf(leftOut(!hasVulkan, 'ONNX Runtime has no WebGPU here'))(
  'a GPU without a driver is named with what to install',
  async () => {
    // Variables that hide every driver from Vulkan's loader.
    const hidden = { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' }
    const { status, stderr } = await start([...EXTRACT, '--device', 'webgpu', '--out', folder('none')], hidden).ended
    const line = /^shiftscope: device webgpu is not usable: .*adapter.*install the graphics card's driver.*\n$/
    expect([status, stderr]).toEqual([4, expect.stringMatching(line)])
  },
)

describe.skipIf(!trial.runs)('--device webgpu', () => {
  it('extracts the features of the processor, and tells what ran', async () => {
    for (const device of ['auto', 'webgpu']) {
      const run = await runHere([...EXTRACT, '--batch', '4', '--device', device, '--out', folder(device)])
      expect(run.status, run.stderr).toBe(0)
      const noise = /tiny-alexnet on webgpu \(.*\): fp32 features differ from the processor's by at most \d\.\de-\d+ /
      expect(noise.test(run.stderr)).toBe(device === 'webgpu')
      const slower = /^webgpu runs on .*, which is not a GPU but computes on the processor; --device cpu is faster$/m
      expect(slower.test(run.stderr)).toBe(device === 'webgpu' && isSoftware)
    }
    const onProcessor = json('auto', 'extract.json')
    expect(onProcessor).toMatchObject({ device: 'cpu', executionProvider: 'CPUExecutionProvider' })
    expect(onProcessor).not.toHaveProperty('noiseFloor')
    const adapter = trial.runs && trial.adapter
    const onWebgpu = json('webgpu', 'extract.json')
    const ran = { device: 'webgpu', executionProvider: 'WebGpuExecutionProvider', adapter, precision: 'fp32' }
    expect(onWebgpu).toMatchObject({ ...ran, noiseFloor: { positions: 8 } })
    for (const { name, file } of onWebgpu.layers) {
      expect(await relativeDistance(folder('auto', file), folder('webgpu', file))).toBeLessThan(1e-5)
      expect(onWebgpu.noiseFloor.relative[name]).toBeLessThan(1e-5)
    }
  })

  it.skipIf(leftOut(!isSoftware, 'there is no adapter of software'))(
    'is never chosen by auto if it is software',
    async () => {
      const network = await chooseNetwork({ model: 'tiny-alexnet' })
      const request = { name: 'webgpu', index: null, precision: 'fp32' } as const
      const execution = {
        network,
        scene: sceneOf(stripes(75)),
        images: 1e6,
        request,
        wished: { batch: 2 },
        onNote: () => undefined,
      }
      expect(await gpuFasterThan(execution, 0)).toBeUndefined()
    },
  )
})
