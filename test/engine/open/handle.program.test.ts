import { readdirSync, readFileSync } from 'node:fs'
import * as ort from 'onnxruntime-node'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { openBareLoop } from '../../../src/bench/bareLoop.js'
import { largestDistance } from '../../../src/engine/features/distance.js'
import type { Features } from '../../../src/engine/features/features.js'
import { deviceHandle, type NetworkHandle, openThreads } from '../../../src/engine/open/handle.js'
import { openDevicePool } from '../../../src/engine/queue/workerPool.js'
import { positionGrid } from '../../../src/engine/scene/positions.js'
import { pictureSpec, sceneOf } from '../../../src/engine/scene/scene.js'
import type { ImageSpec, Scene, Settings } from '../../../src/engine/scene/task.js'
import type { Network } from '../../../src/network.js'
import { chooseNetwork } from '../../../src/networks/open/openNetwork.js'
import { writeModel } from '../../../src/onnx/format/onnxModel.js'
import { crashingModel } from '../../support/crashingModel.js'
import { leftOut } from '../../support/leftOut.js'
import { sharedNetworkFolder } from '../../support/networkFolder.js'
import { convolutions } from '../../support/smallNetwork.js'
import { stripes } from '../../support/stripes.js'
import { using } from '../../support/using.js'

const ONE: Settings = { workers: 1, threads: 1, batch: 4 }
/** A process on the processor is a device like any other. */
const CPU = { name: 'cpu', index: 0 } as const

const inFolder = sharedNetworkFolder()
let small: Network
beforeAll(async () => {
  small = await convolutions(inFolder('small.onnx'))
})

/** A scene whose object has holes. */
const sceneOfSize = (size: number) => sceneOf(stripes(size, (pixel) => (pixel * 148 + 111) % 256))

async function openDevices(network: Network, count: number, batch: number): Promise<NetworkHandle> {
  const devices = Array.from({ length: count }, () => CPU)
  const pool = await openDevicePool({ network, devices, batch, onNote: () => undefined })
  const record = { device: 'cpu', executionProvider: 'CPUExecutionProvider', precision: 'fp32', adapter: null } as const
  return deviceHandle(pool, { processor: ONE, rate: 1, record })
}

/** The definition: one frame after another, composited pixel by pixel, normalised as torchvision does, run alone. */
async function byDefinition(network: Network, { patch }: Scene, offsets: Int32Array): Promise<Float32Array[]> {
  const session = await ort.InferenceSession.create(network.onnxPath)
  const { rows, cols, divisor, mean, std } = network.input
  const results = network.layers.map(({ dims }) => new Float32Array((offsets.length / 2) * dims))
  for (let position = 0; position < offsets.length / 2; position++) {
    const [top, left] = [offsets[position * 2] as number, offsets[position * 2 + 1] as number]
    const image = Float32Array.from({ length: 3 * rows * cols }, (_, at) => {
      const channel = Math.floor(at / (rows * cols))
      const [y, x] = [Math.floor((at % (rows * cols)) / cols) - top, (at % cols) - left]
      const isInside = y >= 0 && x >= 0 && y < patch.size && x < patch.size
      const pixel = (y * patch.size + x) * 4
      const isOpaque = isInside && (patch.rgba[pixel + 3] as number) >= 128
      const value = isOpaque ? (patch.rgba[pixel + channel] as number) : 255
      return (value / divisor - (mean[channel] as number)) / (std[channel] as number)
    })
    const outputs = await session.run({ [network.input.name]: new ort.Tensor('float32', image, [1, 3, rows, cols]) })
    network.layers.forEach(({ name, dims }, i) => {
      results[i]?.set(outputs[name]?.data as Float32Array, position * dims)
    })
  }
  return results
}

function expectFeatures({ layers }: Features, expected: readonly Float32Array[]): void {
  for (const [i, { matrix, dims }] of layers.entries()) {
    expect(matrix).toHaveLength(expected[i]?.length as number)
    expect(largestDistance(matrix, expected[i] as Float32Array, dims)).toBeLessThan(1e-5)
  }
}

