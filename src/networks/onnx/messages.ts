import {
  elements,
  float,
  integer,
  integerRanges,
  integers,
  type Message,
  message,
  messages,
  type Piece,
  payload,
  type Table,
  text,
  texts,
} from '../protobuf/messages.js'
import type { Chunk, FileRange } from '../protobuf/wire.js'

/**
 * ONNX's messages and values of its enumerations, under their names in onnx/onnx.proto: the fields that are read or written
 * here. Fields that hold tensors are here without exception, since the data of any tensor may lie in a file of its own.
 */

export interface ModelProto extends Message {
  readonly ir_version?: number
  readonly producer_name?: string
  readonly graph?: GraphProto
  readonly opset_import?: readonly OperatorSetIdProto[]
  readonly metadata_props?: readonly StringStringEntryProto[]
  readonly training_info?: readonly TrainingInfoProto[]
  readonly functions?: readonly FunctionProto[]
}

export interface OperatorSetIdProto extends Message {
  readonly domain?: string
  readonly version?: number
}

export interface StringStringEntryProto extends Message {
  readonly key?: string
  readonly value?: Chunk
}

export interface TrainingInfoProto extends Message {
  readonly initialization?: GraphProto
  readonly algorithm?: GraphProto
}

export interface FunctionProto extends Message {
  readonly node?: readonly NodeProto[]
  readonly attribute_proto?: readonly AttributeProto[]
}

export interface GraphProto extends Message {
  readonly node?: readonly NodeProto[]
  readonly name?: string
  readonly initializer?: readonly TensorProto[]
  readonly sparse_initializer?: readonly SparseTensorProto[]
  readonly input?: readonly ValueInfoProto[]
  readonly output?: readonly ValueInfoProto[]
  readonly value_info?: readonly ValueInfoProto[]
}

export interface NodeProto extends Message {
  readonly input?: readonly string[]
  readonly output?: readonly string[]
  readonly name?: string
  readonly op_type?: string
  readonly domain?: string
  readonly attribute?: readonly AttributeProto[]
}

export interface AttributeProto extends Message {
  readonly name?: string
  readonly f?: number
  readonly i?: number
  readonly s?: Chunk
  readonly t?: TensorProto
  readonly g?: GraphProto
  readonly ints?: readonly number[]
  readonly tensors?: readonly TensorProto[]
  readonly graphs?: readonly GraphProto[]
  readonly sparse_tensor?: SparseTensorProto
  readonly sparse_tensors?: readonly SparseTensorProto[]
  readonly type?: number
}

export interface SparseTensorProto extends Message {
  readonly values?: TensorProto
  readonly indices?: TensorProto
}

export interface TensorProto extends Message {
  readonly dims?: readonly number[]
  readonly data_type?: number
  readonly name?: string
  readonly raw_data?: Chunk
  readonly float_data?: readonly Piece[]
  readonly int32_data?: readonly FileRange[]
  readonly int64_data?: readonly FileRange[]
  readonly external_data?: readonly StringStringEntryProto[]
}

export interface ValueInfoProto extends Message {
  readonly name?: string
  readonly type?: TypeProto
}

export interface TypeProto extends Message {
  readonly tensor_type?: TensorTypeProto
}

/** TypeProto.Tensor. */
export interface TensorTypeProto extends Message {
  readonly elem_type?: number
  readonly shape?: TensorShapeProto
}

export interface TensorShapeProto extends Message {
  readonly dim?: readonly DimensionProto[]
}

/** TensorShapeProto.Dimension. */
export interface DimensionProto extends Message {
  readonly dim_value?: number
  readonly dim_param?: string
}

/** TensorProto.DataType. */
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

/** AttributeProto.AttributeType. */
export const AttributeType = { FLOAT: 1, INT: 2, STRING: 3, GRAPH: 5, INTS: 7 } as const

const MOST_AXES = 64

const operatorSet: Table<OperatorSetIdProto> = { domain: text(1), version: integer(2) }
const entry: Table<StringStringEntryProto> = { key: text(1), value: payload(2) }
const dimension: Table<DimensionProto> = { dim_value: integer(1), dim_param: text(2) }
const tensorShape: Table<TensorShapeProto> = { dim: messages(1, () => dimension) }
const tensorType: Table<TensorTypeProto> = { elem_type: integer(1), shape: message(2, () => tensorShape) }
const type: Table<TypeProto> = { tensor_type: message(1, () => tensorType) }
const valueInfo: Table<ValueInfoProto> = { name: text(1), type: message(2, () => type) }

const tensor: Table<TensorProto> = {
  dims: integers(1, MOST_AXES),
  data_type: integer(2),
  name: text(8),
  raw_data: payload(9),
  float_data: elements(4, 4),
  int32_data: integerRanges(5),
  int64_data: integerRanges(7),
  external_data: messages(13, () => entry),
}

const sparseTensor: Table<SparseTensorProto> = { values: message(1, () => tensor), indices: message(2, () => tensor) }

const attribute: Table<AttributeProto> = {
  name: text(1),
  f: float(2),
  i: integer(3),
  s: payload(4),
  t: message(5, () => tensor),
  g: message(6, () => graph),
  ints: integers(8),
  tensors: messages(10, () => tensor),
  graphs: messages(11, () => graph),
  sparse_tensor: message(22, () => sparseTensor),
  sparse_tensors: messages(23, () => sparseTensor),
  type: integer(20),
}

const node: Table<NodeProto> = {
  input: texts(1),
  output: texts(2),
  name: text(3),
  op_type: text(4),
  domain: text(7),
  attribute: messages(5, () => attribute),
}

const graph: Table<GraphProto> = {
  node: messages(1, () => node),
  name: text(2),
  initializer: messages(5, () => tensor),
  sparse_initializer: messages(15, () => sparseTensor),
  input: messages(11, () => valueInfo),
  output: messages(12, () => valueInfo),
  value_info: messages(13, () => valueInfo),
}

const training: Table<TrainingInfoProto> = {
  initialization: message(1, () => graph),
  algorithm: message(2, () => graph),
}
const localFunction: Table<FunctionProto> = {
  node: messages(7, () => node),
  attribute_proto: messages(11, () => attribute),
}

export const modelTable: Table<ModelProto> = {
  ir_version: integer(1),
  producer_name: text(2),
  graph: message(7, () => graph),
  opset_import: messages(8, () => operatorSet),
  metadata_props: messages(14, () => entry),
  training_info: messages(20, () => training),
  functions: messages(25, () => localFunction),
}
