import { mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { adapterIn } from '../../../src/engine/backends/process.js'
import { placementOf } from '../../../src/engine/backends/session.js'
import {
  devicesOf,
  executionProviders,
  isSoftware,
  nvidiaModels,
  parseDevice,
} from '../../../src/engine/devices/device.js'
import { DEVICE_NAMES } from '../../../src/engine/devices/providers.js'
import { largestDistance } from '../../../src/engine/features/distance.js'
import { deviceText, strayReason } from '../../../src/engine/open/deviceTrial.js'
import { deviceBatches, openExecution } from '../../../src/engine/open/executionRequest.js'
import { checkNoise } from '../../../src/engine/open/noiseFloor.js'
import { sceneOf } from '../../../src/engine/scene/scene.js'
import { DeviceError, UsageError } from '../../../src/errors.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { describedNetwork } from '../../support/smallNetwork.js'
import { stripes } from '../../support/stripes.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const network = describedNetwork({ onnxPath: 'models/tiny-alexnet.onnx', weightsBytes: 1000 })

describe('a device in words', () => {
  it('is a name, or a name and an index where there are several', () => {
    for (const name of DEVICE_NAMES) expect(parseDevice(name)).toEqual({ name, index: null, precision: 'fp32' })
    for (const name of ['cuda', 'tensorrt', 'directml'])
      expect(parseDevice(`${name}:012`, 'fp16')).toEqual({ name, index: 12, precision: 'fp16' })
  })

  it.each([
    ['webgpu:1', 'only cuda, tensorrt, directml accept one; leave :1 out'],
    ['auto:0', 'only cuda'],
    ['gpu', 'use auto, cpu, webgpu'],
    ['cuda:', 'is not known'],
    ['cuda:-1', 'is not known'],
    ['cuda:1000', 'is not known'],
    ['cuda:1 ', 'is not known'],
    ['CUDA', 'is not known'],
    ['', 'is not known'],
  ])('is refused as %j', (text, message) => {
    expect(() => parseDevice(text)).toThrow(UsageError)
    expect(() => parseDevice(text)).toThrow(message)
  })

  it('stands for the GPU of its index, as ONNX Runtime is told and users are', () => {
    expect(devicesOf('cuda', 3)).toEqual([{ name: 'cuda', index: 3 }])
    expect(devicesOf('webgpu', null)).toEqual([{ name: 'webgpu', index: 0 }])
    expect(executionProviders({ name: 'webgpu', index: 0 })).toEqual(['webgpu'])
    expect(executionProviders({ name: 'directml', index: 1 })).toEqual([{ name: 'dml', deviceId: 1 }])
    const both = ['tensorrt', 'cuda'].map((name) => ({ name, deviceId: 1 }))
    expect(executionProviders({ name: 'tensorrt', index: 1 })).toEqual(both)
    expect([deviceText({ name: 'cuda', index: 0 }), deviceText({ name: 'cuda', index: 1 })]).toEqual(['cuda', 'cuda:1'])
  })

  it('is refused with what is the processor’s or a GPU’s alone, and where it is not there', async () => {
    const open = (name: 'webgpu' | 'directml' | 'cuda' | 'auto', changes: object) => {
      const execution = { network, scene: sceneOf(stripes(1)), images: 8, wished: {}, onNote: () => undefined }
      return openExecution({ ...execution, request: { name, index: null, precision: 'fp32' }, ...changes })
    }
    await expect(open('webgpu', { wished: { threads: 2 } })).rejects.toThrow('`threads` works only on the processor')
    await expect(open(process.platform === 'linux' ? 'directml' : 'cuda', {})).rejects.toThrow(DeviceError)
    for (const name of ['auto', 'cpu'])
      expect(() => parseDevice(name, 'fp16')).toThrow('`precision fp16` works only on GPUs')
  })
})

describe('what the system tells of its GPUs', () => {
  it('is read from the lines of the Vulkan loader', () => {
    const line = '[Vulkan Loader] DRIVER:   Using "llvmpipe (LLVM 19.1.7, 256 bits)" with driver: "libvulkan_lvp.so"\n'
    expect(adapterIn(`noise\n${line}`)).toBe('llvmpipe (LLVM 19.1.7, 256 bits)')
    expect(adapterIn('Warning: vkCreateInstance failed')).toBeNull()
  })

  it('tells software from cards', () => {
    const software = ['llvmpipe (LLVM 19.1.7, 256 bits)', 'SwiftShader Device', 'Microsoft Basic Render Driver']
    const cards = ['NVIDIA H100 80GB HBM3', 'AMD Radeon RX 7900 XTX (RADV NAVI31)', 'Intel(R) Arc(tm) A770']
    expect([...software, ...cards].filter(isSoftware)).toEqual(software)
  })

  it("is read from the files of NVIDIA's driver, as far as CUDA may see the cards", () => {
    expect(nvidiaModels(inFolder('absent'))).toEqual([])
    const information = ['Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 41\nGPU UUID: \t GPU-6a1b-77\n', 'unknown']
    for (const [i, text] of information.entries()) {
      mkdirSync(inFolder(`0000:0${i}:00.0`))
      writeFileSync(inFolder(`0000:0${i}:00.0`, 'information'), text)
    }
    const [a100, other] = ['NVIDIA A100-SXM4-40GB', 'NVIDIA GPU']
    for (const [visible, models] of [
      [undefined, [a100, other]],
      ['', []],
      ['1', [other]],
      ['1,0', [other, a100]],
      [' 0 , 1', [a100, other]],
      ['0,7,1', [a100]],
      ['-1', []],
      ['GPU-6a1b', [a100]],
      ['GPU-9', []],
      ['MIG-6a1b-77/0/0,MIG-6a1b-77/0/1', [other]],
    ] as const)
      expect(nvidiaModels(inFolder(), visible), visible).toEqual(models)
  })
})

describe('the placement of operators', () => {
  const record = (op_name: string, provider: string) => ({ cat: 'Node', args: { op_name, provider } })
  const [CPU, CUDA] = ['CPUExecutionProvider', 'CUDAExecutionProvider']
  const placed = (...records: object[]) => placementOf(JSON.stringify(records))

  it('is counted by provider, whatever else a profile holds', () => {
    const heavy = ['FusedConv', 'Gemm', 'MatMul'].map((name) => record(name, CUDA))
    const other = [record('Relu', CUDA), record('Conv', CPU), record('Gather', CPU)]
    const foreign = [
      { cat: 'Session', args: { op_name: 'Conv' } },
      { cat: 'Node', args: { provider: CPU } },
      { cat: '' },
    ]
    const counted = { operators: { [CUDA]: 4, [CPU]: 2 }, heavy: { [CUDA]: 3, [CPU]: 1 } }
    expect(placed(...heavy, ...other, ...foreign)).toEqual(counted)
  })

  it.each([
    ['cuda', [CUDA], undefined],
    ['cuda', [CUDA, CPU], 'ONNX Runtime ran 1 of 2 convolutions and matrix products on the processor'],
    ['cuda', [CPU], 'ONNX Runtime ran no operator on it'],
    ['cpu', [CPU], undefined],
  ] as const)('on %s of convolutions on %j is refused by: %s', (name, providers, reason) => {
    expect(strayReason({ name, index: 0 }, placed(...providers.map((one) => record('Conv', one))))).toBe(reason)
  })
})

it('devices have batches to choose from, but for what is fixed', () => {
  const one = [{ name: 'cuda', index: 0 }] as const
  const fixed = { ...network, input: { ...imagenetInput, batch: 4 } }
  expect(deviceBatches(network, {}, [...one, { name: 'cuda', index: 1 }])).toEqual([32, 64, 128, 256, 512, 1024])
  expect(deviceBatches(network, {}, [{ name: 'tensorrt', index: 0 }])).toEqual([32, 128])
  expect(deviceBatches(network, { batch: 5, workers: 2 }, one)).toEqual([5])
  expect(deviceBatches(fixed, {}, one)).toEqual([4])
  expect(() => deviceBatches(fixed, { batch: 5 }, one)).toThrow(UsageError)
  expect(() => deviceBatches(network, { workers: 0 }, one)).toThrow(UsageError)
})

describe('the distance of features', () => {
  it.each([
    [[3, 4, 0, 5], [3, 4, 0, 5], 0],
    [[3, 4, 0, 6], [3, 4, 0, 5], 0.2],
    [[3, 1, 0, 6], [3, 4, 0, 5], 0.6],
    [[1, 0], [0, 0], Number.POSITIVE_INFINITY],
    [[0, 0], [0, 0], 0],
    [[Number.NaN, 1], [1, 1], Number.POSITIVE_INFINITY],
  ])('of %j from %j, two of a position, is that of the farthest position: %d', (found, expected, distance) => {
    expect(largestDistance(Float32Array.from(found), Float32Array.from(expected), 2)).toBeCloseTo(distance, 6)
  })

  it('is refused where it cannot be rounding', () => {
    const noise = (distance: number) => ({ positions: 8, relative: { fc6: 1e-6, fc7: distance } })
    expect(() => checkNoise('cuda', noise(0.01))).not.toThrow()
    for (const distance of [0.0101, Number.POSITIVE_INFINITY])
      expect(() => checkNoise('cuda', noise(distance))).toThrow(
        /device cuda computes wrong features \(in fc7, their relative difference .*\)/,
      )
    expect(() => checkNoise('cuda', noise(0.1), 'fp16')).not.toThrow()
    expect(() => checkNoise('cuda', noise(0.11), 'fp16')).toThrow(DeviceError)
  })
})
