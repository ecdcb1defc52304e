import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adapterIn } from '../../src/engine/backends/process.js'
import { placementOf } from '../../src/engine/backends/session.js'
import { deviceBatches } from '../../src/engine/choice.js'
import { devicesOf, isSoftware, nvidiaModels, parseDevice } from '../../src/engine/device.js'
import { DEVICE_NAMES } from '../../src/engine/deviceNames.js'
import { strayReason } from '../../src/engine/deviceTrial.js'
import { largestDistance } from '../../src/engine/distance.js'
import { checkNoise } from '../../src/engine/noiseFloor.js'
import { UsageError } from '../../src/errors.js'
import { imagenetInput, type Network } from '../../src/networks/network.js'

const indexed = ['cuda', 'tensorrt', 'directml'] as const

describe('a device in words', () => {
  it('is a name, or a name and an index where there are several', () => {
    for (const name of DEVICE_NAMES) expect(parseDevice(name)).toEqual({ name, index: null })
    fc.assert(
      fc.property(fc.constantFrom(...indexed), fc.integer({ min: 0, max: 999 }), (name, index) => {
        expect(parseDevice(`${name}:${index}`)).toEqual({ name, index })
      }),
    )
  })

  it('is understood or refused, and nothing else', () => {
    const words = fc.tuple(fc.constantFrom(...DEVICE_NAMES, 'gpu', ''), fc.string({ maxLength: 5 }))
    fc.assert(
      fc.property(
        fc.oneof(
          words.map(([name, rest]) => `${name}:${rest}`),
          fc.string(),
        ),
        (text) => {
          try {
            const { name, index } = parseDevice(text)
            expect(text).toMatch(index === null ? name : new RegExp(`^${name}:0*${index}$`))
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError)
          }
        },
      ),
    )
    expect(() => parseDevice('webgpu:1')).toThrow(/only cuda, tensorrt, directml have an index/)
    expect(() => parseDevice('gpu')).toThrow(/use auto, cpu, webgpu/)
  })

  it('stands for the GPU of its index', () => {
    expect(devicesOf('cuda', 3)).toEqual([{ name: 'cuda', index: 3 }])
    expect(devicesOf('webgpu', null)).toEqual([{ name: 'webgpu', index: 0 }])
  })
})

