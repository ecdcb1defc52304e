import { UsageError } from '../../errors.js'
import { printable } from '../../support/text.js'
import { castNode } from '../format/castNode.js'
import type { GraphChanges } from '../format/graphCopy.js'
import type { GraphNode } from '../format/graphNodes.js'
import { ElementType } from '../format/messages.js'
import { readOnnxFile } from '../format/onnxFile.js'
import { tensorAttribute } from '../graph/attributes.js'
import { linksOf } from '../graph/links.js'

/** Operators that give float16 outputs if their floating-point inputs are float16. */
const FOLLOWING = new Set(
  'Add AveragePool BatchNormalization Clip Concat Conv Div Dropout Flatten Gather Gemm GlobalAveragePool HardSigmoid HardSwish Identity LRN LeakyRelu MatMul MaxPool Mul Pad Relu Reshape Shape Sigmoid Slice Softmax Squeeze Sub Tanh Transpose Unsqueeze'.split(
    ' ',
  ),
)

/**
 * Changes that make a graph compute in float16 if its image input is float16. The weights in the file stay float32, and
 * added nodes convert them. ONNX Runtime does this conversion once, when it opens the graph.
 * @throws UsageError when an operator might need float32
 */
export function halfPrecisionChanges(path: string): Required<Pick<GraphChanges, 'nodes' | 'renamedInputs'>> {
  const { graph } = readOnnxFile(path)
  const { nodes, constants } = linksOf(graph)
  const types = new Map([...graph.constants].map(([name, { type }]) => [name, type]))
  const renamedInputs: Record<number, readonly string[]> = {}
  const cast = new Set<string>()
  for (const [index, node] of nodes) {
    const { operator, inputs, outputs } = node
    if (outputs.every((name) => constants.has(name))) {
      const type = constantType(node, types)
      for (const output of outputs) types.set(output, type)
      continue
    }
    if (!FOLLOWING.has(operator))
      throw UsageError.of`${path} has the operator ${printable(operator)}, which may need float32; use \`precision fp32\``
    const weights = new Set(inputs.filter((name) => types.get(name) === ElementType.FLOAT))
    if (weights.size === 0) continue
    renamedInputs[index] = inputs.map((name) => (weights.has(name) ? halfName(name) : name))
    for (const name of weights) cast.add(name)
  }
  return { renamedInputs, nodes: [...cast].map((name) => castNode(name, halfName(name), ElementType.FLOAT16)) }
}

function halfName(name: string): string {
  return `shiftscope.half.${name}`
}

/** Element type of the output of a node whose inputs are all constants, such as integer weights and a scale. */
function constantType(node: GraphNode, constants: ReadonlyMap<string, number>): number {
  const { operator, inputs, attributes } = node
  const to = attributes.get('to')
  if (operator === 'Cast') return typeof to === 'number' ? to : ElementType.UNDEFINED
  if (operator === 'Constant') return tensorAttribute(node, 'value')?.type ?? ElementType.UNDEFINED
  return inputs.some((name) => constants.get(name) === ElementType.FLOAT) ? ElementType.FLOAT : ElementType.UNDEFINED
}
