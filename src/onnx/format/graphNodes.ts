import type { Piece } from '../../files/protobuf/messages.js'
import { type FileRange, fileRangeOf, nextVarint, type ProtobufFile } from '../../files/protobuf/wire.js'
import { elementCount } from '../../support/shape.js'
import {
  type AttributeProto,
  AttributeType,
  ElementType,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from './messages.js'

/**
 * Nodes and constants of an ONNX graph. Large constants are listed without their values; small ones have values,
 * because these may determine shapes.
 */
export interface GraphNodes {
  /**
   * In the order of the file. ONNX demands that each node comes after the nodes whose outputs it reads. ONNX Runtime
   * does not, and `writeGraphCopy` lists added nodes last.
   */
  readonly nodes: readonly GraphNode[]
  readonly constants: ReadonlyMap<string, GraphConstant>
  /** Version of ONNX's own set of operators that the graph uses. */
  readonly operatorSet: number
}

export interface GraphNode {
  readonly operator: string
  /** Name of the set that the operator belongs to; empty for ONNX's own operators. */
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Attributes
}

/**
 * Attributes by name. Null stands for a value that is not read: a value of a type that is not in `AttributeValue`, a
 * long list or a long text. Integers beyond 2^53 are not exact.
 */
type Attributes = ReadonlyMap<string, AttributeValue>
type AttributeValue = number | string | readonly number[] | GraphConstant | null

export interface GraphConstant {
  readonly shape: readonly number[]
  /** Element type, as in `ElementType`. */
  readonly type: number
  /** The elements of a small constant; null for a large constant, or if the elements are not in the file. */
  readonly values: readonly number[] | null
}

/** Largest number of elements of a constant whose values are read. */
const SMALL = 256

export function graphNodes(file: ProtobufFile, { graph = {}, opset_import = [] }: ModelProto): GraphNodes {
  const { node = [], initializer = [] } = graph
  return {
    nodes: node.map((one) => graphNode(file, one)),
    constants: new Map(initializer.map((tensor) => [tensor.name ?? '', constantOf(file, tensor)])),
    operatorSet: opset_import.find(({ domain = '' }) => domain === '')?.version ?? 1,
  }
}

function graphNode(
  file: ProtobufFile,
  { op_type = '', domain = '', input = [], output = [], attribute = [] }: NodeProto,
): GraphNode {
  const attributes = new Map(attribute.map((one) => [one.name ?? '', attributeValue(file, one)]))
  return { operator: op_type, domain, inputs: input, outputs: output, attributes }
}

/** As in ONNX Runtime, the type that the file states decides which field is read. */
function attributeValue(file: ProtobufFile, attribute: AttributeProto): AttributeValue {
  const { f, i, s, t, ints = [], type = typeOf(attribute) } = attribute
  const text = fileRangeOf(s)
  switch (type) {
    case AttributeType.FLOAT:
      return f ?? 0
    case AttributeType.INT:
      return i ?? 0
    case AttributeType.STRING:
      if (text === undefined) return ''
      return text.end - text.start < SMALL ? file.bytesAt(text.start, text.end).toString('latin1') : null
    case AttributeType.TENSOR:
      return t === undefined ? null : constantOf(file, t)
    case AttributeType.INTS:
      return ints.length <= SMALL ? ints : null
    default:
      return null
  }
}

/** Type of an attribute in files of the first ONNX versions, which do not state it. */
function typeOf({ f, i, s, t }: AttributeProto): number {
  if (t !== undefined) return AttributeType.TENSOR
  if (s !== undefined) return AttributeType.STRING
  if (i !== undefined) return AttributeType.INT
  return f === undefined ? AttributeType.INTS : AttributeType.FLOAT
}

function constantOf(file: ProtobufFile, tensor: TensorProto): GraphConstant {
  const { dims: shape = [], data_type: type = ElementType.UNDEFINED } = tensor
  const count = elementCount(shape)
  return {
    shape,
    type,
    values: shape.every((size) => size >= 0) && count <= SMALL ? elementsOf(file, tensor, count) : null,
  }
}

function elementsOf(file: ProtobufFile, tensor: TensorProto, count: number): readonly number[] | null {
  const raw = fileRangeOf(tensor.raw_data)
  if (raw !== undefined && raw.end - raw.start <= 8 * SMALL) {
    const values = rawElements(file.bytesAt(raw.start, raw.end), tensor.data_type, count)
    if (values !== null) return values
  }
  const values = listedElements(file, tensor)
  return values.length === count && values.every((value) => Math.abs(value) < 2 ** 53) ? values : null
}

function rawElements(bytes: Buffer, type: number | undefined, count: number): readonly number[] | null {
  const all = (elementBytes: number, element: (at: number) => number) =>
    bytes.length === elementBytes * count ? Array.from({ length: count }, (_, i) => element(elementBytes * i)) : null
  if (type === ElementType.FLOAT) return all(4, (at) => bytes.readFloatLE(at))
  if (type === ElementType.INT64) return all(8, (at) => Number(bytes.readBigInt64LE(at)))
  if (type === ElementType.INT8) return all(1, (at) => bytes.readInt8(at))
  const isByte = type === ElementType.BOOL || type === ElementType.UINT8
  return isByte ? all(1, (at) => bytes.readUInt8(at)) : null
}

/** Reads elements that a file lists one by one. It stops early in a long list, because its values are not used. */
function listedElements(file: ProtobufFile, tensor: TensorProto): readonly number[] {
  const { data_type: type, float_data = [], int32_data = [], int64_data = [] } = tensor
  if (type === ElementType.FLOAT) return floatsOf(file, float_data)
  if (type === ElementType.INT64) return integersOf(file, int64_data)
  const isSmall = [ElementType.BOOL, ElementType.UINT8, ElementType.INT8].some((small) => small === type)
  return integersOf(file, isSmall ? int32_data : [])
}

function floatsOf(file: ProtobufFile, pieces: readonly Piece[]): readonly number[] {
  return pieces.flatMap(({ offset, elements, distance }) =>
    Array.from({ length: Math.min(elements, SMALL + 1) }, (_, i) => {
      const start = offset + i * distance
      return file.bytesAt(start, start + 4).readFloatLE(0)
    }),
  )
}

function integersOf(file: ProtobufFile, ranges: readonly FileRange[]): readonly number[] {
  const values: number[] = []
  for (const { start, end } of ranges) {
    const cursor = { file, position: start, end }
    while (cursor.position < end && values.length <= SMALL) values.push(nextVarint(cursor))
  }
  return values
}
