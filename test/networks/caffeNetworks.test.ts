import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { extract } from '../../src/api/extract.js'
import { readNpy } from '../../src/files/npy.js'
import { architectures } from '../../src/networks/architectures/architectures.js'
import { parametersOf } from '../../src/networks/architectures/layer.js'
import { catalogEntry, chooseGenerator, resolveNetwork } from '../../src/networks/index.js'
import { temporaryFolder } from '../temporaryFolder.js'
import { writeCaffeWeights } from './caffeFile.js'
import { normalise, testFeatures, testImages, weight } from './formulas.js'
import { distance, expectGolden } from './golden.js'

const folder = temporaryFolder()
beforeEach(() => {
  vi.stubEnv('SHIFTSCOPE_CACHE', folder('cache'))
})

async function caffeModel(id: string, layers: 1 | 2): Promise<string> {
  const architecture = architectures.find((candidate) => candidate.id === id)
  const parameters = parametersOf(architecture?.layers ?? [])
  const path = folder(`${id}.caffemodel`)
  await writeCaffeWeights(
    path,
    parameters.map(({ key, shape }) => ({ key, shape, data: () => weight(key, shape) })),
    layers,
  )
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
      const network = await resolveNetwork({ id: 'caffenet', weights: await caffeModel('caffenet', form) })
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
    rmSync(generator.path)
  })
})
