import { addTo } from '../../support/lists.js'
import type { GraphNodes } from '../format/graphNodes.js'
import { linksOf } from './links.js'
import { productsBefore } from './products.js'
import { isMap, type ShownTensor } from './shownTensor.js'

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
  const { makers, readers } = linksOf(graph)
  const known = new Set(tensors.map(({ name }) => name))
  const bySize = new Map<string, MadeTensor[]>()
  for (const tensor of tensors) {
    const size = sizeOf(tensor)
    if (size !== undefined) addTo(bySize, size, tensor)
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
    return operator !== 'Add' || (makers.get(name)?.inputs.every((input) => known.has(input)) ?? false)
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
  const { readers } = linksOf(graph)
  return productsBefore(graph, last).flatMap(({ output }) => {
    const biased = readers.get(output)?.findLast(({ operator }) => operator === 'Add')
    const end = biased?.outputs[0] ?? output
    return vectors.has(end) ? [end] : []
  })
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
