import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError, UsageError } from '../../src/errors.js'
import { chooseNetwork } from '../../src/networks/index.js'
import { writeModel } from '../../src/networks/onnx/model.js'
import { readOnnxFile } from '../../src/networks/onnx/onnxFile.js'
import { networkSource } from '../../src/networks/source.js'
import { nearestNames } from '../../src/support/text.js'
import { messageOf } from '../support/messageOf.js'
import { networkFolder } from '../support/networkFolder.js'
import { expectClose, expectOnnxGoldens, onnxFeatures, onnxGolden, runOnnxGolden } from '../support/onnxGoldens.js'
import { node } from '../support/smallNetwork.js'

const folder = networkFolder()
const layers = ['/relu/Relu_output_0', 'features', 'conv', 'flat']

describe('any ONNX file', () => {
  it('gives every float tensor in its graph, flattened', async () => {
    const network = await chooseNetwork({ model: onnxGolden('plain'), layers })
    expect(network.layers).toEqual([
      { name: '/relu/Relu_output_0', dims: 4 * 6 * 6, isMap: true },
      { name: 'features', dims: 5 },
      { name: 'conv', dims: 4 * 6 * 6, isMap: true },
      { name: 'flat', dims: 4 },
    ])
    expect(network.input).toMatchObject({ name: 'image', rows: 8, cols: 8, batch: null })
    await expectOnnxGoldens(network)
  })

  it('is run as it stands when only its outputs are asked for', async () => {
    const path = onnxGolden('plain')
    const network = await chooseNetwork({ model: path, layers: ['features', 'features'] })
    expect(network).toMatchObject({ id: 'plain', onnxPath: path, layers: [{ name: 'features', dims: 5 }] })
  })

  it('may have a name as long as the file system takes', async () => {
    const path = folder(`${'ü'.repeat(125)}.onnx`)
    copyFileSync(onnxGolden('plain'), path)
    await expectOnnxGoldens(await chooseNetwork({ model: path, layers }))
  })

  it('may take its channels last', async () => {
    const network = await chooseNetwork({ model: onnxGolden('channels-last'), layers })
    const name = 'image.channels_first'
    expect(network.input).toMatchObject({ name, rows: 8, cols: 8, batch: null })
    expect(readOnnxFile(network.onnxPath).inputs).toEqual([{ name, type: 'float32', shape: ['N', 3, 8, 8] }])
    await expectOnnxGoldens(network)
  })

  it('may insist on a batch size, openly or not', async () => {
    const open = await chooseNetwork({ model: onnxGolden('batch-of-4'), layers })
    expect(open.input.batch).toBe(4)
    await expectOnnxGoldens(open)
    const hidden = await chooseNetwork({ model: onnxGolden('hidden-batch'), layers: ['row', 'conv'] })
    expect(hidden.input.batch).toBe(1)
    const { row } = await runOnnxGolden(hidden)
    expectClose(row, onnxFeatures.features)
  })

  it('may keep its data in a file beside it, where nothing is written', async () => {
    const model = folder('own.onnx')
    const data = readFileSync(join(dirname(onnxGolden('external')), 'external.data'))
    copyFileSync(onnxGolden('external'), model)
    writeFileSync(folder('external.data'), data)
    for (const layers of [['conv', 'features'], ['features']])
      await expectOnnxGoldens(await chooseNetwork({ model, layers }))
    expect(readdirSync(folder()).sort()).toEqual(['cache', 'external.data', 'own.onnx'])
    data.writeFloatLE(Number.NaN, 0)
    writeFileSync(folder('external.data'), data)
    expect(await messageOf(chooseNetwork({ model, layers: ['flat', 'features'] }))).toContain('gives NaN: its weights')
  })
})

/** A model that gives the image as its features. */
async function copying(shape: readonly number[]): Promise<string> {
  const about = { inputs: [{ name: 'image', shape }], outputs: [{ name: 'features', shape: [] }] }
  const nodes = [node('Identity', ['image'], 'features')]
  await writeModel(folder('copying.onnx'), { name: 'copying', ...about, initializers: [], nodes })
  return folder('copying.onnx')
}

describe('an ONNX file is refused', () => {
  it.each([
    ['two-inputs', 'has 2 inputs, "image", "other"'],
    ['vector', 'float32 [N, 5], which is not a batch of images'],
    ['grey', '[N, 1, 8, 8], which does not have 3 channels'],
    ['oblong', '[N, 3, 8, 9], which is not square'],
  ])('for what it takes: %s', async (name, message) => {
    expect(await messageOf(networkSource({ model: onnxGolden(name) }))).toContain(message)
  })

  it.each([
    [[1, 3, 5000, 5000], 'images beyond 4096 pixels'],
    [[100_000, 3, 100, 100], 'a batch of more than 1 GiB'],
  ])('for what it takes too much of: %j', async (shape, message) => {
    expect(await messageOf(networkSource({ model: await copying(shape) }))).toContain(message)
  })

  it('for no length of −1, which is any', async () => {
    const { input } = await networkSource({ model: await copying([1, 3, -1, -1]) })
    expect(input).toMatchObject({ batch: 1, rows: 224, cols: 224 })
  })

  it.each([
    ['plain', [], UsageError, 'its outputs are "features"'],
    ['plain', ['features', 'relu'], UsageError, 'the most similar of those that can be read are "/relu/Relu_output_0"'],
    ['plain', ['feautres'], UsageError, 'that can be read are "features"'],
    ['types', ['features', 'class'], InputError, 'layer "class" of'],
    ['types', ['class'], InputError, 'is int64; features must be float32, float16, float64, uint8, int8'],
    ['types', ['mean'], InputError, 'is [5] for 1 image; features must be [images, …]'],
  ] as const)('%s with the layers %j', async (name, asked, type, message) => {
    expect(await messageOf(chooseNetwork({ model: onnxGolden(name), layers: asked }), type)).toContain(message)
  })

  it('when it does not run', async () => {
    const model = readFileSync(onnxGolden('plain'))
    model.write('X', model.indexOf('GlobalAveragePool'))
    writeFileSync(folder('broken.onnx'), model)
    expect(await messageOf(chooseNetwork({ model: folder('broken.onnx') }))).toContain('ONNX Runtime refuses')
  })
})

describe('names like a mistyped one', () => {
  it('contain it, or differ from it in few letters', () => {
    const names = ['conv1', 'fc7', '/features/fc6/Gemm_output_0', 'fc60', 'relu']
    expect(nearestNames('fc6', names, 2)).toEqual(['fc60', '/features/fc6/Gemm_output_0'])
    expect(nearestNames('reul', names, 1)).toEqual(['relu'])
    expect(nearestNames('fc6', [], 3)).toEqual([])
  })

  it('have the name itself first', () => {
    const names = fc.uniqueArray(fc.string({ maxLength: 20 }), { minLength: 1, selector: (s) => s.toLowerCase() })
    fc.assert(
      fc.property(names, (drawn) => {
        const name = drawn.at(-1) as string
        expect(nearestNames(name, drawn, 1)).toEqual([name])
      }),
    )
  })
})
