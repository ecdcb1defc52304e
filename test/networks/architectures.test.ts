import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { withFile } from '../../src/files/openFile.js'
import { sha256 } from '../../src/files/sha256.js'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { graphFile } from '../../src/networks/architectures/graph.js'
import { type Architecture, featureLayersOf, outputsOf, parametersOf } from '../../src/networks/architectures/layer.js'
import { catalogEntry, catalogModels, isGenerator } from '../../src/networks/catalog/catalog.js'
import { listNetworks } from '../../src/networks/models/imported.js'
import { writeCaffeWeights } from '../support/caffeFile.js'
import { normalise, testFeatures, testImages } from '../support/formulas.js'
import { expectGolden } from '../support/golden.js'
import { formulaTensors, narrowed } from '../support/narrowNetworks.js'
import { networkFolder } from '../support/networkFolder.js'
import { writeTorchZip } from '../support/torchFile.js'

const folder = networkFolder()

/** Digests of the names and shapes of the weights that torchvision's networks have. */
const parameters: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/networks/parameters.json'), 'utf8'),
)

function architectureOf(id: string): Architecture {
  return architectures.find((architecture) => architecture.id === id) as Architecture
}

/** What the narrow network gives with weights by formula, read from the given form of file. */
async function outputsOfNarrow(id: string, input: Float32Array, form: 'torch' | 1 | 2 = 'torch') {
  const narrow = narrowed(architectureOf(id))
  const tensors = formulaTensors(narrow)
  const weights = folder('weights')
  if (form === 'torch') writeTorchZip(weights, tensors)
  else await writeCaffeWeights(weights, tensors, form)
  const { path } = await withFile(weights, (file) => graphFile(narrow, file, '0'.repeat(64)))
  const session = await InferenceSession.create(path)
  const { name, shape } = narrow.input
  const outputs = await session.run({ [name]: new Tensor('float32', input, [2, ...shape]) })
  await session.release()
  return outputs
}

it.each(Object.entries(parameters))('%s has the weights that torchvision has', (id, digest) => {
  const lines = parametersOf(architectureOf(id).layers).map(({ key, shape }) => `${key} [${shape.join(', ')}]`)
  expect(sha256(lines.sort().join('\n'))).toBe(digest)
})

it.each(Object.keys(parameters).filter((id) => !['resnet101', 'resnet152'].includes(id)))(
  '%s with few channels and weights by formula gives the features that PyTorch gives',
  async (id) => {
    const features = await outputsOfNarrow(id, normalise(testImages()))
    for (const { name } of featureLayersOf(architectureOf(id).layers))
      await expectGolden(`${id}-${name}`, features[name])
  },
)

describe('a network of a Caffe model, with few channels and weights by formula', () => {
  const { input } = catalogEntry('caffenet')

  it.each([1, 2] as const)('gives the features that PyTorch gives: caffenet in V%i layers', async (form) => {
    const features = await outputsOfNarrow('caffenet', normalise(testImages(input.rows), input), form)
    for (const name of ['fc6', 'fc7', 'fc8']) await expectGolden(`caffenet-${name}`, features[name])
  })

  it.each([
    { id: 'deepsim-fc6', dims: 512, form: 2 },
    { id: 'deepsim-fc8', dims: 1000, form: 1 },
  ] as const)('makes the images that PyTorch makes: $id in V$form layers', async ({ id, dims, form }) => {
    const { image } = await outputsOfNarrow(id, testFeatures(dims), form)
    expect(image?.dims).toEqual([2, 3, 227, 227])
    await expectGolden(id, image, 101)
  })
})

it.each(architectures)('$id is what the catalog says', ({ id, input, layers }) => {
  const entry = catalogModels().find((candidate) => candidate.id === id)
  if (!entry) throw new Error(`${id} is not in the catalog`)
  if (isGenerator(entry)) {
    const encoder = catalogEntry(entry.encoder)
    expect(encoder.layers.find(({ name }) => name === entry.layer)?.dims).toBe(entry.dims)
    expect(input).toEqual({ name: 'feature', shape: [entry.dims] })
    expect(outputsOf(layers)).toEqual([{ name: 'image', shape: [3, encoder.input.rows, encoder.input.cols] }])
  } else {
    expect(input).toEqual({ name: entry.input.name, shape: [3, entry.input.rows, entry.input.cols] })
    expect(entry.layers.map(({ name, dims }) => ({ name, dims }))).toEqual(featureLayersOf(layers))
  }
})

it('the size of all weights is known before they are here', async () => {
  const sizes = new Map((await listNetworks()).map(({ entry, expectedBytes }) => [entry.id, expectedBytes ?? 0]))
  for (const [id, bytes] of sizes) expect(bytes, id).toBeGreaterThan(1e5)
  // What torchvision says of its files, in MiB.
  const published = {
    resnet18: 44.661,
    resnet34: 83.275,
    resnet101: 170.511,
    resnet152: 230.434,
    vgg16: 527.796,
    squeezenet1_0: 4.778,
  }
  for (const [id, mebibytes] of Object.entries(published))
    expect((sizes.get(id) as number) / 2 ** 20 / mebibytes).toBeCloseTo(1, 2)
})
