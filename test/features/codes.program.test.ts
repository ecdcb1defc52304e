import { beforeAll, expect, it, vi } from 'vitest'
import { InputError } from '../../src/errors.js'
import { type OpenNetwork, openNetwork } from '../../src/features/openNetwork.js'
import { separability } from '../../src/features/separability.js'
import { similarity } from '../../src/features/similarity.js'
import { viewFeatures } from '../../src/features/view.js'
import { writeNpy } from '../../src/files/npy.js'
import { reproduce } from '../../src/study/maps/reproduce.js'
import { plainFeatures } from '../support/features.js'
import { constantOf, node, smallNetwork } from '../support/smallNetwork.js'
import { sharedFolder } from '../support/temporaryFolder.js'

const folder = sharedFolder()
const patch = { data: new Uint8Array(8 * 8 * 4).fill(255), width: 8, height: 8 }
const placed = { patch, size: 8, stride: 3 }
let network: OpenNetwork

/** A network whose feature is zero for every image. */
beforeAll(async () => {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
  await smallNetwork(folder('zero.onnx'), {
    side: 16,
    dims: 3,
    nodes: [
      node('GlobalAveragePool', ['image'], 'mean'),
      node('Flatten', ['mean'], 'flat'),
      node('Mul', ['flat', 'nothing'], 'feature'),
    ],
    initializers: [constantOf('nothing', [1], 0)],
  })
  network = await openNetwork(folder('zero.onnx'), { workers: 1, threads: 1, batch: 4 })
  await network.extract({ ...placed, out: folder('features') })
  return async () => {
    await network.close()
    vi.unstubAllEnvs()
  }
})

const study = () => ({
  models: [folder('zero.onnx')],
  patches: 'dog',
  sizes: [8],
  stride: 3,
  experiments: ['similarity'] as const,
  out: folder('study'),
})

it.each<[string, () => Promise<unknown>]>([
  ['similarity of a file', () => similarity(folder('features/feature.npy'))],
  ['similarity of an extraction', async () => similarity(await network.extract(placed))],
  ['compare', () => network.compare(placed)],
  ['viewFeatures', () => viewFeatures(folder('features'))],
  ['reproduce', () => reproduce(study())],
])('%s names a feature of zero by its code and its position', async (_, work) => {
  const error = await work().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(InputError)
  expect(error).toMatchObject({
    ...{ name: 'DegenerateFeatureError', code: 'ERR_SHIFTSCOPE_DEGENERATE_FEATURE', exitStatus: 3 },
    message: expect.stringMatching(
      /feature.*: the feature at position \(0, 0\) is all zero, so its cosine is undefined/,
    ),
    cause: expect.objectContaining({ code: 'ERR_SHIFTSCOPE_DEGENERATE_FEATURE' }),
  })
})

it('separability names a feature that is not finite by its code and its position', async () => {
  const data = plainFeatures(10, 10, 3)
  data[3 * (2 * 10 + 7)] = Number.NaN
  await writeNpy(folder('nan.npy'), [10, 10, 3], data)
  for (const features of [folder('nan.npy'), { data, shape: [10, 10, 3] }]) {
    const error = await separability(features).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InputError)
    expect(error).toMatchObject({
      ...{ name: 'NonFiniteFeatureError', code: 'ERR_SHIFTSCOPE_NON_FINITE_FEATURE', exitStatus: 3 },
      message: expect.stringContaining(': the feature at position (2, 7) holds NaN or infinity'),
    })
  }
})
