import { UsageError } from '../../errors.js'
import { printable } from '../../support/text.js'
import type { Pool } from '../network.js'
import { castNode } from './halfPrecision.js'
import { ElementType } from './messages.js'
import type { Initializer, Node } from './model.js'

/** A tensor as a run of the model shows it: [images, …]. */
export interface ShownTensor {
  readonly type: string
  readonly shape: readonly number[]
  /** Whether it is another tensor reshaped, so that its axes may mean something else. */
  readonly isReshaped?: boolean
  /** Relative distance of an image's values alone from those beside others, if it is more than rounding. */
  readonly dependence?: number
}

/** Nodes that are added to a graph so that one of its tensors can be read as features. */
export interface FeatureNodes {
  /** The output to read; the tensor itself where nothing is added. */
  readonly output: string
  readonly nodes: readonly Node[]
  readonly constants: readonly Initializer[]
}

/** Types of numbers that features may have, and whether they are read as they are. */
export const FEATURE_TYPES: Readonly<Record<string, boolean>> = {
  float32: true,
  float16: false,
  float64: false,
  uint8: false,
  int8: false,
}

/** Whether a tensor has places over which it can be pooled: rows and columns, or the tokens of a transformer. */
export function isMap({ shape }: ShownTensor): boolean {
  return (shape.length === 4 || shape.length === 3) && !isPoint(shape)
}

function isPoint(shape: readonly number[]): boolean {
  return shape.slice(1).filter((size) => size > 1).length <= 1
}

/**
 * Nodes that make float32 features of a tensor: it is converted, and a map is pooled, which gives one value per channel.
 *
 * `mean` and `max` are taken over all places; `center` is the place in the middle, of an even number the one before it, as for
 * anchors. A tensor [N, T, C] of a transformer has its tokens as places; a class token that stands before a square of them
 * takes part in `mean` and `max`.
 *
 * @throws UsageError for a tensor of which no pooling is defined
 */
export function featureNodes(name: string, tensor: ShownTensor, pool: Pool): FeatureNodes {
  const made = { nodes: [] as Node[], constants: [] as Initializer[] }
  let at = name
  const add = (operator: string, inputs: readonly string[], attributes: Node['attributes'] = {}) => {
    const output = `shiftscope.${made.nodes.length}.${name}`
    made.nodes.push({ operator, name: `${output}.node`, inputs, outputs: [output], attributes })
    at = output
  }
  if (FEATURE_TYPES[tensor.type] !== true) {
    made.nodes.push(castNode(at, `shiftscope.float32.${name}`, ElementType.FLOAT))
    at = `shiftscope.float32.${name}`
  }
  if (pool === 'none' || isPoint(tensor.shape)) return { output: at, ...made }
  const { permutation, extents } = placesOf(name, tensor.shape, tensor.isReshaped ?? false)
  if (permutation !== null) add('Transpose', [at], { perm: permutation })
  if (pool === 'mean') add('GlobalAveragePool', [at])
  else if (pool === 'max') add('GlobalMaxPool', [at])
  else {
    for (const [i, index] of centerOf(name, extents).entries()) {
      const place = `shiftscope.center.${i}.${name}`
      made.constants.push({ name: place, shape: [], int64: [index] })
      add('Gather', [at, place], { axis: 2 })
    }
  }
  return { output: at, ...made }
}

/** How a tensor's axes are brought into the order images, channels, places; null if they are in it. */
function placesOf(
  name: string,
  shape: readonly number[],
  isReshaped: boolean,
): { readonly permutation: readonly number[] | null; readonly extents: readonly number[] } {
  const [, a = 1, b = 1, c = 1] = shape
  // Frames are square, so that rows and columns are equal where channels could be either.
  if (shape.length === 4 && b === c) return { permutation: null, extents: [b, c] }
  if (shape.length === 4 && a === b) return { permutation: [0, 3, 1, 2], extents: [a, b] }
  if (shape.length === 3) {
    const [first, last] = [tokenSquare(a), tokenSquare(b)]
    // A map that was reshaped has no class token, and channels before its places.
    const isTokensLast = last !== undefined && (first === undefined || (last.before === 0 && isReshaped))
    return isTokensLast ? { permutation: null, extents: [b] } : { permutation: [0, 2, 1], extents: [a] }
  }
  throw new UsageError(
    `layer "${printable(name)}" is [${shape.join(', ')}], which is neither a map of rows and columns nor tokens; leave \`pool\` out, or name another layer`,
  )
}

/** The tokens that form a square, alone or after one or two others, and its side. */
function tokenSquare(tokens: number): { readonly before: number; readonly side: number } | undefined {
  return [0, 1, 2]
    .map((before) => ({ before, side: Math.sqrt(tokens - before) }))
    .find(({ side }) => Number.isInteger(side) && side > 0)
}

/** Indices along the axes of places. */
function centerOf(name: string, extents: readonly number[]): readonly number[] {
  const middle = (extent: number) => Math.floor((extent - 1) / 2)
  const [tokens] = extents
  if (extents.length === 2 || tokens === undefined) return extents.map(middle)
  const square = tokenSquare(tokens)
  if (square === undefined)
    throw new UsageError(
      `layer "${printable(name)}" has ${tokens} tokens, which form no square and so have no center; use \`pool mean\` or \`pool max\``,
    )
  return [square.before + middle(square.side) * (square.side + 1)]
}
