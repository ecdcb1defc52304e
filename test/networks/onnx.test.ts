import { readdirSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { writeGraphCopy } from '../../src/networks/onnx/graphCopy.js'
import { type Initializer, type Model, writeModel } from '../../src/networks/onnx/model.js'
import { readOnnxFile } from '../../src/networks/onnx/onnxFile.js'
import {
  floatField,
  integerField,
  messageBytes,
  messageField,
  packedIntegersField,
  stringField,
} from '../../src/networks/protobuf/wire.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const path = () => folder('test.onnx')

/** Scales an image's values and flattens it. */
function scaling(factor: Float32Array): Model {
  const initializers: Initializer[] = [{ name: 'factor', shape: [], float32: async () => factor }]
  return {
    name: 'scaling',
    inputs: [{ name: 'image', shape: ['N', 3, 2, 2] }],
    outputs: [{ name: 'flat', shape: ['N', 12] }],
    initializers,
    nodes: [
      { operator: 'Mul', name: 'scale', inputs: ['image', 'factor'], outputs: ['scaled'], attributes: {} },
      {
        operator: 'LeakyRelu',
        name: 'leak',
        inputs: ['scaled'],
        outputs: ['leaked'],
        attributes: { alpha: { float: 0.5 } },
      },
      { operator: 'Flatten', name: 'flatten', inputs: ['leaked'], outputs: ['flat'], attributes: { axis: 1 } },
    ],
  }
}

async function bytesOf(...chunks: Parameters<typeof messageBytes>[0][number][]): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of messageBytes(chunks)) pieces.push(piece)
  return Buffer.concat(pieces).toString('hex')
}

describe('protobuf fields', () => {
  // The first three are the examples of https://protobuf.dev/programming-guides/encoding/.
  it('have the bytes of the encoding guide', async () => {
    expect(await bytesOf(...integerField(1, 150))).toBe('089601')
    expect(await bytesOf(...stringField(2, 'testing'))).toBe('120774657374696e67')
    expect(await bytesOf(...packedIntegersField(6, [3, 270, 86942]))).toBe('3206038e029ea705')
    expect(await bytesOf(...integerField(1, -2))).toBe('08feffffffffffffffff01')
    expect(await bytesOf(...floatField(2, 1))).toBe('150000803f')
  })

  it('are not written when a payload has another length than announced', async () => {
    const model = scaling(Float32Array.of(1, 2))
    await expect(writeModel(path(), model)).rejects.toThrow('8 bytes where 4 were announced')
    expect(readdirSync(folder())).toEqual([])
  })
})

describe('a model that was written', () => {
  it('runs in ONNX Runtime', async () => {
    await writeModel(path(), scaling(Float32Array.of(3)))
    const session = await InferenceSession.create(path())
    const values = Float32Array.from({ length: 24 }, (_, i) => i - 12)
    const { flat } = await session.run({ image: new Tensor('float32', values, [2, 3, 2, 2]) })
    expect(flat?.dims).toEqual([2, 12])
    expect(flat?.data).toEqual(values.map((value) => (value < 0 ? 1.5 : 3) * value))
  })

  it('has the inputs and outputs that it was given', async () => {
    const dimension = fc.oneof(fc.integer({ min: 1, max: 2 ** 40 }), fc.stringMatching(/^[a-zA-Z_]{1,8}$/))
    const info = fc.record({
      name: fc.string({ minLength: 1, unit: 'grapheme' }),
      shape: fc.array(dimension, { maxLength: 5 }),
    })
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

  it('names the tensors inside', async () => {
    await writeModel(path(), scaling(Float32Array.of(1)))
    expect(readOnnxFile(path()).tensors).toEqual(new Set(['scaled', 'leaked', 'flat']))
  })

  it('can be copied with tensors inside as outputs', async () => {
    const copy = folder('copy.onnx')
    await writeModel(path(), scaling(Float32Array.of(3)))
    await writeGraphCopy(copy, path(), { outputs: ['scaled', 'leaked'] })
    expect(readOnnxFile(copy).outputs.map(({ name }) => name)).toEqual(['flat', 'scaled', 'leaked'])
    const session = await InferenceSession.create(copy)
    const values = new Float32Array(12).fill(-1)
    const results = await session.run({ image: new Tensor('float32', values, [1, 3, 2, 2]) })
    expect(results.scaled?.data).toEqual(values.map(() => -3))
    expect(results.leaked?.data).toEqual(values.map(() => -1.5))
    expect(results.flat?.data).toEqual(results.leaked?.data)
  })

  it('may have its graph in pieces, which the copy joins', async () => {
    const copy = folder('copy.onnx')
    const piece = (name: string) =>
      Buffer.concat(messageField(7, messageField(12, stringField(1, name))) as Uint8Array[])
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
