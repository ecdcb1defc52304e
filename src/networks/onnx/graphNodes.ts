import {
  type Field,
  fields,
  integer,
  type MessageRange,
  messages,
  ProtobufError,
  type ProtobufFile,
  text,
  texts,
  wireTypes,
} from '../protobufFile.js'
import {
  AttributeProto,
  DataType,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetIdProto,
  TensorProto,
} from './fields.js'
import { readingModel } from './interface.js'

/** The nodes of an ONNX graph, and of its constants what decides shapes. */
export interface GraphNodes {
  /** In the order of the file, in which every node comes after those that it reads. */
  readonly nodes: readonly GraphNode[]
  /** Initializers by name. */
  readonly constants: ReadonlyMap<string, GraphConstant>
  /** Version of the default set of operators. */
  readonly operatorSet: number
}

export interface GraphNode {
  readonly operator: string
  /** Empty for ONNX's own operators. */
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Attributes
}

/** Of a node: numbers, texts and lists of whole numbers; null for what is of another kind, or negative in a list. */
export type Attributes = ReadonlyMap<string, number | string | readonly number[] | GraphConstant | null>

export interface GraphConstant {
  readonly shape: readonly number[]
  /** Number of the type, as in `DataType`. */
  readonly type: number
  /** The elements of a small one, where the file has them within. */
  readonly values: readonly number[] | null
}

/** Constants of up to so many elements are read. */
const SMALL = 256
const MAXIMUM_AXES = 64
/** Above this a whole number of protobuf may be a negative one, or is none that decides a shape. */
const MAXIMUM_SIZE = 2 ** 31

/**
 * Reads the nodes of an ONNX file; weights are skipped.
 *
 * @throws InputError when there is no such file, or it is not an ONNX model
 */
export function readGraphNodes(path: string): GraphNodes {
  return readingModel(path, (file) => {
    const graphs = messages(file, file.whole, ModelProto.graph)
    const within = (number: number) => graphs.flatMap((graph) => messages(file, graph, number))
    const sets = messages(file, file.whole, ModelProto.opset_import)
    const own = sets.find((set) => text(file, set, OperatorSetIdProto.domain) === '')
    return {
      nodes: within(GraphProto.node).map((range) => graphNode(file, range)),
      constants: new Map(
        within(GraphProto.initializer).map((range) => [text(file, range, TensorProto.name), constant(file, range)]),
      ),
      operatorSet: (own && integer(file, own, OperatorSetIdProto.version)) ?? 1,
    }
  })
}

function graphNode(file: ProtobufFile, range: MessageRange): GraphNode {
  return {
    operator: text(file, range, NodeProto.op_type),
    domain: text(file, range, NodeProto.domain),
    inputs: texts(file, range, NodeProto.input),
    outputs: texts(file, range, NodeProto.output),
    attributes: new Map(
      messages(file, range, NodeProto.attribute).map((attribute) => [
        text(file, attribute, AttributeProto.name),
        attributeValue(file, attribute),
      ]),
    ),
  }
}

function attributeValue(file: ProtobufFile, range: MessageRange): (ReturnType<Attributes['get']> & {}) | null {
  let value: number | string | readonly number[] | GraphConstant | null = null
  const list: number[] = []
  for (const field of fields(file, range)) {
    switch (field.number) {
      case AttributeProto.f:
        value = field.wireType === wireTypes.fixed32 ? dataView(file, field).getFloat32(0, true) : null
        break
      case AttributeProto.i:
        value = field.value < MAXIMUM_SIZE ? field.value : null
        break
      case AttributeProto.s:
        value = field.end - field.start < SMALL ? Buffer.from(bytes(file, field)).toString('latin1') : null
        break
      case AttributeProto.t:
        value = constant(file, field)
        break
      case AttributeProto.ints:
        list.push(...wholeNumbers(file, field))
        value = list.length <= SMALL && list.every((number) => number < MAXIMUM_SIZE) ? list : null
    }
  }
  return value
}

/** Packed or not; of a long list no more than tells that it is one. */
function wholeNumbers(file: ProtobufFile, field: Field): number[] {
  if (field.wireType === wireTypes.varint) return [field.value]
  const numbers: number[] = []
  for (let position = field.start; position < field.end && numbers.length <= SMALL; ) {
    let value = 0
    let byte = 0x80
    for (let scale = 1; byte >= 0x80 && position < field.end; scale *= 128) {
      byte = file.byteAt(position++)
      value += (byte & 0x7f) * scale
    }
    numbers.push(value)
  }
  return numbers
}

function constant(file: ProtobufFile, range: MessageRange): GraphConstant {
  const shape = sizesOf(file, range)
  const type = integer(file, range, TensorProto.data_type) ?? DataType.UNDEFINED
  const count = shape.reduce((product, size) => product * size, 1)
  return { shape, type, values: count <= SMALL ? elements(file, range, type, count) : null }
}

/** Sizes of a constant along its axes. */
function sizesOf(file: ProtobufFile, range: MessageRange): number[] {
  const found: number[] = []
  for (const field of fields(file, range)) {
    if (field.number !== TensorProto.dims) continue
    found.push(...wholeNumbers(file, field))
    if (found.length > MAXIMUM_AXES) throw new ProtobufError(`a tensor has more than ${MAXIMUM_AXES} axes`)
  }
  return found
}

/** Of raw data, or of the fields that floats, int64 and truth values may stand in; null where the file has them elsewhere. */
function elements(file: ProtobufFile, range: MessageRange, type: number, count: number): number[] | null {
  const own = {
    [DataType.FLOAT]: TensorProto.float_data,
    [DataType.INT64]: TensorProto.int64_data,
    [DataType.BOOL]: TensorProto.int32_data,
  }[type]
  const values: number[] = []
  for (const field of fields(file, range)) {
    if (field.number === TensorProto.raw_data && field.end - field.start <= 8 * SMALL) {
      const view = dataView(file, field)
      if (type === DataType.FLOAT && view.byteLength === 4 * count)
        return Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true))
      if (type === DataType.INT64 && view.byteLength === 8 * count)
        return Array.from({ length: count }, (_, i) => Number(view.getBigInt64(8 * i, true)))
      if (type === DataType.BOOL && view.byteLength === count)
        return Array.from({ length: count }, (_, i) => view.getUint8(i))
    }
    if (field.number !== own || own === undefined || field.end - field.start > 10 * SMALL) continue
    if (type !== DataType.FLOAT) values.push(...wholeNumbers(file, field))
    else {
      const view = dataView(file, field)
      for (let at = 0; at + 4 <= view.byteLength; at += 4) values.push(view.getFloat32(at, true))
    }
  }
  return values.length === count && values.every((value) => Math.abs(value) < 2 ** 53) ? values : null
}

function bytes(file: ProtobufFile, { start, end }: MessageRange): Uint8Array {
  return Uint8Array.from({ length: end - start }, (_, i) => file.byteAt(start + i))
}

function dataView(file: ProtobufFile, range: MessageRange): DataView {
  const { buffer } = bytes(file, range)
  return new DataView(buffer)
}
