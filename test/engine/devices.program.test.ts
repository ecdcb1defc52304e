import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openBareLoop } from '../../src/bench/bareLoop.js'
import { fastestBatch } from '../../src/engine/choice.js'
import { type DevicePlan, extract, isTooLarge, openDeviceCrew } from '../../src/engine/crew.js'
import type { LayerFeatures } from '../../src/engine/features.js'
import { deviceHandle, type NetworkHandle, openThreads } from '../../src/engine/handle.js'
import { positionGrid } from '../../src/engine/positions.js'
import type { Scene, Settings } from '../../src/engine/task.js'
import { DeviceError } from '../../src/errors.js'
import { chooseNetwork, type Network } from '../../src/networks/index.js'
import { writeModel } from '../../src/networks/onnx/model.js'
import { crashingModel } from '../support/crashingModel.js'

const SIZE = 75
const { offsets } = positionGrid(224, SIZE, 49)
const processor: Settings = { workers: 1, threads: 1, batch: 8 }

/** A process on the processor is a device like any other. */
const DEVICE = { name: 'cpu', index: 0 } as const

let folder: string
let network: Network
let expected: Float32Array[]
const scene: Scene = {
  patch: {
    name: 'stripes',
    size: SIZE,
    rgba: Uint8Array.from({ length: SIZE * SIZE * 4 }, (_, i) => (i * 37) % 256),
    sha256: '',
  },
  background: { rgb: [255, 255, 255] },
  blend: 'hard',
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  process.env.SHIFTSCOPE_CACHE = folder
  network = await chooseNetwork({ model: 'tiny-alexnet' })
  const handle = openThreads(network, processor)
  expected = copies((await handle.extract(scene, offsets)).layers)
  await handle.close()
})
afterAll(() => {
  delete process.env.SHIFTSCOPE_CACHE
  rmSync(folder, { recursive: true, force: true })
})

function copies(layers: readonly LayerFeatures[]): Float32Array[] {
  return layers.map(({ matrix }) => matrix.slice())
}

function planOf(changes: Partial<DevicePlan>): DevicePlan & { readonly notes: string[] } {
  const notes: string[] = []
  return {
    network,
    devices: [DEVICE],
    batch: 8,
    onNote: (line) => notes.push(line),
    notes,
    ...changes,
  }
}

/** A handle on devices that the processor stands behind. */
async function openDevices(plan: DevicePlan): Promise<NetworkHandle> {
  return deviceHandle(await openDeviceCrew(plan), { processor, precision: plan.precision })
}

/** A real process that goes wrong in the way that its name says. */
function failing(name: string): string {
  return new URL(`./processes/${name}.mjs`, import.meta.url).href
}

function expectFeatures(layers: readonly LayerFeatures[], positions = offsets.length / 2): void {
  for (const [i, { matrix, dims }] of layers.entries()) {
    const reference = (expected[i] as Float32Array).subarray(0, positions * dims)
    expect(matrix.length).toBe(reference.length)
    const distance = Math.hypot(...matrix.map((value, k) => value - (reference[k] as number)))
    expect(distance / Math.hypot(...reference)).toBeLessThan(1e-5)
  }
}

/** The first positions alone. */
function first(positions: number): Int32Array {
  return offsets.subarray(0, positions * 2)
}

