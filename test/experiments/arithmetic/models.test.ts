import { afterEach, expect, it } from 'vitest'
import { openThreads } from '../../../src/engine/open/handle.js'
import { type ArithmeticModels, openArithmeticModels } from '../../../src/experiments/arithmetic/models.js'
import type { Network } from '../../../src/network.js'
import type { FeatureStage, Generator } from '../../../src/networks/open/generator.js'
import { writeModel } from '../../../src/onnx/format/onnxModel.js'
import { normalise } from '../../support/formulas.js'
import { imagenetInput } from '../../support/imagenetInput.js'
import { node } from '../../support/smallNetwork.js'
import { temporaryFolder } from '../../support/temporaryFolder.js'

const inFolder = temporaryFolder()
const SETTINGS = { workers: 1, threads: 2, batch: 32 }
const input = { ...imagenetInput, rows: 4, cols: 4 }

let models: ArithmeticModels
afterEach(() => models.close())

/** A network whose feature is its input, and a generator that gives it back. */
async function open(feature: FeatureStage): Promise<ArithmeticModels> {
  const picture = { name: 'image', shape: ['N', 3, 4, 4] }
  const flat = { name: 'flat', shape: ['N', 48] }
  await writeModel(inFolder('network.onnx'), {
    ...{ name: 'flat', inputs: [picture], outputs: [flat], initializers: [] },
    nodes: [node('Flatten', ['image'], 'flat', { axis: 1 })],
  })
  await writeModel(inFolder('generator.onnx'), {
    ...{ name: 'square', inputs: [{ ...flat, name: 'feature' }], outputs: [picture] },
    initializers: [{ name: 'shape', shape: [4], int64: [-1, 3, 4, 4] }],
    nodes: [node('Reshape', ['feature', 'shape'], 'image')],
  })
  const file = { inputSource: 'catalog', weightsPath: '', weightsSha256: '', weightsBytes: 0, input }
  const layers = [{ name: 'flat', dims: 48 }]
  const encoder: Network = { id: 'flat', title: 'flat', onnxPath: inFolder('network.onnx'), layers, ...file }
  const origin = { encoder: 'flat', layer: 'flat', dims: 48 }
  const decoder: Generator = { id: 'square', onnxPath: inFolder('generator.onnx'), feature, ...origin, ...file }
  models = await openArithmeticModels(openThreads(encoder, SETTINGS), [decoder])
  return models
}

it.each(['pre-relu', 'post-relu'] as const)('images become features %s and images again, in batches', async (stage) => {
  const { encode, decode } = await open(stage)
  const images = Array.from({ length: 33 }, (_, k) => Uint8Array.from({ length: 48 }, (_, i) => (7 * i + 5 * k) % 256))
  // ReLU takes away what is below the mean of a channel.
  const least = input.mean.map((mean) => (stage === 'pre-relu' ? 0 : Math.round(255 * mean)))
  const expected = images.map((image) => image.map((value, i) => Math.max(value, least[i % 3] as number)))
  const normalised = images.flatMap((image) => [...normalise(image, input)])
  const [features = new Float32Array()] = await encode(images)
  expect(features).toHaveLength(33 * 48)
  const errors = normalised.map((value, i) =>
    Math.abs((features[i] as number) - (stage === 'pre-relu' ? value : Math.max(0, value))),
  )
  expect(Math.max(...errors)).toBeLessThan(1e-5)
  expect(await decode(0, features)).toEqual(expected)
})
