import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { offsetTensors, sceneTensors } from '../../src/engine/backends/sceneTensors.js'
import { sceneCompositor } from '../../src/engine/backends/thread.js'
import { openThreads } from '../../src/engine/handle.js'
import { sceneArrays } from '../../src/engine/sceneArrays.js'
import type { Scene } from '../../src/engine/task.js'
import { InputError, UsageError } from '../../src/errors.js'
import {
  chooseNetwork,
  compositingGraph,
  type FeatureLayer,
  featureOutput,
  type Precision,
} from '../../src/networks/index.js'
import { imagenetInput, type NetworkInput } from '../../src/networks/network.js'
import { writeModel } from '../../src/networks/onnx/model.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  process.env.SHIFTSCOPE_CACHE = join(folder, 'cache')
})
afterAll(() => {
  delete process.env.SHIFTSCOPE_CACHE
  rmSync(folder, { recursive: true, force: true })
})

const sample = fc.integer({ min: 0, max: 255 })
const colours = fc.tuple(sample, sample, sample)

/** Pixels that differ everywhere, from a seed. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  })
}

function sceneOfNoise(size: number, seed: number, background: Scene['background'], blend: Scene['blend']): Scene {
  return { patch: { name: 'noise', size, rgba: noise(size * size * 4, seed), sha256: '' }, background, blend }
}

/** A graph whose output is its input, so that its images can be seen. */
async function mirror(side: number, batch: number | null): Promise<string> {
  const path = join(folder, `mirror-${side}-${batch}.onnx`)
  await writeModel(path, {
    name: 'mirror',
    inputs: [{ name: 'image', shape: [batch ?? 'N', 3, side, side] }],
    outputs: [{ name: 'seen', shape: [batch ?? 'N', 3 * side * side] }],
    initializers: [],
    nodes: [{ operator: 'Flatten', name: 'flatten', inputs: ['image'], outputs: ['seen'], attributes: { axis: 1 } }],
  })
  return path
}

async function composited(
  onnxPath: string,
  input: NetworkInput,
  scene: Scene,
  offsets: Int32Array,
  layers: readonly FeatureLayer[] = [],
  precision: Precision = 'fp32',
) {
  const session = await InferenceSession.create(await compositingGraph({ onnxPath, input, layers }, precision), {
    logSeverityLevel: 3,
  })
  try {
    const { side, tensors } = sceneTensors(sceneArrays(scene, input), input)
    return await session.run({ ...tensors, ...offsetTensors(offsets, side, input) })
  } finally {
    await session.release()
  }
}

async function compositedNatively(input: NetworkInput, scene: Scene, offsets: Int32Array): Promise<Float32Array> {
  const images = new Float32Array((offsets.length / 2) * 3 * input.rows * input.cols)
  await sceneCompositor(scene, input).composite(offsets, images)
  return images
}

/** The corners and some places between them. */
function cornersAnd(places: readonly (readonly [number, number])[], last: number): Int32Array {
  const between = places.map(([row, col]) => [Math.round(row * last), Math.round(col * last)])
  return Int32Array.from([[0, 0], [0, last], [last, 0], [last, last], ...between].flat())
}

function agree(found: Float32Array, expected: Float32Array): boolean {
  return found.length === expected.length && found.every((value, i) => value === expected[i])
}

const unit = fc.double({ min: 0, max: 1, noNaN: true })

