import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withFile } from '../../src/files/openFile.js'
import { sha256 } from '../../src/files/sha256.js'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { graphFile } from '../../src/networks/architectures/graphFile.js'
import { type Architecture, featuresOf, outputsOf, parametersOf } from '../../src/networks/architectures/layer.js'
import { vgg16, vgg16Layers } from '../../src/networks/architectures/vgg.js'
import { catalog, catalogEntry, catalogModels, chooseNetwork, isGenerator } from '../../src/networks/index.js'
import { normalise, testImages, weight } from '../support/formulas.js'
import { expectGolden } from '../support/golden.js'
import { writeTorchZip } from '../support/torchFile.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shiftscope-test-'))
  process.env.SHIFTSCOPE_CACHE = folder
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A checkpoint of this architecture with weights by formula. */
function formulaCheckpoint({ layers }: Pick<Architecture, 'layers'>): string {
  const path = join(folder, 'formula.pth')
  const tensors = parametersOf(layers).map(({ key, shape }) => ({ key, shape, data: () => weight(key, shape) }))
  writeTorchZip(path, tensors)
  return path
}

/** Digests of the names and shapes of weights, of networks with too many of them for a test of their features. */
const large: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/networks/parameters.json'), 'utf8'),
)
const isSmall = ({ id }: Architecture) => !(id in large) && catalog().some((entry) => entry.id === id)

describe.each(architectures.filter(isSmall))('$id with weights by formula', (architecture) => {
  it('gives the features that PyTorch gives', { timeout: 180_000 }, async () => {
    const network = await chooseNetwork({ model: architecture.id, weights: formulaCheckpoint(architecture) })
    const features = await run(network.onnxPath, normalise(testImages()))
    for (const { name } of network.layers) {
      await expectGolden(`${architecture.id}-${name}`, features[name])
    }
    rmSync(network.onnxPath)
  })
})

describe.each(Object.entries(large))('%s', (id, digest) => {
  it('has the weights that torchvision has', () => {
    const { layers } = architectures.find((architecture) => architecture.id === id) as Architecture
    const lines = parametersOf(layers).map(({ key, shape }) => `${key} [${shape.join(', ')}]`)
    expect(sha256(lines.sort().join('\n'))).toBe(digest)
  })
})

describe('vgg16', () => {
  it('with few channels and weights by formula gives the features that PyTorch gives', async () => {
    const narrow = { ...vgg16, id: 'vgg16-narrow', layers: vgg16Layers(8, 256) }
    const { path } = await withFile(formulaCheckpoint(narrow), (file) => graphFile(narrow, file, '0'.repeat(64)))
    const features = await run(path, normalise(testImages()))
    for (const { name } of featuresOf(narrow.layers)) await expectGolden(`vgg16-narrow-${name}`, features[name])
  })
})

describe.each(architectures)('$id', ({ id, title, input, layers }) => {
  it('is what the catalog says', () => {
    const entry = catalogModels().find((candidate) => candidate.id === id)
    if (!entry) throw new Error(`${id} is not in the catalog`)
    expect(entry.title).toBe(title)
    if (isGenerator(entry)) {
      const encoder = catalogEntry(entry.encoder)
      expect(encoder.layers.find(({ name }) => name === entry.layer)?.dims).toBe(entry.dims)
      expect(input).toEqual({ name: 'feature', shape: [entry.dims] })
      expect(outputsOf(layers)).toEqual([{ name: 'image', shape: [3, encoder.input.rows, encoder.input.cols] }])
    } else {
      expect(input).toEqual({ name: entry.input.name, shape: [3, entry.input.rows, entry.input.cols] })
      expect(entry.layers.map(({ name, dims }) => ({ name, dims }))).toEqual(featuresOf(layers))
    }
  })
})

const shared = join(import.meta.dirname, '../../../shared/data')
const dequantised = join(shared, 'mobilenet_v2-dequantised.pth')
const berry = join(shared, 'berry/berry-100-on-white.png')
const absent = [dequantised, berry].find((path) => !existsSync(path))
if (absent !== undefined) console.log(`trained MobileNetV2 is not tested: ${absent} is absent`)

describe.skipIf(absent !== undefined)('mobilenet_v2 with trained weights', () => {
  it('gives the features that PyTorch gives', async () => {
    const network = await chooseNetwork({ model: 'mobilenet_v2', weights: dequantised })
    const features = await run(network.onnxPath, normalise(await composites(berry)))
    await expectGolden('mobilenet_v2-dequantised', features.fc)
  })
})

/** The picture at the three places of make_networks.py, on white: [3, 224, 224, 3]. */
async function composites(picture: string): Promise<Uint8Array> {
  const places = [
    { top: 0, left: 0 },
    { top: 61, left: 62 },
    { top: 124, left: 17 },
  ]
  const frame = sharp({ create: { width: 224, height: 224, channels: 3, background: 'white' } })
  const frames = places.map((place) =>
    frame
      .clone()
      .composite([{ input: picture, ...place }])
      .removeAlpha()
      .raw()
      .toBuffer(),
  )
  return new Uint8Array(Buffer.concat(await Promise.all(frames)))
}

async function run(onnxPath: string, images: Float32Array): Promise<Record<string, Tensor | undefined>> {
  const session = await InferenceSession.create(onnxPath)
  const count = images.length / (3 * 224 * 224)
  return session.run({ image: new Tensor('float32', images, [count, 3, 224, 224]) })
}
