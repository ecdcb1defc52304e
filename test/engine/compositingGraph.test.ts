import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { offsetTensors, sceneTensors } from '../../src/engine/backends/sceneTensors.js'
import { sceneCompositor } from '../../src/engine/backends/thread.js'
import { largestDistance } from '../../src/engine/distance.js'
import { frameArrays, sceneArrays } from '../../src/engine/sceneArrays.js'
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
import { randomCases } from '../support/randomCases.js'
import { sharedFolder } from '../support/temporaryFolder.js'

const inFolder = sharedFolder()
beforeAll(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', inFolder('cache'))
})
afterAll(() => {
  vi.unstubAllEnvs()
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
  const path = inFolder(`mirror-${side}-${batch}.onnx`)
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
      { numRuns: randomCases(25), seed: 1 },
    )
  })

  it.each([
    [64, 64],
    [227, 125],
  ])('does so in a frame of %i with a patch of %i', async (side, size) => {
    const input = { ...imagenetInput, rows: side, cols: side, batch: 5 }
    const scene = sceneOfNoise(size, 3, { image: noise(side * side * 3, 4) }, 'hard')
    const offsets = cornersAnd([[0.5, 0.3]], side - size)
    const { seen } = await composited(await mirror(side, 5), input, scene, offsets)
    expect(agree(seen?.data as Float32Array, await compositedNatively(input, scene, offsets))).toBe(true)
  })

  it('shows the pictures that a batch names as backgrounds', () => {
    const input = { ...imagenetInput, rows: 2, cols: 2 }
    const frames = [noise(12, 1), noise(12, 2), noise(12, 3)]
    const { background, transparency } = frameArrays({ frames }, Int32Array.of(2, 0, 0, 0), input)
    const shown = [2, 0].map((at) => {
      const picture = sceneOfNoise(1, 0, { image: frames[at] as Uint8Array }, 'hard')
      return [...sceneArrays(picture, input).background]
    })
    expect([...background]).toEqual(shown.flat())
    expect(Math.min(...transparency)).toBe(1)
  })

  it('computes in float16 with the weights that the file has, and gives float32', async () => {
    const file = fileURLToPath(new URL('../golden/exports/squeezenet.onnx', import.meta.url))
    const network = await chooseNetwork({ model: file, layers: ['feature'] })
    const scene = sceneOfNoise(20, 7, { rgb: [255, 255, 255] }, 'hard')
    const offsets = cornersAnd([[0.5, 0.5]], 44)
    const full = await composited(network.onnxPath, network.input, scene, offsets)
    const half = await composited(network.onnxPath, network.input, scene, offsets, network.layers, 'fp16')
    const layer = network.layers[0] as FeatureLayer
    const [expected, found] = [full[layer.output ?? layer.name], half[featureOutput(layer, 'fp16')]]
    expect(found?.data).toBeInstanceOf(Float32Array)
    const distance = largestDistance(found?.data as Float32Array, expected?.data as Float32Array, layer.dims)
    expect(distance).toBeGreaterThan(1e-5)
    expect(distance).toBeLessThan(0.01)
  })

  it('refuses float16 where an operator might need float32', async () => {
    const onnxPath = inFolder('exponential.onnx')
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

  it('is refused for a file that is gone', async () => {
    const gone = compositingGraph({ onnxPath: inFolder('gone.onnx'), input: imagenetInput, layers: [] })
    await expect(gone).rejects.toThrow(InputError)
  })
})
