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
import type { TensorInfo } from './model.js'

/** What goes into an ONNX model and what comes out, without its weights. */
export interface ModelInterface {
  /** Inputs that are not constants. */
  readonly inputs: readonly TypedTensor[]
  readonly outputs: readonly TypedTensor[]
  /** Names of the tensors that the nodes make, outputs and all others. */
  readonly tensors: ReadonlySet<string>
}

export interface TypedTensor extends TensorInfo {
  /** float32, or what else the file says, or unknown where it says nothing. */
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
    const graphs = messages(file, file.whole, 7)
    const within = (number: number) => graphs.flatMap((graph) => messages(file, graph, number))
    const inputs = within(11).map((range) => tensorInfo(file, range))
    const outputs = within(12).map((range) => tensorInfo(file, range))
    const constants = new Set(within(5).map((initializer) => text(file, initializer, 8)))
    if (outputs.length === 0) throw new ProtobufError('it has no outputs')
    return {
      inputs: inputs.filter(({ name }) => !constants.has(name)),
      outputs,
      // An output that a node could have and has not is an empty name.
      tensors: new Set(within(1).flatMap((node) => texts(file, node, 2).filter((name) => name !== ''))),
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

/** By TensorProto.DataType. */
const elementTypes = [
  'unknown',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
]

function tensorInfo(file: ProtobufFile, range: MessageRange): TypedTensor {
  const tensorType = messages(file, range, 2).flatMap((type) => messages(file, type, 1))[0]
  if (!tensorType) return { name: text(file, range, 1), type: 'unknown', shape: [] }
  const dimensions = messages(file, tensorType, 2).flatMap((shape) => messages(file, shape, 1))
  const type = elementTypes[integer(file, tensorType, 1) ?? 0] ?? 'unknown'
  return { name: text(file, range, 1), type, shape: dimensions.map((dimension) => size(file, dimension)) }
}

function size(file: ProtobufFile, dimension: MessageRange): number | string {
  const fixed = integer(file, dimension, 1)
  return fixed !== undefined && fixed > 0 ? fixed : text(file, dimension, 2) || '?'
}
