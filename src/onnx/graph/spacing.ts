import type { Tokens } from '../../network.js'
import type { GraphNode } from '../format/graphNodes.js'
import { ifFit } from './attributes.js'
import { OF_EXTENTS } from './links.js'
import { axisOf, CONVOLUTIONS, type KnownNode, type KnownTensor, type Shape, slicesOf } from './shapes.js'

const WINDOWS = new Set([...CONVOLUTIONS.keys(), 'MaxPool', 'AveragePool', 'LpPool'])
/** Operators whose output has no rows and columns, or depends on all positions of the input. */
const MIXING = new Set(
  'Flatten Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool MatMul ReduceL2 ReduceMax ReduceMean ReduceSum'.split(' '),
)
/** Operators that may enlarge a map, or reduce it by more or less than a stride. */
const RESIZING = new Set('ConvTranspose DepthToSpace Resize Slice SpaceToDepth Upsample'.split(' '))

/** The axes along which a tensor has the cells of a map. At most one of the two is not null. */
export interface CellAxes {
  /** The axes of rows and columns; null if the tensor has none, or if they are unknown. */
  readonly axes: readonly [number, number] | null
  /** The tokens, if rows and columns were joined into one axis. */
  readonly tokens: Tokens | null
}

/** How the cells of a tensor lie on the image. */
export interface Spacing extends CellAxes {
  /** Distance in pixels between neighbouring rows, and between neighbouring columns; null if unknown. */
  readonly pixels: readonly [number, number] | null
  /** Whether each value depends on the whole image. Strides of later layers are then ignored. */
  readonly isMixed: boolean
}

/** The input of a node whose cells the output keeps. */
interface CellInput extends CellAxes {
  /** Place among the node's inputs; -1 if no input has cells. */
  readonly place: number
  readonly shape: Shape | undefined
  /** Whether all other inputs are constants, or depend on the whole image. */
  readonly isAlone: boolean
}

export const NO_CELLS: CellAxes = { axes: null, tokens: null }
const UNKNOWN: Spacing = { ...NO_CELLS, pixels: null, isMixed: false }

/** Distance in pixels between neighbouring positions; null if it is unknown, or differs between rows and columns. */
export function strideOf({ pixels }: Spacing): number | null {
  return pixels && pixels[0] === pixels[1] ? pixels[0] : null
}

/**
 * The spacing of each tensor that depends on the image. The distance between positions is the product of the strides of
 * convolutions and pools up to the tensor, or up to the first layer that mixes all positions (fully connected, global
 * pooling, attention). If branches join, the largest stride counts. If only some of them are mixed, the result is not:
 * a transformer adds what attention computes to the tokens of each position. The distance is unknown if the graph
 * resizes or crops.
 */
export function spacingsOf(
  nodes: Iterable<GraphNode>,
  image: string,
  tensors: ReadonlyMap<string, KnownTensor>,
): ReadonlyMap<string, Spacing> {
  const ofImage: Spacing = { pixels: [1, 1], isMixed: false, axes: [2, 3], tokens: null }
  const spacings = new Map([[image, ofImage]])
  for (const node of nodes) {
    const read = node.inputs.map((name) => spacings.get(name))
    if (OF_EXTENTS.has(node.operator) || read.every((spacing) => spacing === undefined)) continue
    const context = { node, inputs: node.inputs.map((name) => tensors.get(name)) }
    const spacing = ifFit(() => after(context, read, tensors.get(node.outputs[0] ?? '')?.shape)) ?? UNKNOWN
    for (const name of node.outputs) spacings.set(name, spacing)
  }
  return spacings
}

function after(context: KnownNode, read: readonly (Spacing | undefined)[], shape: Shape | undefined): Spacing {
  const known = read.filter((spacing) => spacing !== undefined)
  // If some inputs are maps and others are not, as in squeeze and excitation, only the maps count.
  const maps = known.filter(({ isMixed }) => !isMixed)
  const pixels = largest(maps.length > 0 ? maps : known)
  if (maps.length === 0) return { ...known[0]!, pixels }
  const place = read.findIndex((spacing) => spacing && maps.includes(spacing) && hasCells(spacing))
  const from = context.inputs[place]?.shape
  const input = { ...(read[place] ?? NO_CELLS), place, shape: from, isAlone: maps.length === 1 }
  const cells = cellsAfter(context, input, shape)
  const isOnePosition = cells.axes?.every((axis) => shape?.[axis] === 1)
  if (isOnePosition || isMixing(context.node, input, cells))
    return { pixels, isMixed: true, axes: cells.axes, tokens: null }
  const [rows, cols] = [0, 1].map((i) => factorAlong(i, context, input, cells, shape))
  return { ...cells, isMixed: false, pixels: pixels && rows && cols ? [pixels[0] * rows, pixels[1] * cols] : null }
}

