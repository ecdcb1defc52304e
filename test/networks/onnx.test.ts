import { readdirSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { writeGraphCopy } from '../../src/networks/onnx/graphCopy.js'
import { type Model, writeModel } from '../../src/networks/onnx/model.js'
import { readOnnxFile } from '../../src/networks/onnx/onnxFile.js'
import {
  floatField,
  integerField,
  messageField,
  packedIntegersField,
  stringField,
} from '../../src/networks/protobuf/wire.js'
import { joined } from '../support/caffeFile.js'
import { node } from '../support/smallNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const path = () => folder('test.onnx')

/** Scales an image's values and flattens it. */
function scaling(factor: Float32Array): Model {
  return {
    name: 'scaling',
    inputs: [{ name: 'image', shape: ['N', 3, 2, 2] }],
    outputs: [{ name: 'flat', shape: ['N', 12] }],
    initializers: [{ name: 'factor', shape: [], float32: async () => factor }],
    nodes: [
      node('Mul', ['image', 'factor'], 'scaled'),
      node('LeakyRelu', ['scaled'], 'leaked', { alpha: { float: 0.5 } }),
      node('Flatten', ['leaked'], 'flat', { axis: 1 }),
    ],
  }
}

describe('protobuf fields', () => {
  // The first three are the examples of https://protobuf.dev/programming-guides/encoding/.
  it.each([
    [integerField(1, 150), '089601'],
    [stringField(2, 'testing'), '120774657374696e67'],
    [packedIntegersField(6, [3, 270, 86942]), '3206038e029ea705'],
    [integerField(1, -2), '08feffffffffffffffff01'],
    [floatField(2, 1), '150000803f'],
  ])('have the bytes of the encoding guide: %#', (chunks, bytes) => {
    expect(joined(chunks).toString('hex')).toBe(bytes)
  })

  it('are not written when a payload has another length than announced', async () => {
    const model = scaling(Float32Array.of(1, 2))
    await expect(writeModel(path(), model)).rejects.toThrow('8 bytes where 4 were announced')
    expect(readdirSync(folder())).toEqual([])
  })
})

describe('a model that was written', () => {
  it('has the inputs and outputs that it was given', async () => {
    const dimension = fc.oneof(fc.integer({ min: 1, max: 2 ** 40 }), fc.stringMatching(/^[a-zA-Z_]{1,8}$/))
    const name = fc.string({ minLength: 1, unit: 'grapheme' })
    const info = fc.record({ name, shape: fc.array(dimension, { maxLength: 5 }) })
    const infos = fc.array(info, { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(infos, infos, async (inputs, outputs) => {
        await writeModel(path(), { ...scaling(Float32Array.of(1)), inputs, outputs })
        const found = readOnnxFile(path())
        const typed = (list: typeof inputs) => list.map((each) => ({ ...each, type: 'float32' }))
        expect(found).toMatchObject({
          inputs: typed(inputs).filter(({ name }) => name !== 'factor'),
          outputs: typed(outputs),
        })
      }),
      { numRuns: 20 },
    )
  })

  it('runs in ONNX Runtime, with tensors inside as outputs of a copy', async () => {
    const copy = folder('copy.onnx')
    await writeModel(path(), scaling(Float32Array.of(3)))
    expect(readOnnxFile(path()).tensors).toEqual(new Set(['scaled', 'leaked', 'flat']))
    await writeGraphCopy(copy, path(), { outputs: ['scaled', 'leaked'] })
    expect(readOnnxFile(copy).outputs.map(({ name }) => name)).toEqual(['flat', 'scaled', 'leaked'])
    const session = await InferenceSession.create(copy)
    const values = Float32Array.from({ length: 24 }, (_, i) => i - 12)
    const { scaled, flat } = await session.run({ image: new Tensor('float32', values, [2, 3, 2, 2]) })
    expect(scaled?.data).toEqual(values.map((value) => 3 * value))
    expect(flat?.data).toEqual(values.map((value) => (value < 0 ? 1.5 : 3) * value))
    expect(flat?.dims).toEqual([2, 12])
  })

  it('may have its graph in pieces, which the copy joins', async () => {
    const copy = folder('copy.onnx')
    const piece = (name: string) => joined(messageField(7, messageField(12, stringField(1, name))))
    writeFileSync(path(), Buffer.concat(['a', 'b', 'c'].map(piece)))
    await writeGraphCopy(copy, path(), { outputs: ['d'] })
    expect(readOnnxFile(copy).outputs.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('counts initializers that are also listed as inputs as constants', async () => {
    const model = scaling(Float32Array.of(1))
    await writeModel(path(), { ...model, inputs: [...model.inputs, { name: 'factor', shape: [] }] })
    expect(readOnnxFile(path()).inputs.map(({ name }) => name)).toEqual(['image'])
  })
})
