import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openThreads } from '../../src/engine/handle.js'
import { positionGrid } from '../../src/engine/positions.js'
import { sceneOf } from '../../src/engine/scene.js'
import type { Scene, Settings } from '../../src/engine/task.js'
import { WorkerError } from '../../src/errors.js'
import { chooseNetwork, type Network } from '../../src/networks/index.js'
import { builtInPatches } from '../../src/patches/collection.js'
import { readImage } from '../../src/patches/image.js'
import { type Patch, patchAtSize } from '../../src/patches/patch.js'

const SIZE = 75
const STRIDE = 37

let folder: string
let deaths = 0
let network: Network
let scene: Scene
let patch: Patch
const { offsets } = positionGrid(224, SIZE, STRIDE)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  network = await chooseNetwork({ model: 'tiny-alexnet' })
  const [source] = await builtInPatches()
  if (source === undefined) throw new Error('there are no built-in patches')
  patch = patchAtSize(source.name, await readImage(source.path), SIZE, 224)
  scene = sceneOf(patch)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Features of every layer with the given settings, copied. */
async function featuresWith(settings: Settings): Promise<Float32Array[]> {
  const handle = openThreads(network, settings)
  try {
    return (await handle.extract(scene, offsets)).layers.map(({ matrix }) => matrix.slice())
  } finally {
    await handle.close()
  }
}

/** The definition: one frame after another, composited pixel by pixel, normalised as torchvision does, run alone. */
async function featuresByDefinition(): Promise<Float32Array[]> {
  const session = await ort.InferenceSession.create(network.onnxPath)
  const { rows, cols, divisor, mean, std } = network.input
  const results = network.layers.map(({ dims }) => new Float32Array((offsets.length / 2) * dims))
  for (let position = 0; position < offsets.length / 2; position++) {
    const [top, left] = [offsets[position * 2] as number, offsets[position * 2 + 1] as number]
    const image = new Float32Array(3 * rows * cols)
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) {
        const at = ((row - top) * SIZE + (col - left)) * 4
        const inside = row >= top && row < top + SIZE && col >= left && col < left + SIZE
        const opaque = inside && (patch.rgba[at + 3] as number) >= 128
        for (let channel = 0; channel < 3; channel++) {
          const value = opaque ? (patch.rgba[at + channel] as number) : 255
          image[(channel * rows + row) * cols + col] =
            (value / divisor - (mean[channel] as number)) / (std[channel] as number)
        }
      }
    }
    const outputs = await session.run({ [network.input.name]: new ort.Tensor('float32', image, [1, 3, rows, cols]) })
    network.layers.forEach(({ name, dims }, i) => {
      results[i]?.set(outputs[name]?.data as Float32Array, position * dims)
    })
  }
  return results
}

/** Real workers that end their thread in the middle of a batch: the first that begins one, or all of them. */
function dyingWorkers(script: 'diesOnce' | 'diesAlways' | 'diesOnceThenFails' | 'failsToStart'): string {
  process.env.DEATH_FILE = join(folder, `death-${++deaths}`)
  return new URL(`./workers/${script}.mjs`, import.meta.url).href
}

function relativeDistance(a: Float32Array, b: Float32Array): number {
  const norm = (values: Iterable<number>) => Math.sqrt([...values].reduce((sum, value) => sum + value * value, 0))
  return norm(a.map((value, i) => value - (b[i] as number))) / norm(b)
}

