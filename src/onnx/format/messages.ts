import {
  elements,
  type FieldType,
  float,
  integer,
  integers,
  type MessageOf,
  message,
  messages,
  payload,
  payloads,
  text,
  texts,
} from '../../files/protobuf/messages.js'

/**
 * ONNX's messages and enumerations, with their names from onnx/onnx.proto and only the fields that Shiftscope needs.
 * All fields that can contain tensors are needed, because any tensor may have its data in a separate file.
 */

const MOST_AXES = 64

const operatorSet = { domain: text(1), version: integer(2) }
const entry = { key: payload(1), value: payload(2) }

const dimension = { dim_value: integer(1), dim_param: text(2) }
const tensorShape = { dim: messages(1, () => dimension) }
const tensorType = { elem_type: integer(1), shape: message(2, () => tensorShape) }
const type = { tensor_type: message(1, () => tensorType) }
const valueInfo = { name: text(1), type: message(2, () => type) }
export type ValueInfoProto = MessageOf<typeof valueInfo>

const tensor = {
  dims: integers(1, MOST_AXES),
  data_type: integer(2),
  name: text(8),
  raw_data: payload(9),
  float_data: elements(4, 4),
  int32_data: payloads(5),
  int64_data: payloads(7),
  external_data: messages(13, () => entry),
}
export type TensorProto = MessageOf<typeof tensor>

const sparseTensor = { values: message(1, () => tensor), indices: message(2, () => tensor) }

/** Graphs can occur in attributes of a graph's nodes, so this type refers to itself. */
export interface GraphProto extends MessageOf<typeof graph> {}
const subgraph: FieldType<GraphProto> = message(6, () => graph)
const subgraphs: FieldType<readonly GraphProto[]> = messages(11, () => graph)

const attribute = {
  name: text(1),
  f: float(2),
  i: integer(3),
  s: payload(4),
  t: message(5, () => tensor),
  g: subgraph,
  ints: integers(8),
  tensors: messages(10, () => tensor),
  graphs: subgraphs,
  sparse_tensor: message(22, () => sparseTensor),
  sparse_tensors: messages(23, () => sparseTensor),
  type: integer(20),
}
export type AttributeProto = MessageOf<typeof attribute>

const node = {
  input: texts(1),
  output: texts(2),
  name: payload(3),
  op_type: text(4),
  domain: text(7),
  attribute: messages(5, () => attribute),
}
export type NodeProto = MessageOf<typeof node>

const graph = {
  node: messages(1, () => node),
  name: text(2),
  initializer: messages(5, () => tensor),
  sparse_initializer: messages(15, () => sparseTensor),
  input: messages(11, () => valueInfo),
  output: messages(12, () => valueInfo),
  value_info: messages(13, () => valueInfo),
}

const training = { initialization: message(1, () => graph), algorithm: message(2, () => graph) }
const localFunction = { node: messages(7, () => node), attribute_proto: messages(11, () => attribute) }

export const modelTable = {
  ir_version: integer(1),
  producer_name: payload(2),
  graph: message(7, () => graph),
  opset_import: messages(8, () => operatorSet),
  metadata_props: messages(14, () => entry),
  training_info: messages(20, () => training),
  functions: messages(25, () => localFunction),
}
export type ModelProto = MessageOf<typeof modelTable>

/** ONNX's TensorProto.DataType. */
export const ElementType = {
  UNDEFINED: 0,
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
} as const

/** Name of each type, and the bytes of one element. Only strings have no fixed size. */
export const ELEMENTS: Readonly<Record<number, { readonly name: string; readonly bytes?: number }>> = {
  [ElementType.FLOAT]: { name: 'float32', bytes: 4 },
  [ElementType.UINT8]: { name: 'uint8', bytes: 1 },
  [ElementType.INT8]: { name: 'int8', bytes: 1 },
  [ElementType.UINT16]: { name: 'uint16', bytes: 2 },
  [ElementType.INT16]: { name: 'int16', bytes: 2 },
  [ElementType.INT32]: { name: 'int32', bytes: 4 },
  [ElementType.INT64]: { name: 'int64', bytes: 8 },
  [ElementType.STRING]: { name: 'string' },
  [ElementType.BOOL]: { name: 'bool', bytes: 1 },
  [ElementType.FLOAT16]: { name: 'float16', bytes: 2 },
  [ElementType.DOUBLE]: { name: 'float64', bytes: 8 },
}

/** ONNX's AttributeProto.AttributeType. */
export const AttributeType = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, GRAPH: 5, INTS: 7 } as const
