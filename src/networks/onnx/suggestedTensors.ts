import { isMap, type ShownTensor } from './featureNodes.js'
import type { GraphNode, GraphNodes } from './graphNodes.js'
import { productsBefore } from './imageTensors.js'

export interface MadeTensor extends ShownTensor {
  readonly name: string
  readonly operator: string
}

/**
 * Operators that can end a stage (see `stageEnds`), most reliable first. An Add counts only if both its inputs depend
 * on the image.
 */
const ENDS: readonly (readonly string[])[] = [
  ['Add'],
  ['Concat'],
  ['Relu', 'Clip', 'HardSwish', 'LeakyRelu', 'PRelu', 'Mul', 'Elu', 'Gelu', 'MaxPool', 'AveragePool'],
]
const ACTIVATIONS = new Set(['Relu', 'Clip', 'LeakyRelu', 'PRelu'])

/**
 * The last tensor of each of a network's stages. A stage is all maps of one size. It ends with its last residual block
 * (an Add), or else with its last concatenation, or else with its last activation or pooling. For a transformer's
 * tokens, only residual blocks count.
 */
export function stageEnds(graph: GraphNodes, tensors: readonly MadeTensor[]): readonly string[] {
  const readers = readersOf(graph)
  const known = new Set(tensors.map(({ name }) => name))
  const joins = new Set(graph.nodes.filter((node) => isJoin(node, known)).flatMap(({ outputs }) => outputs))
  const bySize = new Map<string, MadeTensor[]>()
  for (const tensor of tensors) {
    const size = sizeOf(tensor)
    if (size !== undefined) add(bySize, size, tensor)
  }
  return [...bySize.values()].flatMap((maps) => {
    const isOfTokens = maps[0]?.shape.length === 3
    const kinds = isOfTokens ? ENDS.slice(0, 1) : ENDS
    const end = kinds
      .map((operators) => maps.findLast(({ name, operator }) => operators.includes(operator) && isEnd(name, operator)))
      .find((found) => found !== undefined)
    return end === undefined ? [] : [activated(end.name)]
  })

  function isEnd(name: string, operator: string): boolean {
    return operator !== 'Add' || joins.has(name)
  }
  /** The output of the activation after a tensor, if nothing else reads the tensor; otherwise the tensor itself. */
  function activated(name: string): string {
    const [reader, ...others] = readers.get(name) ?? []
    const output = reader?.outputs[0]
    const isActivated = others.length === 0 && reader !== undefined && ACTIVATIONS.has(reader.operator)
    return isActivated && output !== undefined ? output : name
  }
}

/**
 * Outputs of the fully connected layers that the tensor `last` depends on. Each is taken after the bias, but before the
 * activation.
 */
export function connectedEnds(graph: GraphNodes, last: string, tensors: readonly MadeTensor[]): readonly string[] {
  const vectors = new Set(tensors.flatMap(({ name, shape }) => (shape.length === 2 ? [name] : [])))
  const biased = new Map(
    graph.nodes.flatMap(({ operator, inputs, outputs }) =>
      operator === 'Add' ? inputs.map((input) => [input, outputs[0] as string] as const) : [],
    ),
  )
  return productsBefore(graph, last).flatMap(({ output }) => {
    const end = biased.get(output) ?? output
    return vectors.has(end) ? [end] : []
  })
}

function isJoin({ operator, inputs }: GraphNode, known: ReadonlySet<string>): boolean {
  return operator === 'Add' && inputs.every((name) => known.has(name))
}

/**
 * A text that describes the size of a map. All tensors of one stage have the same text. Undefined for anything but
 * square maps and tokens.
 */
function sizeOf(tensor: MadeTensor): string | undefined {
  if (!isMap(tensor)) return undefined
  const [, a = 0, b = 0, c = 0] = tensor.shape
  if (tensor.shape.length === 3) return `tokens ${a} ${b}`
  if (a === b && b !== c) return String(a)
  return b === c ? String(c) : undefined
}

function readersOf({ nodes }: GraphNodes): ReadonlyMap<string, readonly GraphNode[]> {
  const readers = new Map<string, GraphNode[]>()
  for (const node of nodes) {
    for (const input of new Set(node.inputs)) add(readers, input, node)
  }
  return readers
}

/** Lists grow in place, because a copy for each new entry would take a time that grows with the square of their length. */
function add<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
