import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { gpuFasterThan, openExecution } from '../../src/engine/choice.js'
import { openDeviceCrew } from '../../src/engine/crew.js'
import { platformGap } from '../../src/engine/device.js'
import { tryDevice } from '../../src/engine/deviceTrial.js'
import { deviceHandle, openThreads } from '../../src/engine/handle.js'
import { measureNoiseFloor } from '../../src/engine/noiseFloor.js'
import { positionGrid } from '../../src/engine/positions.js'
import { sceneOf } from '../../src/engine/scene.js'
import type { Scene } from '../../src/engine/task.js'
import { DeviceError, InterruptedError, UsageError } from '../../src/errors.js'
import { chooseNetwork, type Network, type Precision } from '../../src/networks/index.js'
import { builtInPatches } from '../../src/patches/collection.js'
import { readImage } from '../../src/patches/image.js'
import { patchAtSize } from '../../src/patches/patch.js'
import { tryWebgpu } from '../support/webgpu.js'

const WEBGPU = { name: 'webgpu', index: 0 } as const
const processor = { workers: 1, threads: 2, batch: 4 }

const trial = await tryWebgpu()
const checkpoint = fileURLToPath(new URL('../../../shared/data/mobilenet_v2-dequantised.pth', import.meta.url))
if (!existsSync(checkpoint)) console.warn(`the test of MobileNetV2 on WebGPU is skipped: ${checkpoint} is not there`)

async function sceneOfSize(size: number): Promise<Scene> {
  const [source] = await builtInPatches()
  if (source === undefined) throw new Error('there are no built-in patches')
  return sceneOf(patchAtSize(source.name, await readImage(source.path), size, 224))
}

/** The largest relative distance of any position's features from the processor's, in batches of two. */
async function distanceOnWebgpu(network: Network, size: number, precision: Precision = 'fp32'): Promise<number> {
  const crew = await openDeviceCrew({ network, precision, devices: [WEBGPU], batch: 2, onNote: () => undefined })
  try {
    const { relative, positions } = await measureNoiseFloor(crew, await sceneOfSize(size), processor)
    expect(positions).toBeGreaterThan(1)
    expect(Object.keys(relative)).toEqual(network.layers.map(({ name }) => name))
    return Math.max(...Object.values(relative))
  } finally {
    await crew.workers.close()
  }
}

describe.skipIf(!trial.runs)('WebGPU', () => {
  it('runs tiny-alexnet with the features of the processor, two units one after another', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    expect(await distanceOnWebgpu(network, 75)).toBeLessThan(1e-5)
    const { offsets } = positionGrid(224, 125, 99)
    const pools = [
      deviceHandle(await openDeviceCrew({ network, devices: [WEBGPU, WEBGPU], batch: 3, onNote: () => undefined }), {
        processor,
      }),
      openThreads(network, processor),
    ]
    try {
      for (const size of [125, 1]) {
        const [found, expected] = await Promise.all(
          pools.map(async (pool) => (await pool.extract(await sceneOfSize(size), offsets)).layers),
        )
        for (const [i, { matrix }] of (found ?? []).entries()) {
          const reference = expected?.[i]?.matrix as Float32Array
          const distance = Math.hypot(...matrix.map((value, k) => value - (reference[k] as number)))
          expect(distance / Math.hypot(...reference)).toBeLessThan(1e-5)
        }
      }
    } finally {
      for (const pool of pools) await pool.close()
    }
  })

  it.skipIf(!existsSync(checkpoint))('runs MobileNetV2 with the features of the processor', async () => {
    const network = await chooseNetwork({ model: 'mobilenet_v2', weights: checkpoint })
    expect(await distanceOnWebgpu(network, 200)).toBeLessThan(1e-5)
  })

  it('computes in float16 if it is asked for, and not otherwise', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet-aa' })
    const distance = await distanceOnWebgpu(network, 75, 'fp16')
    expect(distance).toBeGreaterThan(1e-4)
    expect(distance).toBeLessThan(0.1)
    expect(await distanceOnWebgpu(network, 75)).toBeLessThan(1e-5)
  })

  it('says what ran', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    const notes: string[] = []
    const { handle, rate, ran } = await openExecution({
      network,
      scene: await sceneOfSize(75),
      images: 8,
      request: { name: 'webgpu', index: null },
      wished: { batch: 2 },
      onNote: (line) => notes.push(line),
    })
    await handle.close()
    const record = ran()
    expect(record).toMatchObject({ device: 'webgpu', executionProvider: 'WebGpuExecutionProvider', precision: 'fp32' })
    expect(record.adapter).toBe(trial.runs && trial.adapter)
    expect(Math.max(...Object.values(record.noiseFloor?.relative ?? {}))).toBeLessThan(1e-5)
    expect(handle.settings).toMatchObject({ workers: 1, batch: 2 })
    expect(rate).toBeGreaterThan(0)
    expect(notes.at(-1)).toMatch(/^tiny-alexnet on webgpu .*fp32 features within \d\.\de-\d+ of the processor's$/)
  })

  it.skipIf(!trial.runs || trial.software !== true)('is never chosen for an adapter of software', async () => {
    const plan = {
      network: await chooseNetwork({ model: 'tiny-alexnet' }),
      scene: await sceneOfSize(75),
      images: 1_000_000,
      request: { name: 'auto', index: null },
      wished: {},
      onNote: () => undefined,
    } as const
    expect(await gpuFasterThan(plan, 0)).toBeUndefined()
  })

  it('leaves threads to the processor', async () => {
    const plan = {
      network: await chooseNetwork({ model: 'tiny-alexnet' }),
      scene: await sceneOfSize(75),
      images: 8,
      request: { name: 'webgpu', index: null },
      wished: { threads: 2 },
      onNote: () => undefined,
    } as const
    await expect(openExecution(plan)).rejects.toThrow(UsageError)
  })
})