describe('a network on devices', () => {
  it('gives the features of the threads, with one process and with two', async () => {
    for (const devices of [[DEVICE], [DEVICE, DEVICE]]) {
      const plan = planOf({ devices, batch: 7 })
      const handle = await openDevices(plan)
      try {
        const seen: number[] = []
        const { layers, finished } = await handle.extract(scene, offsets, { onImages: (done) => seen.push(done) })
        expect(finished).toBe(offsets.length / 2)
        expect(seen.at(-1)).toBe(offsets.length / 2)
        expectFeatures(layers)
        expect([handle.failure, plan.notes]).toEqual([undefined, []])
      } finally {
        await handle.close()
      }
    }
  })

  it.skipIf(process.platform !== 'linux')('leaves neither descriptors nor processes behind', async () => {
    const processesNow = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOurs(name)).length
    const isOurs = (pid: string) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('processMain')
      } catch {
        return false
      }
    }
    const extractOnce = async () => {
      const handle = await openDevices(planOf({ devices: [DEVICE, DEVICE], batch: 1 }))
      const { layers } = await handle.extract(scene, first(2))
      expect(processesNow()).toBeGreaterThan(0)
      await handle.close()
      expectFeatures(layers, 2)
    }
    const gone = () => vi.waitFor(() => expect(processesNow()).toBe(0), { timeout: 30_000 })
    await extractOnce()
    await gone()
    const descriptors = readdirSync('/proc/self/fd').length
    await extractOnce()
    await gone()
    const fewAgain = () => expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(descriptors)
    await vi.waitFor(fewAgain, { timeout: 30_000 })
  })

  it('keeps to the batches that it can take when larger ones are tried', async () => {
    const plan = planOf({ batch: 4, script: failing('crashesAtBatchOf16') })
    const crew = await openDeviceCrew(plan)
    try {
      const work = { images: Number.POSITIVE_INFINITY, request: DEVICE, wished: {}, onNote: plan.onNote }
      const rate = await fastestBatch({ network, scene, ...work }, crew, [DEVICE], [16, 32])
      expect([rate > 0, crew.batch]).toEqual([true, 4])
      expectFeatures((await extract(crew, scene, offsets)).layers)
    } finally {
      await crew.workers.close()
    }
  })

  it('opens a device again that is lost in the middle', async () => {
    const file = join(folder, 'crash')
    writeFileSync(file, '')
    process.env.CRASH_FILE = file
    const handle = await openDevices(planOf({ script: failing('crashesOnce') }))
    try {
      expectFeatures((await handle.extract(scene, offsets)).layers)
      expect([existsSync(file), handle.failure]).toEqual([false, undefined])
    } finally {
      await handle.close()
    }
  })

  it('lets the processor do the unit again, and the next, when the device is lost for good', async () => {
    const plan = planOf({ script: failing('crashesAlways') })
    const handle = await openDevices(plan)
    try {
      for (let unit = 0; unit < 2; unit++) expectFeatures((await handle.extract(scene, offsets)).layers)
      expect(handle.failure).toMatch(/process crashed \(SIGABRT\)/)
      expect(plan.notes).toEqual([expect.stringMatching(/^cpu failed .*SIGABRT.*the processor does this unit again/)])
      expect(handle.settings).toEqual(processor)
    } finally {
      await handle.close()
    }
  })

  it('lets the processor take over once for calls that fail together', async () => {
    const plan = planOf({ script: failing('crashesAlways') })
    const handle = await openDevices(plan)
    try {
      const both = await Promise.all([handle.extract(scene, offsets), handle.extract(scene, first(9))])
      expectFeatures(both[0].layers)
      expectFeatures(both[1].layers, 9)
      expect(plan.notes).toHaveLength(1)
    } finally {
      await handle.close()
    }
  })

  it('keeps the features before the processor took over', async () => {
    const file = join(folder, 'crashes')
    process.env.CRASH_FILE = file
    const handle = await openDevices(planOf({ script: failing('crashesFromThenOn') }))
    try {
      const before = await handle.extract(scene, offsets)
      writeFileSync(file, '')
      const after = await handle.extract(scene, first(9))
      expect([handle.failure !== undefined, handle.overlaps]).toEqual([true, false])
      expectFeatures(before.layers)
      expectFeatures(after.layers, 9)
    } finally {
      await handle.close()
    }
  })

  it('encodes pictures as the processor does', async () => {
    const frames = [7, 31, 101].map((step) => Uint8Array.from({ length: 224 * 224 * 3 }, (_, i) => (i * step) % 256))
    const threads = openThreads(network, processor)
    const devices = await openDevices(planOf({ batch: 2 }))
    try {
      const [found, wanted] = [await devices.encode(frames), await threads.encode(frames)]
      for (const [i, { matrix, dims }] of found.layers.entries()) {
        expect(matrix.length).toBe(frames.length * dims)
        const reference = wanted.layers[i]?.matrix as Float32Array
        const distance = Math.hypot(...matrix.map((value, k) => value - (reference[k] as number)))
        expect(distance / Math.hypot(...reference)).toBeLessThan(1e-5)
      }
    } finally {
      await devices.close()
      await threads.close()
    }
  })

  it('does not let the processor take over float16', async () => {
    const handle = await openDevices(planOf({ precision: 'fp16', script: failing('crashesAlways') }))
    try {
      await expect(handle.extract(scene, offsets)).rejects.toThrow(DeviceError)
    } finally {
      await handle.close()
    }
  })

  it.skipIf(process.platform !== 'linux')('halves batches that memory does not suffice for', async () => {
    process.env.MEMORY_LEFT = String(700 * 2 ** 20)
    const plan = planOf({
      network: await averages(),
      batch: 600,
      script: failing('littleMemory'),
    })
    const handle = await openDevices(plan)
    try {
      const many = positionGrid(224, SIZE, 9).offsets
      const { finished } = await handle.extract(scene, many)
      expect(finished).toBe(many.length / 2)
      expect(plan.notes[0]).toBe('cpu cannot take batches of 600; going on with 300')
      expect(handle.settings.batch).toBeLessThanOrEqual(300)
      expect(handle.failure).toBeUndefined()
    } finally {
      await handle.close()
    }
  })

  it('knows what libraries say of too little memory from what they say of other failures', () => {
    for (const reason of [
      'CUDA failure 2: out of memory',
      'BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 411041792',
      'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
      'CUDNN failure 5003: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED',
      'TensorRT: Error Code 2: OutOfMemory',
      'DXGI error E_OUTOFMEMORY',
      'VK_ERROR_OUT_OF_DEVICE_MEMORY',
      'Array buffer allocation failed',
    ]) {
      expect(isTooLarge(reason), reason).toBe(true)
    }
    for (const reason of ['CUDA failure 700: an illegal memory access was encountered', 'CUDNN_STATUS_NOT_INITIALIZED'])
      expect(isTooLarge(reason), reason).toBe(false)
  })

  it('ends early when it is told to, and says how far it came', async () => {
    const handle = await openDevices(planOf({ batch: 1 }))
    const controller = new AbortController()
    try {
      const { finished } = await handle.extract(scene, offsets, {
        signal: controller.signal,
        onImages: (done) => done >= 3 && controller.abort(),
      })
      expect(finished).toBeGreaterThanOrEqual(3)
      expect(finished).toBeLessThan(offsets.length / 2)
    } finally {
      await handle.close()
    }
  })
})

