import { writeFileAtomic } from '../../files/atomic.js'
import {
  bytesField,
  type Chunk,
  type DeferredBytes,
  floatField,
  integerField,
  messageBytes,
  messageField,
  packedIntegersField,
  stringField,
} from './protobuf.js'

/**
 * ONNX models as plain data, and their file form. Field numbers: onnx/onnx.proto, ModelProto and what it contains.
 */
export interface Model {
  readonly name: string
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
  readonly initializers: readonly Initializer[]
  /** In an order in which every node comes after those that it reads. */
  readonly nodes: readonly Node[]
}

/** A float32 tensor that goes into a graph or comes out of it; a text is the name of a dimension that may vary. */
export interface TensorInfo {
  readonly name: string
  readonly shape: readonly (number | string)[]
}

/** The same of float32 elements, or of the others that inputs may have. */
export interface TypedInfo extends TensorInfo {
  readonly elements?: 'float32' | 'int32'
}

/** A constant of the graph; float32 elements are read when they are written. */
export type Initializer =
  | { readonly name: string; readonly shape: readonly number[]; readonly float32: () => Promise<Float32Array> }
  | { readonly name: string; readonly shape: readonly number[]; readonly int64: readonly number[] }

export interface Node {
  readonly operator: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** A number is an INT attribute, a list INTS, a text STRING; FLOAT is spelled out. */
export type Attribute = number | readonly number[] | string | { readonly float: number }

const irVersion = 8
const operatorSet = 17
const float32Type = 1
const int32Type = 6
const int64Type = 7

/**
 * Writes a model to a file, whole or not at all, with at most one initializer in memory at a time.
 *
 * @throws OutputError when the file cannot be written; errors of reading an initializer pass through
 */
export async function writeModel(path: string, model: Model): Promise<void> {
  await writeFileAtomic(path, messageBytes(modelMessage(model)))
}

/** The model as the chunks of a ModelProto. */
export function modelMessage(model: Model): Chunk[] {
  return [
    ...integerField(1, irVersion),
    ...stringField(2, 'shiftscope'),
    ...messageField(7, graphMessage(model)),
    ...messageField(8, [...stringField(1, ''), ...integerField(2, operatorSet)]),
  ]
}

function graphMessage(model: Model): Chunk[] {
  return [
    ...model.nodes.flatMap((node) => messageField(1, nodeMessage(node))),
    ...stringField(2, model.name),
    ...model.initializers.flatMap((initializer) => messageField(5, initializerMessage(initializer))),
    ...model.inputs.flatMap((info) => messageField(11, tensorInfoMessage(info))),
    ...model.outputs.flatMap((info) => messageField(12, tensorInfoMessage(info))),
  ]
}

/** A node as the chunks of a NodeProto. */
export function nodeMessage(node: Node): Chunk[] {
  return [
    ...node.inputs.flatMap((name) => stringField(1, name)),
    ...node.outputs.flatMap((name) => stringField(2, name)),
    ...stringField(3, node.name),
    ...stringField(4, node.operator),
    ...Object.entries(node.attributes).flatMap(([name, value]) => messageField(5, attributeMessage(name, value))),
  ]
}

function attributeMessage(name: string, value: Attribute): Chunk[] {
  const typeField = 20
  if (typeof value === 'number')
    return [...stringField(1, name), ...integerField(3, value), ...integerField(typeField, 2)]
  if (typeof value === 'string')
    return [...stringField(1, name), ...stringField(4, value), ...integerField(typeField, 3)]
  if ('float' in value) return [...stringField(1, name), ...floatField(2, value.float), ...integerField(typeField, 1)]
  return [...stringField(1, name), ...packedIntegersField(8, value), ...integerField(typeField, 7)]
}

/** A constant as the chunks of a TensorProto. */
export function initializerMessage(initializer: Initializer): Chunk[] {
  const { name, shape } = initializer
  const header = (type: number) => [...packedIntegersField(1, shape), ...integerField(2, type), ...stringField(8, name)]
  if ('int64' in initializer) {
    return [...header(int64Type), ...bytesField(9, littleEndian(BigInt64Array.from(initializer.int64.map(BigInt))))]
  }
  const elements: DeferredBytes = {
    byteLength: 4 * shape.reduce((product, size) => product * size, 1),
    read: async () => littleEndian(await initializer.float32()),
  }
  return [...header(float32Type), ...bytesField(9, elements)]
}

/** Every platform that ONNX Runtime and Node.js share is little-endian, so the view is the file's form. */
function littleEndian(elements: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
}

/** A tensor's name, type and shape as the chunks of a ValueInfoProto. */
export function tensorInfoMessage(info: TypedInfo): Chunk[] {
  const dimensions = info.shape.flatMap((size) =>
    messageField(1, typeof size === 'number' ? integerField(1, size) : stringField(2, size)),
  )
  const type = info.elements === 'int32' ? int32Type : float32Type
  const tensorType = [...integerField(1, type), ...messageField(2, dimensions)]
  return [...stringField(1, info.name), ...messageField(2, messageField(1, tensorType))]
}
