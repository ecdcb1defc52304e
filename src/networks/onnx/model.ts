import { writeFileAtomic } from '../../files/atomic.js'
import {
  AttributeProto,
  AttributeType,
  DataType,
  Dimension,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetIdProto,
  TensorProto,
  TensorShapeProto,
  TensorType,
  TypeProto,
  ValueInfoProto,
} from './fields.js'
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
 * ONNX models as plain data, and their file form.
 */
export interface Model {
  readonly name: string
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
  readonly initializers: readonly Initializer[]
  /** In an order in which every node comes after those that it reads. */
  readonly nodes: readonly Node[]
  /** Version of ONNX's operators; 17 by default. */
  readonly operatorSet?: number
}

/** A float32 tensor that goes into a graph or comes out of it; a text is the name of a dimension that may vary. */
export interface TensorInfo {
  /** Name of the tensor. */
  readonly name: string
  /** Length of each axis; a text, such as `N` or `?`, for a length that may vary. */
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

/** A number is an INT attribute, a list INTS, a text STRING; FLOAT is spelled out, and so is a graph within. */
export type Attribute = number | readonly number[] | string | { readonly float: number } | { readonly graph: Subgraph }

/** A graph that a node runs; it may read what is outside. */
export type Subgraph = Pick<Model, 'name' | 'nodes'> & {
  readonly inputs: readonly TypedInfo[]
  readonly outputs: readonly TypedInfo[]
}

const irVersion = 8
const defaultOperatorSet = 17

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
    ...integerField(ModelProto.ir_version, irVersion),
    ...stringField(ModelProto.producer_name, 'shiftscope'),
    ...messageField(ModelProto.graph, graphMessage(model)),
    ...messageField(ModelProto.opset_import, [
      ...stringField(OperatorSetIdProto.domain, ''),
      ...integerField(OperatorSetIdProto.version, model.operatorSet ?? defaultOperatorSet),
    ]),
  ]
}

function graphMessage(model: Subgraph & Pick<Model, 'initializers'>): Chunk[] {
  return [
    ...model.nodes.flatMap((node) => messageField(GraphProto.node, nodeMessage(node))),
    ...stringField(GraphProto.name, model.name),
    ...model.initializers.flatMap((constant) => messageField(GraphProto.initializer, initializerMessage(constant))),
    ...model.inputs.flatMap((info) => messageField(GraphProto.input, tensorInfoMessage(info))),
    ...model.outputs.flatMap((info) => messageField(GraphProto.output, tensorInfoMessage(info))),
  ]
}

/** A node as the chunks of a NodeProto. */
export function nodeMessage(node: Node): Chunk[] {
  return [
    ...node.inputs.flatMap((name) => stringField(NodeProto.input, name)),
    ...node.outputs.flatMap((name) => stringField(NodeProto.output, name)),
    ...stringField(NodeProto.name, node.name),
    ...stringField(NodeProto.op_type, node.operator),
    ...Object.entries(node.attributes).flatMap(([name, value]) =>
      messageField(NodeProto.attribute, attributeMessage(name, value)),
    ),
  ]
}

function attributeMessage(name: string, value: Attribute): Chunk[] {
  const attribute = (content: Chunk[], type: number) => [
    ...stringField(AttributeProto.name, name),
    ...content,
    ...integerField(AttributeProto.type, type),
  ]
  if (typeof value === 'number') return attribute(integerField(AttributeProto.i, value), AttributeType.INT)
  if (typeof value === 'string') return attribute(stringField(AttributeProto.s, value), AttributeType.STRING)
  if ('graph' in value)
    return attribute(
      messageField(AttributeProto.g, graphMessage({ ...value.graph, initializers: [] })),
      AttributeType.GRAPH,
    )
  if ('float' in value) return attribute(floatField(AttributeProto.f, value.float), AttributeType.FLOAT)
  return attribute(packedIntegersField(AttributeProto.ints, value), AttributeType.INTS)
}

/** A constant as the chunks of a TensorProto. */
export function initializerMessage(initializer: Initializer): Chunk[] {
  const { name, shape } = initializer
  const tensor = (type: number, elements: Chunk) => [
    ...packedIntegersField(TensorProto.dims, shape),
    ...integerField(TensorProto.data_type, type),
    ...stringField(TensorProto.name, name),
    ...bytesField(TensorProto.raw_data, elements),
  ]
  if ('int64' in initializer)
    return tensor(DataType.INT64, littleEndian(BigInt64Array.from(initializer.int64.map(BigInt))))
  const elements: DeferredBytes = {
    byteLength: 4 * shape.reduce((product, size) => product * size, 1),
    read: async () => littleEndian(await initializer.float32()),
  }
  return tensor(DataType.FLOAT, elements)
}

/** Every platform that ONNX Runtime and Node.js share is little-endian, so the view is the file's form. */
function littleEndian(elements: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
}

/** A tensor's name, type and shape as the chunks of a ValueInfoProto. */
export function tensorInfoMessage(info: TypedInfo): Chunk[] {
  const dimensions = info.shape.flatMap((size) =>
    messageField(
      TensorShapeProto.dim,
      typeof size === 'number' ? integerField(Dimension.dim_value, size) : stringField(Dimension.dim_param, size),
    ),
  )
  const type = info.elements === 'int32' ? DataType.INT32 : DataType.FLOAT
  const tensorType = [...integerField(TensorType.elem_type, type), ...messageField(TensorType.shape, dimensions)]
  return [
    ...stringField(ValueInfoProto.name, info.name),
    ...messageField(ValueInfoProto.type, messageField(TypeProto.tensor_type, tensorType)),
  ]
}
