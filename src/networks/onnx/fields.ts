/**
 * Numbers of the fields of ONNX's messages, and values of its enumerations, under their names in onnx/onnx.proto: those
 * that are read or written here.
 */

export const ModelProto = {
  ir_version: 1,
  producer_name: 2,
  graph: 7,
  opset_import: 8,
  metadata_props: 14,
  training_info: 20,
  functions: 25,
} as const

export const OperatorSetIdProto = { domain: 1, version: 2 } as const

export const StringStringEntryProto = { key: 1, value: 2 } as const

export const FunctionProto = { node: 7, attribute_proto: 11 } as const

export const TrainingInfoProto = { initialization: 1, algorithm: 2 } as const

export const GraphProto = {
  node: 1,
  name: 2,
  initializer: 5,
  input: 11,
  output: 12,
  value_info: 13,
  sparse_initializer: 15,
} as const

export const NodeProto = { input: 1, output: 2, name: 3, op_type: 4, attribute: 5, domain: 7 } as const

export const AttributeProto = {
  name: 1,
  f: 2,
  i: 3,
  s: 4,
  t: 5,
  g: 6,
  ints: 8,
  tensors: 10,
  graphs: 11,
  type: 20,
  sparse_tensor: 22,
  sparse_tensors: 23,
} as const

/** AttributeProto.AttributeType. */
export const AttributeType = { FLOAT: 1, INT: 2, STRING: 3, GRAPH: 5, INTS: 7 } as const

export const TensorProto = {
  dims: 1,
  data_type: 2,
  float_data: 4,
  int32_data: 5,
  int64_data: 7,
  name: 8,
  raw_data: 9,
  external_data: 13,
} as const

/** TensorProto.DataType. */
export const DataType = {
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

export const SparseTensorProto = { values: 1, indices: 2 } as const

export const ValueInfoProto = { name: 1, type: 2 } as const

export const TypeProto = { tensor_type: 1 } as const

/** TypeProto.Tensor. */
export const TensorType = { elem_type: 1, shape: 2 } as const

export const TensorShapeProto = { dim: 1 } as const

/** TensorShapeProto.Dimension. */
export const Dimension = { dim_value: 1, dim_param: 2 } as const
