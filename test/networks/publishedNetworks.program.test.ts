import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { extract } from '../../src/features/openNetwork.js'
import { readNpy } from '../../src/files/npy.js'
import { withFile } from '../../src/files/openFile.js'
import { readMessage } from '../../src/files/protobuf/messages.js'
import { type FileRange, fileRangeOf } from '../../src/files/protobuf/wire.js'
import { sha256OfFile } from '../../src/files/sha256.js'
import { catalogEntry } from '../../src/networks/catalog/catalog.js'
import { pullWeights } from '../../src/networks/models/pullWeights.js'
import { chooseNetwork } from '../../src/networks/open/openNetwork.js'
import { modelTable } from '../../src/onnx/format/messages.js'
import { arithmetic } from '../../src/study/arithmetic/arithmetic.js'
import { writeCaffeWeights } from '../support/caffeFile.js'
import { normalise, testImages } from '../support/formulas.js'
import { distance, expectGolden } from '../support/golden.js'
import { narrowCatalog, tensorsOf } from '../support/narrowNetworks.js'
import { networkFolder } from '../support/networkFolder.js'
import { type TorchTensor, writeTorchZip } from '../support/torchFile.js'

const folder = networkFolder()

async function caffeModel(id: string): Promise<string> {
  const path = folder(`${id}.caffemodel`)
  await writeCaffeWeights(path, tensorsOf(id), 2)
  return path
}

describe('CaffeNet with few channels', () => {
  narrowCatalog()

  it('sees pictures of its own frame, blue first and minus the mean', async () => {
    const patch = folder('disc.png')
    const side = catalogEntry('caffenet').input.rows
    const frame = testImages(side).subarray(0, side * side * 3)
    await sharp(frame, { raw: { width: side, height: side, channels: 3 } }).toFile(patch)
    const extraction = await extract({ model: 'caffenet', weights: await caffeModel('caffenet'), patch, size: side })
    expect(extraction).toMatchObject({ frame: side, rows: 1, cols: 1 })
    for (const { name, dims, data: features } of extraction.layers) {
      const golden = await readNpy(join(import.meta.dirname, `../golden/networks/caffenet-${name}.npy`))
      expect(distance(features, golden.data.subarray(0, dims)), name).toBeLessThanOrEqual(1e-4)
    }
  })

  it('and a DeePSiM generator compute with features as extract gives them, rectified if asked', async () => {
    const weights = { caffenet: await caffeModel('caffenet'), 'deepsim-fc6': await caffeModel('deepsim-fc6') }
    const images = { A: 'orange@0,0', B: 'orange@0,152' }
    const options = { expression: 'A + B', images, model: 'caffenet', layers: ['fc6'], weights }
    const { document, layers, operands } = await arithmetic({ ...options, out: folder('out') })
    expect(document).toMatchObject({ frame: 227, expectation: { scene: 'orange:75@0,0 orange:75@0,152' } })
    expect(document.layers[0]).toMatchObject({ generator: 'deepsim-fc6', dims: 512, feature: 'pre-relu' })
    expect([...operands.values()].map(({ length }) => length)).toEqual([227 * 227 * 3, 227 * 227 * 3])
    expect(layers[0]?.decodedExpectation).toHaveLength(227 * 227 * 3)
    const patch = { patch: 'orange', size: 75, stride: 152 }
    const extraction = await extract({ model: 'caffenet', weights: weights.caffenet, layers: ['fc6'], ...patch })
    const features = extraction.layers[0]?.data.slice(0, 2 * 512)
    expect(layers[0]?.operands).toEqual(features)
    const rectified = await arithmetic({ ...options, postRelu: true })
    expect(rectified.document.layers[0]?.feature).toBe('post-relu')
    expect(rectified.layers[0]?.operands).toEqual(features?.map((value) => Math.max(0, value)))
  })
})

const shared = join(import.meta.dirname, '../../../shared/data')
const dequantised = join(shared, 'mobilenet_v2-dequantised.pth')
const berry = join(shared, 'berry/berry-100-on-white.png')
const absent = [dequantised, berry].find((path) => !existsSync(path))
if (absent !== undefined) console.log(`trained MobileNetV2 is not tested: ${absent} is absent`)

it.skipIf(absent !== undefined)('mobilenet_v2 with trained weights gives the features that PyTorch gives', async () => {
  const network = await chooseNetwork({ model: 'mobilenet_v2', weights: dequantised })
  const session = await InferenceSession.create(network.onnxPath)
  const images = new Tensor('float32', normalise(await composites(berry)), [3, 3, 224, 224])
  const features = await session.run({ image: images })
  await expectGolden('mobilenet_v2-dequantised', features.fc)
})

const squeezenet = join(shared, 'squeezenet1_1.onnx')
const hasSqueezenet = existsSync(squeezenet)
if (!hasSqueezenet) console.log(`trained SqueezeNet 1.1 is not tested: ${squeezenet} is absent`)

it.skipIf(!hasSqueezenet)('squeezenet1_1 is pulled, and gives the features of its ONNX export', async () => {
  const weights = folder('squeezenet1_1-test.pth')
  writeTorchZip(weights, await weightsOfOnnx(squeezenet))
  const source = { url: `https://localhost/${basename(weights)}`, bytes: null, sha256: await sha256OfFile(weights) }
  Object.assign(catalogEntry('squeezenet1_1'), { sources: [source] })
  await pullWeights('squeezenet1_1', { mirror: folder() })
  const patch = { patch: 'car', size: 75, stride: 37 }
  const pulled = await extract({ model: 'squeezenet1_1', ...patch })
  const layers = ['/features/features.12/Concat_output_0', 'output']
  const exported = await extract({ model: squeezenet, layers, pool: 'mean', ...patch })
  expect(pulled.layers.map(({ name, dims }) => [name, dims])).toEqual([
    ['fire9', 512],
    ['pool10', 1000],
  ])
  for (const [i, { name, data }] of pulled.layers.entries())
    expect(distance(data, exported.layers[i]?.data as Float32Array), name).toBeLessThanOrEqual(1e-5)
  expect(pulled.answers).toMatchObject({ layer: 'pool10', classes: exported.answers?.classes })
})

/** The weights of an ONNX file, by name. */
async function weightsOfOnnx(path: string): Promise<TorchTensor[]> {
  return withFile(path, async (file) => {
    const { graph } = readMessage(file, modelTable)
    return (graph?.initializer ?? []).map(({ name = '', dims = [], raw_data }) => {
      const { start, end } = fileRangeOf(raw_data) as FileRange
      const values = new Float32Array(Uint8Array.from(file.bytesAt(start, end)).buffer)
      return { key: name, shape: dims, data: () => values }
    })
  })
}

/** The picture at the three places of make_networks.py, on white: [3, 224, 224, 3]. */
async function composites(picture: string): Promise<Uint8Array> {
  const places = [
    [0, 0],
    [61, 62],
    [124, 17],
  ]
  const create = { width: 224, height: 224, channels: 3, background: 'white' } as const
  const frames = places.map(([top = 0, left = 0]) =>
    sharp({ create })
      .composite([{ input: picture, top, left }])
      .removeAlpha()
      .raw()
      .toBuffer(),
  )
  return new Uint8Array(Buffer.concat(await Promise.all(frames)))
}
