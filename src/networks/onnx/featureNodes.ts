import { UsageError } from '../../errors.js'
import { printable } from '../../support/text.js'
import type { Pool } from '../network.js'
import type { QuantisedIntegers } from './graph/outputMeaning.js'
import { castNode } from './halfPrecision.js'
import { ElementType } from './messages.js'
import type { Initializer, Node } from './model.js'
import { newNode } from './newNode.js'

/** Type and shape of a tensor, as found by running the model. The first axis has one entry per image. */
export interface ShownTensor {
  readonly type: string
  readonly shape: readonly number[]
  /** Whether the tensor is a reshaped copy of another one, so that its axes may mean something else. */
  readonly isReshaped?: boolean
  /**
   * Relative distance between the values of an image that is computed alone and those of the same image in a batch.
   * Absent if the distance is only rounding.
   */
  readonly dependence?: number
  /** For integers of a quantised graph: which values they stand for. */
  readonly integers?: QuantisedIntegers
}

export interface FeatureNodes {
  /** Name of the output to read: the tensor itself if no nodes are added. */
  readonly output: string
  readonly nodes: readonly Node[]
  readonly constants: readonly Initializer[]
}

/** Element types that features may have; true if no conversion to float32 is needed. */
export const FEATURE_TYPES: Readonly<Record<string, boolean>> = {
  float32: true,
  float16: false,
  float64: false,
  uint8: false,
  int8: false,
}

/** Whether a tensor can be pooled, over rows and columns or over a transformer's tokens. */
export function isMap({ shape }: ShownTensor): boolean {
  return (shape.length === 4 || shape.length === 3) && !isPoint(shape)
}

function isPoint(shape: readonly number[]): boolean {
  return shape.slice(1).filter((size) => size > 1).length <= 1
}

/**
 * Nodes that turn a tensor into features: they convert it to float32, replace integers of a quantised graph by the
 * values that they stand for, and pool a map to one value per channel. The
 * cells of a map are its pixels, or a transformer's tokens in [N, T, C]. `center` takes the middle cell. If there is an
 * even number of cells along an axis, it takes the one before the middle. A class token is included in `mean` and
 * `max`, but it is never the middle cell.
 */
export function featureNodes(name: string, tensor: ShownTensor, pool: Pool): FeatureNodes {
  const made = { nodes: [] as Node[], constants: [] as Initializer[] }
  let at = name
  const add = (operator: string, inputs: readonly string[], attributes: Node['attributes'] = {}) => {
    const output = `shiftscope.${made.nodes.length}.${name}`
    made.nodes.push(newNode(operator, inputs, output, attributes))
    at = output
  }
  if (FEATURE_TYPES[tensor.type] !== true) {
    made.nodes.push(castNode(at, `shiftscope.float32.${name}`, ElementType.FLOAT))
    at = `shiftscope.float32.${name}`
  }
  if (tensor.integers !== undefined) {
    const { scale, zeroPoint } = tensor.integers
    for (const [operator, value] of [
      ['Sub', zeroPoint],
      ['Mul', scale],
    ] as const) {
      const constant = `shiftscope.${operator}.${name}`
      made.constants.push({ name: constant, shape: [], float32: async () => Float32Array.of(value) })
      add(operator, [at, constant])
    }
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

/** The permutation that brings a tensor's axes into the order images, channels, cells; null if they already have it. */
function placesOf(
  name: string,
  shape: readonly number[],
  isReshaped: boolean,
): { readonly permutation: readonly number[] | null; readonly extents: readonly number[] } {
  const [, a = 1, b = 1, c = 1] = shape
  // Images are square, and so are their maps. If two neighbouring axes have equal lengths, they are rows and columns,
  // and the other one is channels.
  if (shape.length === 4 && b === c) return { permutation: null, extents: [b, c] }
  if (shape.length === 4 && a === b) return { permutation: [0, 3, 1, 2], extents: [a, b] }
  if (shape.length === 3) {
    const [first, last] = [tokenSquare(a), tokenSquare(b)]
    // A map whose rows and columns were joined by a reshape has no class token, and its channels come before its cells.
    const isTokensLast = last !== undefined && (first === undefined || (last.before === 0 && isReshaped))
    return isTokensLast ? { permutation: null, extents: [b] } : { permutation: [0, 2, 1], extents: [a] }
  }
  throw new UsageError(
    `layer "${printable(name)}" has the shape [${shape.join(', ')}], which is neither a map of rows and columns nor tokens; leave \`pool\` out, or name another layer`,
  )
}

/** Finds the square that tokens form, and the number of tokens before it, such as 1 for a class token. */
export function tokenSquare(tokens: number): { readonly before: number; readonly side: number } | undefined {
  return [0, 1, 2]
    .map((before) => ({ before, side: Math.sqrt(tokens - before) }))
    .find(({ side }) => Number.isInteger(side) && side > 0)
}

function centerOf(name: string, extents: readonly number[]): readonly number[] {
  const middle = (extent: number) => Math.floor((extent - 1) / 2)
  const [tokens] = extents
  if (extents.length === 2 || tokens === undefined) return extents.map(middle)
  const square = tokenSquare(tokens)
  if (square === undefined)
    throw new UsageError(
      `layer "${printable(name)}" has ${tokens} tokens, which do not form a square, so there is no center token; use \`pool mean\` or \`pool max\``,
    )
  return [square.before + middle(square.side) * (square.side + 1)]
}
