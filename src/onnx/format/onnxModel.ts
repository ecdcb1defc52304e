import { writeFileAtomic } from '../../files/atomic.js'
import { chunksOf } from '../../files/protobuf/messages.js'
import { type Chunk, messageBytes } from '../../files/protobuf/wire.js'
import {
  type AttributeProto,
  AttributeType,
  ElementType,
  type GraphProto,
  modelTable,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './messages.js'

/** ONNX models as plain data, which `writeModel` writes to files. */
export interface Model {
  readonly name: string
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
  readonly initializers: readonly Initializer[]
  /** Each node comes after the nodes whose outputs it reads. */
  readonly nodes: readonly Node[]
  /** Version of ONNX's operators; 17 by default. */
  readonly operatorSet?: number
}

/** A tensor that is an input or output of a graph. */
export interface TensorInfo {
  readonly name: string
  /** Length of each axis; a text, such as `N` or `?`, for a length that may vary. */
  readonly shape: readonly (number | string)[]
  /** Type of the elements, as in `ElementType`; float32 by default. */
  readonly elements?: number
}

/**
 * A constant of the graph. `float32` is called only when the file is written, to save memory. The few values of `floats`
 * are float32, too.
 */
export type Initializer = { readonly name: string; readonly shape: readonly number[] } & (
  | { readonly float32: () => Promise<Float32Array> }
  | { readonly floats: readonly number[] }
  | { readonly int64: readonly number[] }
)

export interface Node {
  readonly operator: string
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/**
 * Value of a node's attribute. A number is written as ONNX's type INT, a list as INTS, and a text as STRING. To write a
 * FLOAT or GRAPH, use `{ float }` or `{ graph }`.
 */
export type Attribute = number | readonly number[] | string | { readonly float: number } | { readonly graph: Subgraph }

/** A graph in a node's attribute. It may also read tensors of the graph around it. */
type Subgraph = Pick<Model, 'name' | 'nodes' | 'inputs' | 'outputs'>

const irVersion = 8
const defaultOperatorSet = 17

/** Writes a model to a file, whole or not at all, with at most one initializer in memory at a time. */
export async function writeModel(path: string, model: Model): Promise<void> {
  await writeFileAtomic(path, messageBytes(modelMessage(model)))
}

export function modelMessage(model: Model): Chunk[] {
  return chunksOf(modelTable, {
    ir_version: irVersion,
    producer_name: utf8('shiftscope'),
    graph: graphMessage(model),
    opset_import: [{ domain: '', version: model.operatorSet ?? defaultOperatorSet }],
  })
}

function graphMessage({ nodes, name, initializers, inputs, outputs }: Omit<Model, 'operatorSet'>): GraphProto {
  return {
    node: nodes.map(nodeMessage),
    name,
    initializer: initializers.map(initializerMessage),
    input: inputs.map(tensorInfoMessage),
    output: outputs.map(tensorInfoMessage),
  }
}

export function nodeMessage({ inputs, outputs, name, operator, attributes }: Node): NodeProto {
  const attribute = Object.entries(attributes).map(([name, value]) => ({ name, ...attributeMessage(value) }))
  return { input: inputs, output: outputs, name: utf8(name), op_type: operator, attribute }
}

function attributeMessage(value: Attribute): AttributeProto {
  if (typeof value === 'number') return { i: value, type: AttributeType.INT }
  if (typeof value === 'string') return { s: utf8(value), type: AttributeType.STRING }
  if ('graph' in value) return { g: graphMessage({ ...value.graph, initializers: [] }), type: AttributeType.GRAPH }
  if ('float' in value) return { f: value.float, type: AttributeType.FLOAT }
  return { ints: value, type: AttributeType.INTS }
}

export function initializerMessage(initializer: Initializer): TensorProto {
  const { name, shape: dims } = initializer
  if ('int64' in initializer) {
    const elements = littleEndian(BigInt64Array.from(initializer.int64.map(BigInt)))
    return { dims, data_type: ElementType.INT64, name, raw_data: elements }
  }
  const float32 = 'floats' in initializer ? async () => Float32Array.from(initializer.floats) : initializer.float32
  const elements = {
    byteLength: 4 * dims.reduce((product, size) => product * size, 1),
    read: async () => littleEndian(await float32()),
  }
  return { dims, data_type: ElementType.FLOAT, name, raw_data: elements }
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

/** The bytes of elements. All platforms of ONNX Runtime and Node.js are little-endian, so no conversion is needed. */
function littleEndian(elements: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
}

export function tensorInfoMessage({ name, shape, elements = ElementType.FLOAT }: TensorInfo): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'number' ? { dim_value: size } : { dim_param: size }))
  return { name, type: { tensor_type: { elem_type: elements, shape: { dim } } } }
}
