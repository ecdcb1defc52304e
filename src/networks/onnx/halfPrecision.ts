import { UsageError } from '../../errors.js'
import { printable } from '../../support/printable.js'
import { integer, type MessageRange, messages, type ProtobufFile, text, texts } from '../protobufFile.js'
import { AttributeProto, DataType, GraphProto, ModelProto, NodeProto, TensorProto } from './fields.js'
import type { GraphChanges } from './graphCopy.js'
import { readingModel } from './interface.js'
import type { Node } from './model.js'

/** Operators whose floating-point inputs and outputs all have one type, so that they follow their inputs. */
const FOLLOWING = new Set(
  'Add AveragePool BatchNormalization Clip Concat Conv Div Dropout Flatten Gather Gemm GlobalAveragePool HardSigmoid HardSwish Identity LRN LeakyRelu MatMul MaxPool Mul Pad Relu Reshape Shape Sigmoid Slice Softmax Squeeze Sub Tanh Transpose Unsqueeze'.split(
    ' ',
  ),
)

/**
 * What turns a graph whose image input has become float16 into one that computes in float16: its weights are kept, and
 * cast where they meet the image; ONNX Runtime does so once, when it opens the graph.
 *
 * @throws UsageError when an operator might need float32; InputError when the file is not an ONNX model
 */
export function halfPrecisionChanges(path: string): Required<Pick<GraphChanges, 'nodes' | 'renamedInputs'>> {
  return readingModel(path, (file) => {
    const graphs = messages(file, file.whole, ModelProto.graph)
    const constants = initializers(file, graphs)
    const renamedInputs: Record<number, readonly string[]> = {}
    const cast = new Set<string>()
    for (const [index, range] of graphs.flatMap((graph) => messages(file, graph, GraphProto.node)).entries()) {
      const inputs = texts(file, range, NodeProto.input)
      const operator = text(file, range, NodeProto.op_type)
      if (isConstant(operator, inputs, constants)) {
        const type = constantType(file, range, operator, inputs, constants)
        for (const output of texts(file, range, NodeProto.output)) constants.set(output, type)
        continue
      }
      if (!FOLLOWING.has(operator))
        throw new UsageError(
          `${path} has the operator ${printable(operator)}, which may need float32; use \`precision fp32\``,
        )
      const weights = inputs.filter((name) => constants.get(name) === DataType.FLOAT)
      if (weights.length === 0) continue
      renamedInputs[index] = inputs.map((name) => (weights.includes(name) ? halfName(name) : name))
      for (const name of weights) cast.add(name)
    }
    return { renamedInputs, nodes: [...cast].map((name) => castNode(name, halfName(name), DataType.FLOAT16)) }
  })
}

function halfName(name: string): string {
  return `shiftscope.half.${name}`
}

/** A node that changes a tensor's type. */
export function castNode(input: string, output: string, to: number): Node {
  return { operator: 'Cast', name: `${output}.node`, inputs: [input], outputs: [output], attributes: { to } }
}

/** Names of the constants with their types. */
function initializers(file: ProtobufFile, graphs: readonly MessageRange[]): Map<string, number> {
  const tensors = graphs.flatMap((graph) => messages(file, graph, GraphProto.initializer))
  return new Map(
    tensors.map((tensor) => [text(file, tensor, TensorProto.name), integer(file, tensor, TensorProto.data_type) ?? 0]),
  )
}

function isConstant(operator: string, inputs: readonly string[], constants: ReadonlyMap<string, number>): boolean {
  if (operator === 'Constant') return true
  return inputs.length > 0 && inputs.every((name) => name === '' || constants.has(name))
}

/** Type of what a node makes of constants: weights that are kept as integers and a scale, for example. */
function constantType(
  file: ProtobufFile,
  node: MessageRange,
  operator: string,
  inputs: readonly string[],
  constants: ReadonlyMap<string, number>,
): number {
  const attribute = (name: string) =>
    messages(file, node, NodeProto.attribute).find((range) => text(file, range, AttributeProto.name) === name)
  if (operator === 'Cast') {
    const to = attribute('to')
    return (to && integer(file, to, AttributeProto.i)) ?? 0
  }
  if (operator === 'Constant') {
    const value = attribute('value')
    const [tensor] = value ? messages(file, value, AttributeProto.t) : []
    return (tensor && integer(file, tensor, TensorProto.data_type)) ?? 0
  }
  return inputs.some((name) => constants.get(name) === DataType.FLOAT) ? DataType.FLOAT : 0
}