describe('compositing in the graph', () => {
  it('makes the images of the native compositor, bit for bit', async () => {
    const scenes = fc.record({
      side: fc.constantFrom(1, 2, 7, 31),
      share: unit,
      seed: fc.nat(),
      colour: fc.option(colours),
      blend: fc.constantFrom('hard' as const, 'soft' as const),
      channelOrder: fc.constantFrom('rgb' as const, 'bgr' as const),
      divisor: fc.constantFrom(1, 255),
      places: fc.array(fc.tuple(unit, unit), { maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(scenes, async ({ side, share, seed, colour, blend, channelOrder, divisor, places }) => {
        const input = { ...imagenetInput, rows: side, cols: side, channelOrder, divisor }
        const size = Math.max(1, Math.round(share * side))
        const background = colour ? { rgb: colour } : { image: noise(side * side * 3, seed + 1) }
        const scene = sceneOfNoise(size, seed, background, blend)
        const offsets = cornersAnd(places, side - size)
        const { seen } = await composited(await mirror(side, null), input, scene, offsets)
        return agree(seen?.data as Float32Array, await compositedNatively(input, scene, offsets))
      }),
      { numRuns: 60 },
    )
  })

  it.each([
    [224, 1],
    [224, 75],
    [224, 224],
    [227, 125],
  ])('does so in a frame of %i with a patch of %i', async (side, size) => {
    const input = { ...imagenetInput, rows: side, cols: side, batch: 5 }
    const scene = sceneOfNoise(size, 3, { image: noise(side * side * 3, 4) }, 'hard')
    const offsets = cornersAnd([[0.5, 0.3]], side - size)
    const { seen } = await composited(await mirror(side, 5), input, scene, offsets)
    expect(agree(seen?.data as Float32Array, await compositedNatively(input, scene, offsets))).toBe(true)
  })

  it('gives the features that images from outside give', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet' })
    const scene = sceneOfNoise(90, 1, { rgb: [255, 255, 255] }, 'hard')
    const offsets = cornersAnd([[0.2, 0.9]], 134)
    const found = await composited(network.onnxPath, network.input, scene, offsets)
    const pool = openThreads(network, { workers: 1, threads: 1, batch: 5 })
    try {
      const { layers } = await pool.extract(scene, offsets)
      for (const { name, matrix } of layers) {
        const distance = Math.hypot(...matrix.map((value, i) => value - (found[name]?.data[i] as number)))
        expect(distance / Math.hypot(...matrix)).toBeLessThan(1e-5)
      }
    } finally {
      await pool.close()
    }
  })

  it('computes in float16 with the weights that the file has, and gives float32', async () => {
    const network = await chooseNetwork({ model: 'tiny-alexnet-aa' })
    const scene = sceneOfNoise(75, 7, { rgb: [255, 255, 255] }, 'hard')
    const offsets = cornersAnd([[0.5, 0.5]], 149)
    const full = await composited(network.onnxPath, network.input, scene, offsets)
    const half = await composited(network.onnxPath, network.input, scene, offsets, network.layers, 'fp16')
    for (const layer of network.layers) {
      const { name } = layer
      const [expected, found] = [full[name]?.data as Float32Array, half[featureOutput(layer, 'fp16')]?.data]
      expect(found).toBeInstanceOf(Float32Array)
      const distance = Math.hypot(...expected.map((value, i) => value - (found?.[i] as number)))
      expect(distance / Math.hypot(...expected)).toBeGreaterThan(1e-5)
      expect(distance / Math.hypot(...expected)).toBeLessThan(0.01)
    }
  })

  it('refuses float16 where an operator might need float32', async () => {
    const onnxPath = join(folder, 'exponential.onnx')
    await writeModel(onnxPath, {
      name: 'exponential',
      inputs: [{ name: 'image', shape: ['N', 3, 2, 2] }],
      outputs: [{ name: 'result', shape: ['N', 3, 2, 2] }],
      initializers: [],
      nodes: [{ operator: 'Exp', name: 'exp', inputs: ['image'], outputs: ['result'], attributes: {} }],
    })
    const network = { onnxPath, input: { ...imagenetInput, rows: 2, cols: 2 }, layers: [{ name: 'result', dims: 12 }] }
    await expect(compositingGraph(network, 'fp16')).rejects.toThrow(/operator Exp, which may need float32/)
    await expect(compositingGraph(network, 'fp16')).rejects.toThrow(UsageError)
  })

  it('is written once for a file, and again for another', async () => {
    const graph = async (side: number) =>
      compositingGraph({
        onnxPath: await mirror(side, null),
        input: { ...imagenetInput, rows: side, cols: side },
        layers: [],
      })
    expect(await graph(3)).toBe(await graph(3))
    expect(await graph(3)).not.toBe(await graph(4))
  })

  it('is refused for a file that is gone', async () => {
    const gone = compositingGraph({ onnxPath: join(folder, 'gone.onnx'), input: imagenetInput, layers: [] })
    await expect(gone).rejects.toThrow(InputError)
  })
})