describe('an open network', () => {
  it('gives the features of its definition, the same bits on any threads, and on devices', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    const scene = sceneOfSize(75)
    const { offsets } = positionGrid(224, 75, 149)
    const expected = await byDefinition(network, scene, offsets)
    const bits: Buffer[] = []
    for (const settings of [
      { ...ONE, workers: 2 },
      { ...ONE, threads: 2, batch: 1000 },
      { ...ONE, batch: 1 },
    ]) {
      await using(openThreads(network, settings), async (handle) => {
        const features = await handle.extract(scene, offsets)
        expectFeatures(features, expected)
        bits.push(Buffer.concat(features.layers.map(({ matrix }) => Buffer.from(new Float32Array(matrix).buffer))))
      })
    }
    for (const one of bits) expect(one.equals(bits[0] as Buffer)).toBe(true)
    await using(openDevices(network, 2, 2), async (handle) => {
      const seen: number[] = []
      expectFeatures(await handle.extract(scene, offsets, { onImages: (done) => seen.push(done) }), expected)
      expect([seen.at(-1), handle.ran().failure]).toEqual([5, undefined])
    })
  })

  it('encodes frames on devices as on the processor', async () => {
    const pictures = [7, 31, 101].map((step) => Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * step) % 256))
    const scene = sceneOfSize(8)
    const movement = { rows: 0.25, cols: 0.5, rowStep: 0, colStep: 0.003 }
    const images: ImageSpec[] = [
      ...pictures.map(pictureSpec),
      ...[1, 5, 9].map((row) => ({ scene, row, col: 2 })),
      { scene, row: 9, col: 2, movement },
      { scene, row: 0, col: 0, movement },
    ]
    const expected = await using(openThreads(small, ONE), async (handle) => (await handle.encode(images)).layers)
    await using(openDevices(small, 1, 2), async (handle) => {
      const matrices = expected.map(({ matrix }) => matrix)
      expectFeatures(await handle.encode(images), matrices)
    })
  })

  it.skipIf(leftOut(process.platform !== 'linux', 'they need Linux'))(
    'on devices leaves neither descriptors nor processes behind',
    async () => {
      const isOurs = (pid: string) => {
        try {
          const isChild = readFileSync(`/proc/${pid}/status`, 'utf8').includes(`\nPPid:\t${process.pid}\n`)
          return isChild && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('processMain')
        } catch {
          return false
        }
      }
      const processesNow = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOurs(name)).length
      // The processes of the test before may still be ending.
      await vi.waitFor(() => expect(processesNow()).toBe(0), { timeout: 30_000 })
      const extractOnce = async () => {
        await using(openDevices(small, 2, 1), async (handle) => {
          await handle.extract(sceneOfSize(8), Int32Array.of(0, 0, 1, 3))
          expect(processesNow()).toBeGreaterThan(0)
        })
        await vi.waitFor(() => expect(processesNow()).toBe(0), { timeout: 30_000 })
      }
      await extractOnce()
      const descriptors = readdirSync('/proc/self/fd').length
      await extractOnce()
      const fewAgain = () => expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(descriptors)
      await vi.waitFor(fewAgain, { timeout: 30_000 })
    },
  )
})

describe('a network that crashes ONNX Runtime at its highest level of optimisation', () => {
  it.skipIf(leftOut(process.arch !== 'x64', 'they need x64'))('runs at a lower one wherever it runs', async () => {
    await writeModel(inFolder('crashing.onnx'), crashingModel)
    const crashing = await chooseNetwork({ model: inFolder('crashing.onnx'), layers: ['features'] })
    const bare = openBareLoop(crashing, ONE, CPU)
    expect(await bare.measure(0.01)).toBeGreaterThan(0)
    await bare.close()
    for (const opening of [openThreads(crashing, ONE), openDevices(crashing, 1, 2)]) {
      await using(opening, async (handle) => {
        const { layers } = await handle.extract(sceneOfSize(2), Int32Array.of(0, 0, 1, 3))
        expect(layers[0]?.matrix.some((value) => value !== 0)).toBe(true)
        expect(handle.ran().failure).toBeUndefined()
      })
    }
  })
})
