import type { GraphNode } from '../graphNodes.js'
import { CONVOLUTIONS, type KnownTensor, type Shape } from './shapes.js'

const WINDOWS = new Set([...CONVOLUTIONS.keys(), 'MaxPool', 'AveragePool', 'LpPool'])
/** Operators whose output has no rows and columns, or depends on all positions of the input. */
const MIXING = new Set(
  'Flatten Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool MatMul ReduceL2 ReduceMax ReduceMean ReduceSum Reshape'.split(
    ' ',
  ),
)
/** Operators that may enlarge a map, or reduce it by more or less than a stride. */
const RESIZING = new Set('ConvTranspose DepthToSpace Resize Slice SpaceToDepth Upsample'.split(' '))

/** How the cells of a tensor lie on the image. */
export interface Spacing {
  /** Distance in pixels between neighbouring positions of the tensor; null if unknown. */
  readonly pixels: number | null
  /** Whether each value depends on the whole image. Strides of later layers are then ignored. */
  readonly isMixed: boolean
  /** The axes of rows and columns; null if the tensor has none, or if they are unknown. */
  readonly axes: readonly [number, number] | null
}

/**
 * The spacing of each tensor that depends on the image. The distance between positions is the product of the strides of
 * convolutions and pools up to the tensor, or up to the first layer that mixes all positions (fully connected, global
 * pooling, attention). If branches join, the largest stride counts. The distance is unknown if it differs between rows
 * and columns, or if the graph resizes or crops.
 */
export function spacingsOf(
  nodes: Iterable<GraphNode>,
  image: string,
  tensors: ReadonlyMap<string, KnownTensor>,
): ReadonlyMap<string, Spacing> {
  const spacings = new Map<string, Spacing>([[image, { pixels: 1, isMixed: false, axes: [2, 3] }]])
  for (const node of nodes) {
    const read = node.inputs.flatMap((name) => spacings.get(name) ?? [])
    if (read.length === 0) continue
    const spacing = after(node, joined(read), (name = '') => tensors.get(name)?.shape)
    for (const name of node.outputs) spacings.set(name, spacing)
  }
  return spacings
}

/** If some inputs are maps and others are not, as in squeeze and excitation, only the maps count. */
function joined(read: readonly Spacing[]): Spacing {
  const maps = read.filter(({ isMixed }) => !isMixed)
  const counted = maps.length > 0 ? maps : read
  return {
    pixels: counted.reduce<number | null>((most, { pixels }) => most && pixels && Math.max(most, pixels), 1),
    isMixed: maps.length === 0,
    axes: counted[0]?.axes ?? null,
  }
}

function after(node: GraphNode, before: Spacing, shapeOf: (name?: string) => Shape | undefined): Spacing {
  if (before.isMixed) return before
  const shape = shapeOf(node.outputs[0])
  const axes = axesAfter(node, before, shape)
  const size = axes?.map((axis) => shape?.[axis])
  if (MIXING.has(node.operator) || size?.every((length) => length === 1)) return { ...before, isMixed: true, axes }
  if (RESIZING.has(node.operator)) {
    const input = shapeOf(node.inputs[0])
    const isKept = size?.every((length, i) => length !== undefined && length === input?.[before.axes?.[i] ?? -1])
    return isKept ? { ...before, axes } : { ...before, pixels: null, axes }
  }
  if (!WINDOWS.has(node.operator)) return { ...before, axes }
  const strides = node.attributes.get('strides') ?? [1, 1]
  const [rows, cols] = Array.isArray(strides) ? strides : []
  const isSquare = rows !== undefined && rows === cols
  return { ...before, pixels: isSquare && before.pixels ? before.pixels * rows : null, axes }
}

/** The axes of rows and columns after a node. Only Transpose moves them, and other nodes may remove some. */
function axesAfter({ operator, attributes }: GraphNode, { axes }: Spacing, shape: Shape | undefined): Spacing['axes'] {
  if (axes === null || (shape !== undefined && shape.length !== 4)) return null
  const permutation = attributes.get('perm')
  if (operator !== 'Transpose' || !Array.isArray(permutation)) return axes
  return [permutation.indexOf(axes[0]), permutation.indexOf(axes[1])]
}
