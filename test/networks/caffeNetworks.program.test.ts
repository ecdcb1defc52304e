import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { extract } from '../../src/features/openNetwork.js'
import { readNpy } from '../../src/files/npy.js'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { parametersOf } from '../../src/networks/architectures/layer.js'
import { catalogEntry, chooseGenerator, chooseNetwork } from '../../src/networks/index.js'
import { arithmetic } from '../../src/study/arithmetic.js'
import { writeCaffeWeights } from '../support/caffeFile.js'
import { normalise, testFeatures, testImages, weight } from '../support/formulas.js'
import { distance, expectGolden } from '../support/golden.js'

let root: string
const folder = (...way: readonly string[]) => join(root, ...way)
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  process.env.SHIFTSCOPE_CACHE = folder('cache')
})
afterAll(() => {
  delete process.env.SHIFTSCOPE_CACHE
  rmSync(root, { recursive: true, force: true })
})

/** A Caffe model of the catalog's shapes with weights by formula, which is written once. */
async function caffeModel(id: string, layers: 1 | 2): Promise<string> {
  const path = folder(`${id}-v${layers}.caffemodel`)
  if (existsSync(path)) return path
  const parameters = parametersOf(architectures.find((candidate) => candidate.id === id)?.layers ?? [])
  const data = parameters.map(({ key, shape }) => ({ key, shape, data: () => weight(key, shape) }))
  await writeCaffeWeights(path, data, layers)
  return path
}

async function run(path: string, input: Record<string, Tensor>) {
  const session = await InferenceSession.create(path)
  const outputs = await session.run(input)
  await session.release()
  return outputs
}

describe('caffenet with weights by formula', () => {
  it.each([1, 2] as const)(
    'in V%i layers gives the features that PyTorch gives',
    { timeout: 180_000 },
    async (form) => {
      const network = await chooseNetwork({ model: 'caffenet', weights: await caffeModel('caffenet', form) })
      const { rows, cols } = network.input
      const images = new Tensor('float32', normalise(testImages(rows), network.input), [2, 3, rows, cols])
      const features = await run(network.onnxPath, { image: images })
      expect(network.layers.map(({ name }) => name)).toEqual(['fc6', 'fc7', 'fc8'])
      for (const { name } of network.layers) await expectGolden(`caffenet-${name}`, features[name])
    },
  )

  it('sees pictures of its own frame, blue first and less the mean', { timeout: 180_000 }, async () => {
    const picture = folder('disc.png')
    const side = catalogEntry('caffenet').input.rows
    const frame = testImages(side).subarray(0, side * side * 3)
    await sharp(frame, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toFile(picture)
    const weights = await caffeModel('caffenet', 1)
    const extraction = await extract({ model: 'caffenet', weights, patch: picture, size: side })
    expect(extraction).toMatchObject({ frame: side, rows: 1, cols: 1 })
    for (const { name, dims, data: features } of extraction.layers) {
      const golden = await readNpy(join(import.meta.dirname, `../golden/networks/caffenet-${name}.npy`))
      expect(distance(features, golden.data.subarray(0, dims)), name).toBeLessThanOrEqual(1e-4)
    }
  })
})

describe('a DeePSiM generator with weights by formula', () => {
  it.each([
    { id: 'deepsim-fc6', dims: 4096, form: 2 },
    { id: 'deepsim-fc8', dims: 1000, form: 1 },
  ] as const)('$id in V$form layers makes the images that PyTorch makes', { timeout: 180_000 }, async (golden) => {
    const { id, dims, form } = golden
    const generator = await chooseGenerator(id, await caffeModel(id, form))
    const features = new Tensor('float32', testFeatures(dims), [2, dims])
    const { image } = await run(generator.path, { feature: features })
    expect(image?.dims).toEqual([2, 3, generator.input.rows, generator.input.cols])
    await expectGolden(id, image, 101)
  })
})

describe('arithmetic with CaffeNet and a DeePSiM generator from Caffe models', () => {
  it('takes features as extract does, rectified if asked, and decodes them in its own frame', {
    timeout: 240_000,
  }, async () => {
    const weights = { caffenet: await caffeModel('caffenet', 1), 'deepsim-fc6': await caffeModel('deepsim-fc6', 2) }
    const images = { A: 'orange@0,0', B: 'orange@0,152' }
    const options = { expression: 'A + B', images, model: 'caffenet', layers: ['fc6'], weights }
    const { document, layers, operands } = await arithmetic({ ...options, out: folder('out') })
    expect(document).toMatchObject({ frame: 227, expectation: { scene: 'orange:75@0,0 orange:75@0,152' } })
    expect(document.layers[0]).toMatchObject({ generator: 'deepsim-fc6', dims: 4096, feature: 'pre-relu' })
    expect([...operands.values()].map(({ length }) => length)).toEqual([227 * 227 * 3, 227 * 227 * 3])
    const [layer] = layers
    expect(layer?.decodedExpectation).toHaveLength(227 * 227 * 3)
    const patch = { patch: 'orange', size: 75, stride: 152 }
    const extraction = await extract({ model: 'caffenet', weights: weights.caffenet, layers: ['fc6'], ...patch })
    const features = extraction.layers[0]?.data.slice(0, 2 * 4096)
    expect(layer?.operands).toEqual(features)
    const rectified = await arithmetic({ ...options, postRelu: true })
    expect(rectified.document.layers[0]?.feature).toBe('post-relu')
    expect(rectified.layers[0]?.operands).toEqual(features?.map((value) => Math.max(0, value)))
  })
})
