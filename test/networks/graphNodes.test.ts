import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readOnnxFile } from '../../src/networks/onnx/onnxFile.js'
import {
  type Chunk,
  floatField,
  integerField,
  messageField,
  packedIntegersField,
  stringField,
} from '../../src/networks/protobuf/wire.js'
import { joined } from '../support/caffeFile.js'
import { temporaryFolder } from '../support/temporaryFolder.js'

const folder = temporaryFolder()
const [FLOAT, INT64, BOOL] = [1, 7, 9]
const raw = (values: ArrayBufferView) => messageField(9, [new Uint8Array(values.buffer)])
const tensor = (shape: readonly number[], type: number, values: readonly Chunk[]) => [
  ...packedIntegersField(1, shape),
  ...integerField(2, type),
  ...values,
]

/** The graph of a model of one initializer `a`, and one node with one attribute `a`. */
function graphOf(initializer: readonly Chunk[], attribute: readonly Chunk[] = []) {
  const node = messageField(1, [...stringField(4, 'Op'), ...messageField(5, [...stringField(1, 'a'), ...attribute])])
  const constant = messageField(5, [...initializer, ...stringField(8, 'a')])
  const output = messageField(12, stringField(1, 'out'))
  writeFileSync(folder('model.onnx'), joined(messageField(7, [...node, ...constant, ...output])))
  return readOnnxFile(folder('model.onnx')).graph
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
    ['a negative number', [...integerField(3, -7), ...kind(2)], null],
    ['a number beyond all sizes', [...integerField(3, 2 ** 31), ...kind(2)], null],
    ['a text', [...stringField(4, 'SAME'), ...kind(3)], 'SAME'],
    ['a long text', [...stringField(4, 'x'.repeat(256)), ...kind(3)], null],
    [
      'a tensor',
      [...messageField(5, tensor([1], INT64, packedIntegersField(7, [2]))), ...kind(4)],
      { shape: [1], type: INT64, values: [2] },
    ],
    ['whole numbers', [...packedIntegersField(8, [1, 2]), ...kind(7)], [1, 2]],
    ['a negative one among them', [...packedIntegersField(8, [1, -2]), ...kind(7)], null],
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
