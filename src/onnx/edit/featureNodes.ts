import { UsageError, words } from '../../errors.js'
import type { Pool } from '../../network.js'
import { printable } from '../../support/text.js'
import { castNode } from '../format/castNode.js'
import { ElementType } from '../format/messages.js'
import { newNode } from '../format/newNode.js'
import type { Initializer, Node } from '../format/onnxModel.js'
import { FEATURE_TYPES, isPoint, type ShownTensor } from '../graph/shownTensor.js'
import type { CellAxes } from '../graph/spacing.js'

export interface FeatureNodes {
  /** Name of the output to read: the tensor itself if no nodes are added. */
  readonly output: string
  readonly nodes: readonly Node[]
  readonly constants: readonly Initializer[]
}

/**
 * Nodes that turn a tensor into features: they convert it to float32, replace integers of a quantised graph by the
 * values that they stand for, and pool a map to one value per channel. The cells of a map are its pixels, or a
 * transformer's tokens. `center` takes the middle cell. If there is an even number of cells along an axis, it takes the
 * one before the middle. Class and register tokens are no cells.
 * @throws UsageError if a tensor to pool has neither rows and columns nor known tokens
 */
export function featureNodes(name: string, tensor: ShownTensor, pool: Pool, cells: CellAxes): FeatureNodes {
  const made = { nodes: [] as Node[], constants: [] as Initializer[] }
  let at = name
  const add = (operator: string, inputs: readonly string[], attributes: Node['attributes'] = {}) => {
    const output = `shiftscope.${made.nodes.length}.${name}`
    made.nodes.push(newNode(operator, inputs, output, attributes))
    at = output
  }
  if (tensor.scale !== undefined) add('DequantizeLinear', [at, ...tensor.scale])
  else if (FEATURE_TYPES[tensor.type] !== true) {
    made.nodes.push(castNode(at, `shiftscope.float32.${name}`, ElementType.FLOAT))
    at = `shiftscope.float32.${name}`
  }
  if (pool === 'none' || isPoint(tensor.shape)) return { output: at, ...made }
  const take = (shape: readonly number[], indices: readonly number[]) => {
    const places = `shiftscope.cells.${made.constants.length}.${name}`
    made.constants.push({ name: places, shape, int64: indices })
    add('Gather', [at, places], { axis: 2 })
  }
  const { permutation, extents } = placesOf(name, tensor.shape, cells)
  const { before = 0, side = 0 } = cells.tokens ?? {}
  const map = Array.from({ length: side * side }, (_, i) => before + i)
  if (permutation !== null) add('Transpose', [at], { perm: permutation })
  if (pool === 'center') {
    for (const index of centerOf(extents, cells)) take([], [index])
    return { output: at, ...made }
  }
  if (map.length > 0 && map.length < (extents[0] ?? 0)) take([map.length], map)
  add(pool === 'mean' ? 'GlobalAveragePool' : 'GlobalMaxPool', [at])
  return { output: at, ...made }
}

/** The permutation that brings a tensor's axes into the order images, channels, cells; null if they already have it. */
function placesOf(
  name: string,
  shape: readonly number[],
  { axes, tokens }: CellAxes,
): { readonly permutation: readonly number[] | null; readonly extents: readonly number[] } {
  const [, a = 1, b = 1, c = 1] = shape
  // Images are square, and so are their maps. If the graph does not tell the axes of rows and columns, they are two
  // neighbouring axes of equal lengths, and the other one is channels.
  if (shape.length === 4 && b === c && axes?.[0] !== 1) return { permutation: null, extents: [b, c] }
  if (shape.length === 4 && a === b) return { permutation: [0, 3, 1, 2], extents: [a, b] }
  if (tokens?.axis === 1) return { permutation: [0, 2, 1], extents: [a] }
  if (tokens?.axis === 2) return { permutation: null, extents: [b] }
  const remedy =
    shape.length === 3 ? words`state the number of tokens before a map, such as \`tokens 1\`` : 'name another layer'
  throw UsageError.of`layer "${printable(name)}" has the shape [${shape.join(', ')}], and nothing tells which values are a map of rows and columns; leave \`pool\` out, or ${remedy}`
}

function centerOf(extents: readonly number[], { tokens }: CellAxes): readonly number[] {
  const middle = (extent: number) => Math.floor((extent - 1) / 2)
  return tokens === null ? extents.map(middle) : [tokens.before + middle(tokens.side) * (tokens.side + 1)]
}