/** Where the provider itself is part of onnxruntime-node, with or without an adapter. */
describe('a trial', () => {
  const failing = (name: string) => new URL(`./processes/${name}.mjs`, import.meta.url).href

  it('finds that the processor runs a network, and how fast', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    const found = await tryDevice({ name: 'cpu', index: 0 }, network)
    expect(found).toMatchObject({ runs: true })
    expect(found.runs && found.milliseconds).toBeGreaterThan(0)
  })

  it.skipIf(platformGap('webgpu') !== undefined)(
    'names a provider that leaves everything to the processor, and one that crashes',
    async () => {
      const network = await chooseNetwork({ model: 'tiny-alexnet' })
      const silent = await tryDevice(WEBGPU, network, 'fp32', { script: failing('runsOnProcessor') })
      expect(silent).toMatchObject({ runs: false, reason: 'ONNX Runtime ran everything on other providers' })
      const crashed = await tryDevice(WEBGPU, network, 'fp32', { script: failing('crashesAtStart') })
      expect(crashed).toMatchObject({ runs: false, reason: expect.stringMatching(/^its process crashed \(SIGABRT\)/) })
    },
  )

  it('leaves no files behind, and ends with the signal, also before it is answered', async () => {
    const [own, asked] = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'shiftscope-test-'))) as [string, string]
    try {
      const network = await chooseNetwork({ model: 'tiny-alexnet' })
      const cpu = { name: 'cpu', index: 0 } as const
      vi.stubEnv('TMPDIR', own)
      const stopping = new AbortController()
      vi.stubEnv('SHIFTSCOPE_TEST_ASKED', join(asked, 'asked'))
      const trial = tryDevice(cpu, network, 'fp32', { script: failing('answersNever'), signal: stopping.signal })
      const unanswered = expect(trial).rejects.toThrow(InterruptedError)
      await vi.waitFor(() => expect(readdirSync(asked)).toEqual(['asked']), { timeout: 30_000 })
      stopping.abort(new InterruptedError())
      await unanswered
      await expect(tryDevice(cpu, network, 'fp32', { signal: stopping.signal })).rejects.toThrow(InterruptedError)
      await tryDevice(cpu, network, 'fp32', { script: failing('crashesAtStart') })
      expect(readdirSync(own)).toEqual([])
    } finally {
      vi.unstubAllEnvs()
      for (const folder of [own, asked]) rmSync(folder, { recursive: true })
    }
  })

  it('of a provider without its libraries names the remedy', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    const absent = process.platform === 'linux' ? 'directml' : 'cuda'
    const found = await tryDevice({ name: absent, index: 0 }, network)
    expect(found).toMatchObject({ runs: false, reason: expect.stringMatching(/does not have it$/) })
    const plan = { network, scene: await sceneOfSize(1), images: 1, wished: {}, onNote: () => undefined }
    await expect(openExecution({ ...plan, request: { name: absent, index: null } })).rejects.toThrow(DeviceError)
  })
})
