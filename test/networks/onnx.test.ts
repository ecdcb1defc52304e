import { readdirSync, writeFileSync } from 'node:fs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import {
  type Chunk,
  floatField,
  integerField,
  messageField,
  packedIntegersField,
  stringField,
} from '../../src/files/protobuf/wire.js'
import { halfPrecisionChanges } from '../../src/onnx/edit/halfPrecision.js'
import { writeGraphCopy } from '../../src/onnx/format/graphCopy.js'
import { readOnnxFile } from '../../src/onnx/format/onnxFile.js'
import { type Model, writeModel } from '../../src/onnx/format/onnxModel.js'
import { joined } from '../support/caffeFile.js'
import { constantOf, node } from '../support/smallNetwork.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const path = () => folder('test.onnx')
const copy = () => folder('copy.onnx')

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
    await expect(writeModel(path(), model)).rejects.toThrow('8 bytes instead of 4')
    expect(readdirSync(folder())).toEqual([])
  })
})

describe('a model that was written', () => {
  it('runs in ONNX Runtime, with tensors inside as outputs of a copy', async () => {
    await writeModel(path(), scaling(Float32Array.of(3)))
    expect(readOnnxFile(path()).tensors).toEqual(new Set(['scaled', 'leaked', 'flat']))
    await writeGraphCopy(copy(), path(), { outputs: ['scaled', 'leaked'] })
    expect(readOnnxFile(copy()).outputs.map(({ name }) => name)).toEqual(['flat', 'scaled', 'leaked'])
    const session = await InferenceSession.create(copy())
    const values = Float32Array.from({ length: 24 }, (_, i) => i - 12)
    const { scaled, flat } = await session.run({ image: new Tensor('float32', values, [2, 3, 2, 2]) })
    expect(scaled?.data).toEqual(values.map((value) => 3 * value))
    expect(flat?.data).toEqual(values.map((value) => (value < 0 ? 1.5 : 3) * value))
    expect(flat?.dims).toEqual([2, 12])
  })

  it('may have its graph in pieces, which the copy joins', async () => {
    const piece = (name: string) => joined(messageField(7, messageField(12, stringField(1, name))))
    writeFileSync(path(), Buffer.concat(['a', 'b', 'c'].map(piece)))
    await writeGraphCopy(copy(), path(), { outputs: ['d'] })
    expect(readOnnxFile(copy()).outputs.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('counts initializers that are also listed as inputs as constants', async () => {
    const model = scaling(Float32Array.of(1))
    const real = [...model.inputs, { name: 'number', shape: [] }]
    await writeModel(path(), { ...model, inputs: [...real, { name: 'factor', shape: [] }] })
    expect(readOnnxFile(path()).inputs).toEqual(real.map((input) => ({ ...input, type: 'float32' })))
  })
})

const [FLOAT, INT64, BOOL] = [1, 7, 9]
const raw = (values: ArrayBufferView) => messageField(9, [new Uint8Array(values.buffer)])
function tensor(shape: readonly number[], type: number, values: readonly Chunk[]): Chunk[] {
  return [...packedIntegersField(1, shape), ...integerField(2, type), ...values]
}

/** The graph of a model of one initializer `a`, and one node with one attribute `a`. */
function graphOf(initializer: readonly Chunk[], attribute: readonly Chunk[] = []) {
  const op = messageField(1, [...stringField(4, 'Op'), ...messageField(5, [...stringField(1, 'a'), ...attribute])])
  const constant = messageField(5, [...initializer, ...stringField(8, 'a')])
  const output = messageField(12, stringField(1, 'out'))
  writeFileSync(path(), joined(messageField(7, [...op, ...constant, ...output])))
  return readOnnxFile(path()).graph
}

describe('a constant of a graph', () => {
  it.each<[string, number, readonly number[], readonly Chunk[], readonly number[] | null]>([
    ['raw float32', FLOAT, [2], raw(Float32Array.of(1.5, -2)), [1.5, -2]],
    ['raw int64', INT64, [2], raw(BigInt64Array.of(-1n, 300n)), [-1, 300]],
    ['raw truth values', BOOL, [3], raw(Uint8Array.of(1, 0, 1)), [1, 0, 1]],
    ['listed float32', FLOAT, [2], [...floatField(4, 1.5), ...floatField(4, -2)], [1.5, -2]],
    ['packed float32', FLOAT, [2], messageField(4, [new Uint8Array(Float32Array.of(1.5, -2).buffer)]), [1.5, -2]],
    ['listed int64', INT64, [2], packedIntegersField(7, [-1, 300]), [-1, 300]],
    ['listed truth values', BOOL, [2], packedIntegersField(5, [1, 0]), [1, 0]],
    ['a single number', INT64, [], packedIntegersField(7, [4]), [4]],
    ['256 numbers', INT64, [256], packedIntegersField(7, Array(256).fill(1)), Array(256).fill(1)],
    ['257 numbers', INT64, [257], packedIntegersField(7, Array(257).fill(1)), null],
    ['fewer numbers than its shape has', INT64, [3], packedIntegersField(7, [1, 2]), null],
    ['more numbers than its shape has', INT64, [1], packedIntegersField(7, [1, 2]), null],
    ['raw bytes that do not fit its shape', INT64, [1], raw(Float32Array.of(1)), null],
    ['a negative shape', INT64, [-1, -1], packedIntegersField(7, [1]), null],
    ['another type', 6, [1], packedIntegersField(5, [1]), null],
  ])('has its values: %s', (_, type, shape, values, expected) => {
    expect(graphOf(tensor(shape, type, values)).constants.get('a')).toEqual({ shape, type, values: expected })
  })
})

describe('an attribute of a node', () => {
  const kind = (number: number) => integerField(20, number)

  it.each<[string, readonly Chunk[], unknown]>([
    ['a number', [...floatField(2, 0.5), ...kind(1)], 0.5],
    ['a whole number', [...integerField(3, 7), ...kind(2)], 7],
    ['a negative number', [...integerField(3, -7), ...kind(2)], -7],
    ['a number beyond all sizes', [...integerField(3, 2 ** 31), ...kind(2)], 2 ** 31],
    ['a text', [...stringField(4, 'SAME'), ...kind(3)], 'SAME'],
    ['a long text', [...stringField(4, 'x'.repeat(256)), ...kind(3)], null],
    [
      'a tensor',
      [...messageField(5, tensor([1], INT64, packedIntegersField(7, [2]))), ...kind(4)],
      { shape: [1], type: INT64, values: [2] },
    ],
    ['whole numbers', [...packedIntegersField(8, [1, 2]), ...kind(7)], [1, 2]],
    ['a negative one among them', [...packedIntegersField(8, [1, -2]), ...kind(7)], [1, -2]],
    ['numbers', [...floatField(7, 1), ...kind(6)], null],
    ['nothing, as a number', kind(1), 0],
    ['nothing, as a whole number', kind(2), 0],
    ['nothing, as a text', kind(3), ''],
    ['nothing, as a tensor', kind(4), null],
    ['a number of no kind', floatField(2, 0.5), 0.5],
    ['a whole number of no kind', integerField(3, 7), 7],
    ['a text of no kind', stringField(4, 'SAME'), 'SAME'],
    ['whole numbers of no kind', packedIntegersField(8, [1]), [1]],
  ])('is %s', (_, attribute, value) => {
    const [node] = graphOf(tensor([], INT64, packedIntegersField(7, [1])), attribute).nodes
    expect(node?.attributes.get('a')).toEqual(value)
  })
})

it('a graph in float16 has the casts at the weights alone, one for each', async () => {
  // The scale is itself a product of constants.
  await writeModel(path(), {
    name: 'affine',
    inputs: [{ name: 'image', shape: ['N', 4] }],
    outputs: [{ name: 'result', shape: ['N', 2, 2] }],
    initializers: [
      ...[constantOf('first', [], 1), constantOf('second', [], 2), constantOf('shift', [], 3)],
      { name: 'shape', shape: [3], int64: [-1, 2, 2] },
    ],
    nodes: [
      node('Mul', ['first', 'second'], 'scale'),
      node('Mul', ['image', 'scale'], 'scaled'),
      node('Add', ['shift', 'scaled'], 'moved'),
      node('Reshape', ['moved', 'shape'], 'result'),
    ],
  })
  const { nodes, renamedInputs } = halfPrecisionChanges(path())
  expect(nodes.map(({ operator, inputs }) => [operator, ...inputs])).toEqual([
    ['Cast', 'scale'],
    ['Cast', 'shift'],
  ])
  expect(Object.keys(renamedInputs)).toEqual(['1', '2'])
})