/** A network that costs nothing but memory. */
async function averages(): Promise<Network> {
  const onnxPath = join(folder, 'averages.onnx')
  await writeModel(onnxPath, {
    name: 'averages',
    inputs: [{ name: 'image', shape: ['N', 3, 224, 224] }],
    outputs: [{ name: 'average', shape: ['N', 3, 1, 1] }],
    initializers: [],
    nodes: [{ operator: 'GlobalAveragePool', name: 'handle', inputs: ['image'], outputs: ['average'], attributes: {} }],
  })
  return { ...network, onnxPath, layers: [{ name: 'average', dims: 3 }] }
}

describe('a network that crashes ONNX Runtime at its highest level of optimisation', () => {
  it.skipIf(process.arch !== 'x64')('runs at a lower one wherever it runs', async () => {
    const path = join(folder, 'crashing.onnx')
    await writeModel(path, crashingModel)
    const crashing = await chooseNetwork({ model: path, layers: ['features'] })
    const patch = { ...scene.patch, size: 2, rgba: scene.patch.rgba.subarray(0, 16) }
    const bare = openBareLoop(crashing, processor, DEVICE)
    expect(await bare.measure(0.01)).toBeGreaterThan(0)
    await bare.close()
    for (const handle of [openThreads(crashing, processor), await openDevices(planOf({ network: crashing }))]) {
      const { layers } = await handle.extract({ ...scene, patch }, Int32Array.of(0, 0, 1, 3))
      expect(layers[0]?.matrix.some((value) => value !== 0)).toBe(true)
      expect(handle.failure).toBeUndefined()
      await handle.close()
    }
  })
})