function hasCells({ axes, tokens }: CellAxes): boolean {
  return axes !== null || tokens !== null
}

function largest(spacings: readonly Spacing[]): Spacing['pixels'] {
  return spacings.reduce<Spacing['pixels']>(
    (most, { pixels }) => most && pixels && [Math.max(most[0], pixels[0]), Math.max(most[1], pixels[1])],
    [1, 1],
  )
}

function isMixing({ operator }: GraphNode, { axes, tokens, place, isAlone }: CellInput, cells: CellAxes): boolean {
  if (!hasCells(cells) && (tokens !== null || operator === 'Reshape')) return true
  // If channels come last, a product with weights computes each cell from the same cell.
  const isByCell = operator === 'MatMul' && isAlone && place === 0 && !(axes?.includes(3) ?? tokens?.axis === 2)
  return MIXING.has(operator) && !isByCell
}

/** By how much a node enlarges the distance between neighbouring rows (0) or columns (1); undefined if unknown. */
function factorAlong(i: number, context: KnownNode, input: CellInput, cells: CellAxes, shape: Shape | undefined) {
  const { operator, attributes } = context.node
  const strides = attributes.get('strides') ?? [1, 1]
  if (input.tokens === null && WINDOWS.has(operator)) return Array.isArray(strides) ? strides[i] : undefined
  if (input.tokens !== null || !RESIZING.has(operator)) return 1
  const axis = input.axes?.[i] ?? -1
  const length = shape?.[cells.axes?.[i] ?? -1]
  const step = operator === 'Slice' && length !== undefined ? (slicesOf(context)[axis]?.step ?? 1) : 1
  return length !== undefined && length * step === input.shape?.[axis] ? step : undefined
}

/** Where a node's output has the cells of its input. Transpose and Reshape move them, and others may remove some. */
function cellsAfter(context: KnownNode, input: CellInput, shape: Shape | undefined): CellAxes {
  const { operator, attributes } = context.node
  const { axes, tokens, shape: from } = input
  if (operator === 'Reshape') return reshapedCells(input, shape)
  const permutation = operator === 'Transpose' ? attributes.get('perm') : undefined
  const moved = (axis: number) => (Array.isArray(permutation) ? permutation.indexOf(axis) : axis)
  if (axes !== null && (shape === undefined || shape.length === 4))
    return { axes: [moved(axes[0]), moved(axes[1])], tokens: null }
  if (tokens === null || from === undefined || shape?.length !== 3) return NO_CELLS
  const { side } = tokens
  const [axis, before] = [moved(tokens.axis), tokens.before + tokensAdded(context, tokens.axis, input)]
  const length = shape[axis] ?? 0
  const isKept = operator === 'Concat' || operator === 'Slice' ? before >= 0 : length === from[tokens.axis]
  return isKept && length >= before + side * side ? { axes: null, tokens: { axis, before, side } } : NO_CELLS
}

/** Number of tokens that a node puts before those of its input, such as a class token; negative if it removes some. */
function tokensAdded(context: KnownNode, axis: number, { place, isAlone }: CellInput): number {
  const { node, inputs } = context
  const { start = 0, step = 1 } = node.operator === 'Slice' ? (slicesOf(context)[axis] ?? {}) : {}
  if (node.operator !== 'Concat' || axisOf(context, 1) !== axis) return step === 1 ? -start : Number.NaN
  if (!isAlone) return Number.NaN
  return inputs.slice(0, place).reduce((sum, one) => sum + (one?.shape[axis] ?? Number.NaN), 0)
}

/** A Reshape may join rows and columns to tokens, or divide tokens into rows and columns. */
function reshapedCells({ axes, tokens, shape: from }: CellInput, to: Shape | undefined): CellAxes {
  const isMade = (shape: Shape | undefined) => shape !== undefined && shape.join() === to?.join()
  if (isMade(from)) return { axes, tokens }
  const [row = 0, col = 0] = axes ?? []
  const side = from?.[row] ?? 0
  if (axes && col === row + 1 && side === from?.[col] && isMade(from.toSpliced(row, 2, side * side)))
    return { axes: null, tokens: { axis: row, before: 0, side } }
  if (tokens && isMade(from?.toSpliced(tokens.axis, 1, tokens.side, tokens.side)))
    return { axes: [tokens.axis, tokens.axis + 1], tokens: null }
  return NO_CELLS
}
