import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { InferenceSession } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { sceneCompositor } from '../../src/engine/backends/images.js'
import { offsetTensors, sceneTensors } from '../../src/engine/backends/sceneTensors.js'
import { largestDistance } from '../../src/engine/features/distance.js'
import { sceneOf } from '../../src/engine/scene/scene.js'
import { drawnArrays, sceneArrays } from '../../src/engine/scene/sceneArrays.js'
import type { Scene } from '../../src/engine/scene/task.js'
import { InputError, UsageError } from '../../src/errors.js'
import type { FeatureLayer, NetworkInput, Precision } from '../../src/network.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { compositingGraph, featureOutput } from '../../src/onnx/edit/compositing.js'
import { noise } from '../../src/patches/background.js'
import { imagenetInput } from '../support/imagenetInput.js'
import { messageOf } from '../support/messageOf.js'
import { sharedNetworkFolder } from '../support/networkFolder.js'
import { randomOf } from '../support/random.js'
import { randomCases } from '../support/randomCases.js'
import { node, smallNetwork } from '../support/smallNetwork.js'

const inFolder = sharedNetworkFolder()
const sample = fc.integer({ min: 0, max: 255 })
const colours = fc.tuple(sample, sample, sample)

function sceneOfNoise(size: number, seed: number, background?: Scene['background'], blend?: Scene['blend']): Scene {
  const rgba = randomOf(seed, 'patch', 0).bytes(size * size * 4)
  return sceneOf({ name: 'noise', size, rgba, sha256: '' }, background, blend)
}

/** A graph whose output is its input, so that its images can be seen. */
async function mirror(side: number): Promise<string> {
  const nodes = [node('Flatten', ['image'], 'feature')]
  return (await smallNetwork(inFolder(`mirror-${side}.onnx`), { side, dims: 3 * side * side, nodes })).onnxPath
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
  it('makes the images of the native compositor, bit for bit, also of patches larger than the frame', async () => {
    const scenes = fc.record({
      side: fc.constantFrom(1, 2, 7, 31),
      share: unit,
      seed: fc.nat(),
      colour: fc.option(colours),
      blend: fc.constantFrom('hard' as const, 'soft' as const),
      channelOrder: fc.constantFrom('rgb' as const, 'bgr' as const, 'grey' as const),
      divisor: fc.constantFrom(1, 255),
      places: fc.array(fc.tuple(unit, unit), { maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(scenes, async ({ side, share, seed, colour, blend, channelOrder, divisor, places }) => {
        const input = { ...imagenetInput, rows: side, cols: side, channelOrder, divisor }
        const size = Math.max(1, Math.round(share * 2 * side))
        const background = colour ? { rgb: colour } : { image: noise(seed, side, side) }
        const scene = sceneOfNoise(size, seed, background, blend)
        const offsets = cornersAnd(places, side - size)
        const { feature } = await composited(await mirror(side), input, scene, offsets)
        return agree(feature?.data as Float32Array, await compositedNatively(input, scene, offsets))
      }),
      { numRuns: randomCases(25), seed: 1 },
    )
  })

  it('does so in a large frame, in batches of one size', async () => {
    const input = { ...imagenetInput, rows: 227, cols: 227, batch: 5 }
    const scene = sceneOfNoise(125, 3, { image: noise(4, 227, 227) })
    const offsets = cornersAnd([[0.5, 0.3]], 227 - 125)
    const { feature } = await composited(await mirror(227), input, scene, offsets)
    expect(agree(feature?.data as Float32Array, await compositedNatively(input, scene, offsets))).toBe(true)
  })

  it('shows images that are drawn already as backgrounds', async () => {
    const input = { ...imagenetInput, rows: 7, cols: 7 }
    const scene = sceneOfNoise(4, 1, { image: noise(2, 7, 7) })
    const images = await compositedNatively(input, scene, Int32Array.of(0, 0, 3, 1))
    const session = await InferenceSession.create(
      await compositingGraph({ onnxPath: await mirror(7), input, layers: [] }),
    )
    const { side, tensors } = sceneTensors(drawnArrays(images, input), input)
    const { feature } = await session.run({ ...tensors, ...offsetTensors(new Int32Array(4), side, input) })
    expect(agree(feature?.data as Float32Array, images)).toBe(true)
    await session.release()
  })

  it('computes in float16 with the weights that the file has, and gives float32', async () => {
    const file = fileURLToPath(new URL('../golden/exports/squeezenet.onnx', import.meta.url))
    const network = await chooseNetwork({ model: file, layers: ['feature'] })
    const scene = sceneOfNoise(20, 7)
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

  it('refuses float16 where an operator might need float32, and a file that is gone', async () => {
    const nodes = [node('Exp', ['image'], 'feature')]
    const network = await smallNetwork(inFolder('exponential.onnx'), { side: 2, dims: 12, nodes })
    const message = await messageOf(compositingGraph(network, 'fp16'), UsageError)
    expect(message).toMatch(/operator Exp, which may need float32/)
    await messageOf(compositingGraph({ ...network, onnxPath: inFolder('gone.onnx') }), InputError)
  })
})
