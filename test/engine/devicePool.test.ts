import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DevicePlan } from '../../src/engine/deviceJob.js'
import { isTooLarge } from '../../src/engine/deviceJob.js'
import { openFeatureMemory } from '../../src/engine/deviceMemory.js'
import { openDevicePool } from '../../src/engine/devicePool.js'
import { type LayerFeatures, openPool } from '../../src/engine/pool.js'
import { positionGrid } from '../../src/engine/positions.js'
import type { Scene, Settings } from '../../src/engine/task.js'
import { DeviceError } from '../../src/errors.js'
import { argmax, cosineSimilarity } from '../../src/native.js'
import { type Network, resolveNetwork } from '../../src/networks/index.js'
import { writeModel } from '../../src/networks/onnx/model.js'
import { collected, mappingsOf } from '../native/memory.js'

const SIZE = 75
const { offsets } = positionGrid(224, SIZE, 37)
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
  network = await resolveNetwork({ id: 'tiny-alexnet' })
  const pool = openPool(network, processor)
  expected = copies((await pool.extract(scene, offsets)).layers)
  await pool.close()
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
    settings: { workers: 1, threads: 1, batch: 8 },
    processor,
    onNote: (line) => notes.push(line),
    notes,
    ...changes,
  }
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

describe('pool of device processes', () => {
  it('gives the features of the pool of threads, with one process and with two', async () => {
    for (const devices of [[DEVICE], [DEVICE, DEVICE]]) {
      const plan = planOf({ devices, settings: { workers: devices.length, threads: 1, batch: 7 } })
      const pool = await openDevicePool(plan)
      try {
        const seen: number[] = []
        const { layers, finished } = await pool.extract(scene, offsets, { onImages: (done) => seen.push(done) })
        expect(finished).toBe(offsets.length / 2)
        expect(seen.at(-1)).toBe(offsets.length / 2)
        expectFeatures(layers)
        expect([pool.failure, plan.notes]).toEqual([undefined, []])
      } finally {
        await pool.close()
      }
    }
  })

  it('keeps the features of two extractions, larger or smaller than those before', async () => {
    for (const memory of [openFeatureMemory(), openFeatureMemory([])]) {
      const pool = await openDevicePool(planOf({ memory, devices: [DEVICE, DEVICE] }))
      try {
        expect(pool.buffers).toBe(2)
        const sizes = [3, 2, offsets.length / 2, 1, 8, 7]
        let before: { readonly layers: readonly LayerFeatures[]; readonly positions: number } | undefined
        for (const positions of sizes) {
          const { layers } = await pool.extract(scene, first(positions))
          if (before !== undefined) expectFeatures(before.layers, before.positions)
          expectFeatures(layers, positions)
          before = { layers, positions }
        }
      } finally {
        await pool.close()
      }
    }
  })

  it.skipIf(process.platform !== 'linux')('leaves neither descriptors nor memory behind', async () => {
    const descriptors = readdirSync('/proc/self/fd').length
    const extractOnce = async () => {
      const pool = await openDevicePool(planOf({ devices: [DEVICE, DEVICE] }))
      const { layers } = await pool.extract(scene, first(2))
      await pool.close()
      expectFeatures(layers, 2)
    }
    for (let i = 0; i < 2; i++) await extractOnce()
    expect(readdirSync('/proc/self/fd').length).toBe(descriptors)
    await collected()
    expect(mappingsOf('memfd:shiftscope')).toBe(0)
  })

  it('counts no row that a process wrote when it died', async () => {
    const file = join(folder, 'overwriting')
    writeFileSync(file, '')
    process.env.CRASH_FILE = file
    const settings = { workers: 2, threads: 1, batch: 7 }
    const plan = planOf({ devices: [DEVICE, DEVICE], settings, script: failing('crashesOverwriting') })
    const pool = await openDevicePool(plan)
    try {
      expectFeatures((await pool.extract(scene, offsets)).layers)
      expect(plan.notes.map((note) => note.replace(/.* going on with /, ''))).toEqual(['3', '1'])
      expect([existsSync(file), pool.failure]).toEqual([false, undefined])
    } finally {
      await pool.close()
    }
  })

  it('takes batches of another size when it is told to', async () => {
    const pool = await openDevicePool(planOf({}))
    try {
      for (const batch of [8, 11, 3]) {
        pool.useBatch(batch)
        expect(pool.settings.batch).toBe(batch)
        expectFeatures((await pool.extract(scene, offsets)).layers)
      }
    } finally {
      await pool.close()
    }
  })

  it('opens a device again that is lost in the middle', async () => {
    const file = join(folder, 'crash')
    writeFileSync(file, '')
    process.env.CRASH_FILE = file
    const pool = await openDevicePool(planOf({ script: failing('crashesOnce') }))
    try {
      expectFeatures((await pool.extract(scene, offsets)).layers)
      expect([existsSync(file), pool.failure]).toEqual([false, undefined])
    } finally {
      await pool.close()
    }
  })

  it('lets the processor do the unit again, and the next, when the device is lost for good', async () => {
    const plan = planOf({ script: failing('crashesAlways') })
    const pool = await openDevicePool(plan)
    try {
      for (let unit = 0; unit < 2; unit++) expectFeatures((await pool.extract(scene, offsets)).layers)
      expect(pool.failure).toMatch(/process crashed \(SIGABRT\)/)
      expect(plan.notes).toEqual([expect.stringMatching(/^cpu failed .*SIGABRT.*the processor does this unit again/)])
      expect(pool.settings).toEqual(processor)
    } finally {
      await pool.close()
    }
  })

  it('keeps the features before the processor took over', async () => {
    const file = join(folder, 'crashes')
    process.env.CRASH_FILE = file
    const pool = await openDevicePool(planOf({ script: failing('crashesFromThenOn') }))
    try {
      const before = await pool.extract(scene, offsets)
      writeFileSync(file, '')
      const after = await pool.extract(scene, first(9))
      expect([pool.failure !== undefined, pool.buffers]).toEqual([true, 1])
      await collected()
      expectFeatures(before.layers)
      expectFeatures(after.layers, 9)
    } finally {
      await pool.close()
    }
  })

  it('compares with anchors where the network runs, if it was opened for that', async () => {
    const anchors = [3, 0, offsets.length / 2 - 1]
    const plan = planOf({ compares: true, devices: [DEVICE, DEVICE], settings: { workers: 2, threads: 1, batch: 2 } })
    const pool = await openDevicePool(plan)
    try {
      const found = await pool.compare?.(scene, offsets, anchors)
      expect(found?.finished).toBe(offsets.length / 2)
      for (const [i, layer] of (found?.layers ?? []).entries()) {
        const [features, rows, dims] = [expected[i] as Float32Array, offsets.length / 2, layer.dims]
        const rowsAt = Float32Array.from(anchors.flatMap((row) => [...features.subarray(row * dims, (row + 1) * dims)]))
        const cosines = await cosineSimilarity({ features, rows, dims, anchors: rowsAt, anchorCount: anchors.length })
        expect(layer.cosines.length).toBe(cosines.length)
        expect(Math.max(...layer.cosines.map((value, k) => Math.abs(value - (cosines[k] as number))))).toBeLessThan(
          1e-5,
        )
        expect(layer.strongest).toEqual(await argmax({ features, rows, dims }))
        expect(
          Math.max(...layer.anchorFeatures.map((value, k) => Math.abs(value - (rowsAt[k] as number)))),
        ).toBeLessThan(1e-4)
      }
      expect(found?.layers.map(({ name }) => name)).toEqual(network.layers.map(({ name }) => name))
      expectFeatures((await pool.extract(scene, offsets)).layers)
    } finally {
      await pool.close()
    }
    const plain = await openDevicePool(planOf({}))
    expect(plain.compare).toBeUndefined()
    await plain.close()
  })

  it('leaves comparisons to others once its devices are lost', async () => {
    const plan = planOf({ compares: true, script: failing('crashesAlways') })
    const pool = await openDevicePool(plan)
    try {
      expect(await pool.compare?.(scene, offsets, [0])).toBeUndefined()
      expect(plan.notes).toEqual([expect.stringMatching(/the processor does this unit again/)])
      expectFeatures((await pool.extract(scene, offsets)).layers)
    } finally {
      await pool.close()
    }
  })

  it('does not let the processor take over float16', async () => {
    const pool = await openDevicePool(planOf({ precision: 'fp16', script: failing('crashesAlways') }))
    try {
      await expect(pool.extract(scene, offsets)).rejects.toThrow(DeviceError)
    } finally {
      await pool.close()
    }
  })

  it.skipIf(process.platform !== 'linux')('halves batches that memory does not suffice for', async () => {
    process.env.MEMORY_LEFT = String(700 * 2 ** 20)
    const plan = planOf({
      network: await averages(),
      settings: { workers: 1, threads: 1, batch: 600 },
      script: failing('littleMemory'),
    })
    const pool = await openDevicePool(plan)
    try {
      const many = positionGrid(224, SIZE, 9).offsets
      const { finished } = await pool.extract(scene, many)
      expect(finished).toBe(many.length / 2)
      expect(plan.notes[0]).toBe('cpu cannot take batches of 600; going on with 300')
      expect(pool.settings.batch).toBeLessThanOrEqual(300)
      expect(pool.failure).toBeUndefined()
    } finally {
      await pool.close()
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
    ]) {
      expect(isTooLarge(reason), reason).toBe(true)
    }
    for (const reason of ['CUDA failure 700: an illegal memory access was encountered', 'CUDNN_STATUS_NOT_INITIALIZED'])
      expect(isTooLarge(reason), reason).toBe(false)
  })

  it('ends early when it is told to, and says how far it came', async () => {
    const pool = await openDevicePool(planOf({ settings: { workers: 1, threads: 1, batch: 1 } }))
    const controller = new AbortController()
    try {
      const { finished } = await pool.extract(scene, offsets, {
        signal: controller.signal,
        onImages: (done) => done >= 3 && controller.abort(),
      })
      expect(finished).toBeGreaterThanOrEqual(3)
      expect(finished).toBeLessThan(offsets.length / 2)
    } finally {
      await pool.close()
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
    nodes: [{ operator: 'GlobalAveragePool', name: 'pool', inputs: ['image'], outputs: ['average'], attributes: {} }],
  })
  return { ...network, onnxPath, layers: [{ name: 'average', dims: 3 }] }
}
