import { afterEach, expect, it } from 'vitest'
import { openThreads } from '../../src/engine/handle.js'
import { type ArithmeticModels, openArithmeticModels } from '../../src/experiments/arithmeticModels.js'
import { drawObject } from '../../src/experiments/objectScene.js'
import { extract } from '../../src/features/openNetwork.js'
import { chooseNetwork, type FeatureStage, type Generator, type Network } from '../../src/networks/index.js'
import { imagenetInput } from '../../src/networks/network.js'
import { writeModel } from '../../src/networks/onnx/model.js'
import { readImage } from '../../src/patches/image.js'
import { patchAtSize } from '../../src/patches/patch.js'
import { normalise } from '../support/formulas.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const SETTINGS = { workers: 1, threads: 2, batch: 32 }
const input = { ...imagenetInput, rows: 4, cols: 4 }

let models: ArithmeticModels | undefined
afterEach(async () => {
  await models?.close()
  models = undefined
})

/** A network whose feature is its input, and a generator that gives it back. */
async function open(feature: FeatureStage): Promise<ArithmeticModels> {
  const picture = ['N', 3, 4, 4] as const
  const flat = ['N', 48] as const
  const network = {
    ...{ name: 'flat', initializers: [], inputs: [{ name: 'image', shape: picture }] },
    outputs: [{ name: 'flat', shape: flat }],
    nodes: [{ operator: 'Flatten', name: 'flatten', inputs: ['image'], outputs: ['flat'], attributes: { axis: 1 } }],
  }
  const generator = {
    ...{ name: 'square', inputs: [{ name: 'feature', shape: flat }], outputs: [{ name: 'image', shape: picture }] },
    initializers: [{ name: 'shape', shape: [4], int64: [-1, 3, 4, 4] }],
    nodes: [{ operator: 'Reshape', name: 'reshape', inputs: ['feature', 'shape'], outputs: ['image'], attributes: {} }],
  }
  await writeModel(inFolder('network.onnx'), network)
  await writeModel(inFolder('generator.onnx'), generator)
  const file = { inputSource: 'catalog', weightsPath: '', weightsSha256: '', weightsBytes: 0, input }
  const layers = [{ name: 'flat', dims: 48 }]
  const encoder: Network = { id: 'flat', title: 'flat', onnxPath: inFolder('network.onnx'), layers, ...file }
  const origin = { encoder: 'flat', encoderSha256: null, layer: 'flat', dims: 48 }
  const decoder: Generator = { id: 'square', path: inFolder('generator.onnx'), feature, ...origin, ...file }
  models = await openArithmeticModels(openThreads(encoder, SETTINGS), [decoder])
  return models
}

it.each(['pre-relu', 'post-relu'] as const)(
  'images become features %s and images again, batch by batch',
  async (stage) => {
    const { encode, decode } = await open(stage)
    const images = Array.from({ length: 33 }, (_, k) =>
      Uint8Array.from({ length: 48 }, (_, i) => (7 * i + 5 * k) % 256),
    )
    const values = images.flatMap((image) => [...normalise(image, input)])
    const expected = stage === 'pre-relu' ? values : values.map((value) => Math.max(0, value))
    const [features = new Float32Array()] = await encode(images)
    expect(features).toHaveLength(33 * 48)
    expect(Math.max(...features.map((value, i) => Math.abs(value - (expected[i] as number))))).toBeLessThan(1e-5)
    const back = await decode(0, features)
    if (stage === 'pre-relu') expect(back).toEqual(images)
    else expect(back).toHaveLength(33)
  },
)

it('features of a scene are those that extract gives for the same object and place', async () => {
  const path = new URL('../../models/patches/dog.png', import.meta.url).pathname
  const { layers } = await extract({ model: 'tiny-alexnet', patch: path, size: 75, stride: 149, layers: ['fc6'] })
  const network = await chooseNetwork({ model: 'tiny-alexnet' })
  models = await openArithmeticModels(openThreads({ ...network, layers: network.layers.slice(0, 1) }, SETTINGS), [])
  const patch = patchAtSize('dog', await readImage(path), 75, 224)
  const images = [0, 149].map((col) => {
    const pixels = new Uint8Array(224 * 224 * 3).fill(255)
    drawObject(pixels, 224, patch, { row: 149, col }, 'hard')
    return pixels
  })
  const [own] = await models.encode(images)
  const { dims, data } = layers[0] as (typeof layers)[number]
  expect(own).toEqual(data.slice(2 * dims, 4 * dims))
})