describe('a network on threads', () => {
  it('gives the features that compositing and running one image after another gives', async () => {
    const features = await featuresWith({ workers: 2, threads: 1, batch: 8 })
    const expected = await featuresByDefinition()
    features.forEach((matrix, i) => {
      expect(relativeDistance(matrix, expected[i] as Float32Array)).toBeLessThan(1e-5)
    })
  })

  it('gives the same bits with any number of workers, threads and any batch', async () => {
    const reference = await featuresWith({ workers: 1, threads: 2, batch: 32 })
    for (const settings of [
      { workers: 2, threads: 1, batch: 8 },
      { workers: 3, threads: 1, batch: 5 },
      { workers: 1, threads: 1, batch: 1 },
    ]) {
      const features = await featuresWith(settings)
      features.forEach((matrix, i) => {
        expect(Buffer.compare(bytes(matrix), bytes(reference[i] as Float32Array)), JSON.stringify(settings)).toBe(0)
      })
    }
  })

  it('replaces a worker that dies and does its batch again', async () => {
    const settings = { workers: 2, threads: 1, batch: 8 }
    const reference = await featuresWith(settings)
    const handle = openThreads(network, settings, dyingWorkers('diesOnce'))
    try {
      const { layers } = await handle.extract(scene, offsets)
      layers.forEach(({ matrix }, i) => {
        expect(Buffer.compare(bytes(matrix), bytes(reference[i] as Float32Array))).toBe(0)
      })
    } finally {
      await handle.close()
    }
  })

  it('gives up when a batch kills three workers, and names the batch', async () => {
    const handle = openThreads(network, { workers: 2, threads: 1, batch: 8 }, dyingWorkers('diesAlways'))
    try {
      await expect(handle.extract(scene, offsets)).rejects.toThrow(
        /worker failed 3 times on batch \d+ \(images \d+ to \d+\)/,
      )
      await expect(handle.extract(scene, offsets)).rejects.toThrow(WorkerError)
    } finally {
      await handle.close()
    }
  })

  it('says what keeps all of its workers from starting', async () => {
    const handle = openThreads(network, { workers: 2, threads: 1, batch: 8 }, dyingWorkers('failsToStart'))
    try {
      await expect(handle.extract(scene, offsets)).rejects.toThrow(
        /worker failed 3 times on batch \d+ \(images \d+ to \d+\): no room for a thread; [^\n]* fewer `workers`/,
      )
    } finally {
      await handle.close()
    }
  })

  it('runs work that is shorter than a batch as one batch of its own length', async () => {
    const handle = openThreads(network, { workers: 1, threads: 1, batch: 1_000_000 })
    try {
      const { layers, finished } = await handle.extract(scene, offsets)
      expect(finished).toBe(offsets.length / 2)
      const expected = await featuresWith({ workers: 1, threads: 1, batch: 4 })
      for (const [i, { matrix }] of layers.entries()) {
        expect(Buffer.compare(bytes(matrix), bytes(expected[i] as Float32Array))).toBe(0)
      }
    } finally {
      await handle.close()
    }
  })

  it('keeps features until they are given back, and then uses their memory again', async () => {
    const handle = openThreads(network, { workers: 1, threads: 1, batch: 8 })
    try {
      const first = await handle.extract(scene, offsets)
      const copy = first.layers.map(({ matrix }) => matrix.slice())
      const second = await handle.extract(scene, offsets.slice().reverse())
      expect(first.layers.map(({ matrix }) => matrix)).toEqual(copy)
      const { buffer } = (second.layers[0] as { matrix: Float32Array }).matrix
      second.release()
      const third = await handle.extract(scene, offsets.subarray(0, 4))
      expect(third.layers.some(({ matrix }) => matrix.buffer === buffer)).toBe(true)
    } finally {
      await handle.close()
    }
  })

  it('gives up when those that take the place of dead workers begin nothing', async () => {
    const handle = openThreads(network, { workers: 1, threads: 1, batch: 8 }, dyingWorkers('diesOnceThenFails'))
    try {
      await expect(handle.extract(scene, offsets)).rejects.toThrow(/could not be opened: no such file/)
    } finally {
      await handle.close()
    }
  })

  it('says why when the network cannot be opened', async () => {
    const handle = openThreads(
      { ...network, onnxPath: `${network.onnxPath}.missing` },
      { workers: 2, threads: 1, batch: 8 },
    )
    try {
      await expect(handle.extract(scene, offsets)).rejects.toThrow(/could not be opened.*missing/)
    } finally {
      await handle.close()
    }
  })

  it('ends early when it is told to, and says how far it came', async () => {
    const handle = openThreads(network, { workers: 1, threads: 1, batch: 1 })
    const controller = new AbortController()
    try {
      const all = positionGrid(224, SIZE, 2).offsets
      const stopped = await handle.extract(scene, all, {
        signal: controller.signal,
        onImages: (done) => done > 0 && controller.abort(),
      })
      expect(stopped.finished).toBeGreaterThan(0)
      expect(stopped.finished).toBeLessThan(all.length / 2)
      const again = await handle.extract(scene, offsets)
      expect(again.finished).toBe(offsets.length / 2)
    } finally {
      await handle.close()
    }
  })
})

function bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
