import { InputError } from '../../errors.js'
import {
  integer,
  type MessageRange,
  messages,
  ProtobufError,
  type ProtobufFile,
  readingProtobuf,
  text,
  texts,
} from '../protobufFile.js'
import {
  DataType,
  Dimension,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  TensorShapeProto,
  TensorType,
  TypeProto,
  ValueInfoProto,
} from './fields.js'
import type { TensorInfo } from './model.js'

/** What goes into an ONNX model and what comes out, without its weights. */
export interface ModelInterface {
  /** Inputs that are not constants. */
  readonly inputs: readonly TypedTensor[]
  readonly outputs: readonly TypedTensor[]
  /** Names of the tensors that the nodes make, outputs and all others. */
  readonly tensors: ReadonlySet<string>
}

/** A tensor that goes into an ONNX graph or comes out of it. */
export interface TypedTensor extends TensorInfo {
  /** Element type as the file states it, such as `float32`; `unknown` if it states none. */
  readonly type: string
}

/**
 * Reads inputs, outputs and names of tensors of an ONNX file. Weights are skipped, so that a file of any size takes a few
 * milliseconds. A dimension that the file does not fix is given by its name, or as `?`.
 *
 * @throws InputError when there is no such file, or it is not an ONNX model
 */
export function readModelInterface(path: string): ModelInterface {
  return readingModel(path, (file) => {
    const graphs = messages(file, file.whole, ModelProto.graph)
    const within = (number: number) => graphs.flatMap((graph) => messages(file, graph, number))
    const inputs = within(GraphProto.input).map((range) => tensorInfo(file, range))
    const outputs = within(GraphProto.output).map((range) => tensorInfo(file, range))
    const constants = new Set(
      within(GraphProto.initializer).map((initializer) => text(file, initializer, TensorProto.name)),
    )
    if (outputs.length === 0) throw new ProtobufError('it has no outputs')
    return {
      inputs: inputs.filter(({ name }) => !constants.has(name)),
      outputs,
      // An output that a node could have and has not is an empty name.
      tensors: new Set(
        within(GraphProto.node).flatMap((node) => texts(file, node, NodeProto.output).filter((name) => name !== '')),
      ),
    }
  })
}

/**
 * Opens an ONNX file for the time of a call.
 *
 * @throws InputError when there is no such file, or `read` meets something that an ONNX model does not have
 */
export function readingModel<T>(path: string, read: (file: ProtobufFile) => T): T {
  try {
    return readingProtobuf(path, read)
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    throw new InputError(`${path} is not an ONNX model (${error.message}); give the path of an intact .onnx file`, {
      cause: error,
    })
  }
}

const elementTypes: Readonly<Record<number, string>> = {
  [DataType.FLOAT]: 'float32',
  [DataType.UINT8]: 'uint8',
  [DataType.INT8]: 'int8',
  [DataType.UINT16]: 'uint16',
  [DataType.INT16]: 'int16',
  [DataType.INT32]: 'int32',
  [DataType.INT64]: 'int64',
  [DataType.STRING]: 'string',
  [DataType.BOOL]: 'bool',
  [DataType.FLOAT16]: 'float16',
  [DataType.DOUBLE]: 'float64',
}

function tensorInfo(file: ProtobufFile, range: MessageRange): TypedTensor {
  const name = text(file, range, ValueInfoProto.name)
  const types = messages(file, range, ValueInfoProto.type)
  const tensorType = types.flatMap((type) => messages(file, type, TypeProto.tensor_type))[0]
  if (!tensorType) return { name, type: 'unknown', shape: [] }
  const shapes = messages(file, tensorType, TensorType.shape)
  const dimensions = shapes.flatMap((shape) => messages(file, shape, TensorShapeProto.dim))
  const type = elementTypes[integer(file, tensorType, TensorType.elem_type) ?? 0] ?? 'unknown'
  return { name, type, shape: dimensions.map((dimension) => size(file, dimension)) }
}

function size(file: ProtobufFile, dimension: MessageRange): number | string {
  const fixed = integer(file, dimension, Dimension.dim_value)
  return fixed !== undefined && fixed > 0 ? fixed : text(file, dimension, Dimension.dim_param) || '?'
}