describe('what the system tells of its GPUs', () => {
  it('is read from the lines of the Vulkan loader', () => {
    const line = (name: string) => `[Vulkan Loader] DRIVER:   Using "${name}" with driver: "libvulkan_lvp.so"\n`
    expect(adapterIn(`noise\n${line('llvmpipe (LLVM 19.1.7, 256 bits)')}`)).toBe('llvmpipe (LLVM 19.1.7, 256 bits)')
    expect(adapterIn('Warning: vkCreateInstance failed')).toBeNull()
  })

  it('tells software from cards', () => {
    expect(
      ['llvmpipe (LLVM 19.1.7, 256 bits)', 'SwiftShader Device (Subzero)', 'Microsoft Basic Render Driver'].every(
        isSoftware,
      ),
    ).toBe(true)
    expect(
      ['NVIDIA H100 80GB HBM3', 'AMD Radeon RX 7900 XTX (RADV NAVI31)', 'Intel(R) Arc(tm) A770'].some(isSoftware),
    ).toBe(false)
  })

  it("is read from the files of NVIDIA's driver", () => {
    const folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
    try {
      expect(nvidiaModels(join(folder, 'absent'))).toEqual([])
      for (const [card, text] of [
        ['0000:01:00.0', 'Model: \t\t NVIDIA A100-SXM4-40GB\nIRQ:   \t\t 41\nGPU UUID: \t GPU-6a1b-77\n'],
        ['0000:02:00.0', 'nothing that is known'],
      ] as const) {
        mkdirSync(join(folder, card))
        writeFileSync(join(folder, card, 'information'), text)
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
      ] as const) {
        expect(nvidiaModels(folder, visible), visible).toEqual(models)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the placement of operators', () => {
  const operators = fc.array(
    fc.record({
      op_name: fc.constantFrom('Conv', 'FusedConv', 'Gemm', 'MatMul', 'Relu', 'Gather', 'TRTKernel_graph_1'),
      provider: fc.constantFrom('CPUExecutionProvider', 'CUDAExecutionProvider', 'TensorrtExecutionProvider'),
    }),
  )
  const cuda = { name: 'cuda', index: 0 } as const

  it('is counted by provider, whatever else a profile holds', () => {
    fc.assert(
      fc.property(operators, (ran) => {
        const records = ran.flatMap((args) => [{ cat: 'Node', args }, { cat: 'Session', args: {} }, { cat: 'Other' }])
        const { operators: all, heavy } = placementOf(JSON.stringify(records))
        const count = (provider: string, names: RegExp) =>
          ran.filter((one) => one.provider === provider && names.test(one.op_name)).length || undefined
        for (const provider of new Set(ran.map((one) => one.provider))) {
          expect(all[provider]).toBe(count(provider, /./))
          expect(heavy[provider]).toBe(count(provider, /Conv|Gemm|MatMul/))
        }
      }),
    )
  })

  it('is refused where heavy operators ran on the processor, or nothing on the device', () => {
    const placed = (...providers: string[]) =>
      placementOf(JSON.stringify(providers.map((provider) => ({ args: { op_name: 'Conv', provider } }))))
    expect(strayReason(cuda, placed('CUDAExecutionProvider'))).toBeUndefined()
    expect(strayReason(cuda, placed('CUDAExecutionProvider', 'CPUExecutionProvider'))).toMatch(/1 of 2 convolutions/)
    expect(strayReason(cuda, placed('CPUExecutionProvider'))).toMatch(/everything on other providers/)
    expect(strayReason({ name: 'cpu', index: 0 }, placed('CPUExecutionProvider'))).toBeUndefined()
  })
})

describe('batches for devices', () => {
  const network: Network = {
    id: 'network',
    title: 'Network',
    onnxPath: 'network.onnx',
    layers: [{ name: 'fc', dims: 10 }],
    input: imagenetInput,
    inputSource: 'catalog',
    weightsPath: 'network.onnx',
    weightsSha256: '',
    weightsBytes: 1000,
  }

  it('have batches to choose from, but for what is fixed', () => {
    const cards = [0, 1, 2].map((index) => ({ name: 'cuda', index }) as const)
    expect(deviceBatches(network, {}, cards)).toEqual([32, 64, 128, 256, 512, 1024])
    expect(deviceBatches(network, {}, [{ name: 'tensorrt', index: 0 }])).toEqual([32, 128])
    const one = cards.slice(0, 1)
    expect(deviceBatches(network, { batch: 5, workers: 2 }, one)).toEqual([5])
    const fixed = { ...network, input: { ...imagenetInput, batch: 4 } }
    expect(deviceBatches(fixed, {}, one)).toEqual([4])
    expect(() => deviceBatches(fixed, { batch: 5 }, one)).toThrow(UsageError)
    expect(() => deviceBatches(network, { workers: 0 }, one)).toThrow(UsageError)
  })
})

describe('the distance of features', () => {
  const row = fc.array(fc.float({ min: 1, max: 100, noNaN: true }), { minLength: 3, maxLength: 3 })

  it('is the largest of all positions, relative to what is expected', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        (rows, share) => {
          const expected = Float32Array.from(rows.flat())
          const found = expected.map((value, i) => (i >= expected.length - 3 ? value * (1 + share) : value))
          expect(largestDistance(found, expected, 3)).toBeCloseTo(share, 4)
        },
      ),
    )
  })

  it('from a feature that is all zero is infinite, or none', () => {
    expect(largestDistance(Float32Array.of(1, 0), new Float32Array(2), 2)).toBe(Number.POSITIVE_INFINITY)
    expect(largestDistance(new Float32Array(2), new Float32Array(2), 2)).toBe(0)
    expect(largestDistance(Float32Array.of(Number.NaN, 1), Float32Array.of(1, 1), 2)).toBe(Number.POSITIVE_INFINITY)
  })

  it('is refused where it cannot be rounding', () => {
    const noise = (distance: number) => ({ positions: 8, relative: { fc6: 1e-6, fc7: distance } })
    expect(() => checkNoise('cuda', noise(1e-3))).not.toThrow()
    for (const distance of [0.1, Number.POSITIVE_INFINITY])
      expect(() => checkNoise('cuda', noise(distance))).toThrow(/device cuda computes wrong features \(fc7 is/)
  })
})
