import type { GraphNode } from '../../networks/index.js'
import type { CellShape } from './cellStep.js'
import type { NetworkCells } from './cellSteps.js'

const WINDOWS = new Set(['Conv', 'MaxPool', 'AveragePool', 'LpPool'])
/** Operators whose output has no rows and columns, or depends on all positions of the input. */
const MIXING = new Set(
  'Flatten Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool MatMul ReduceL2 ReduceMax ReduceMean ReduceSum Reshape'.split(
    ' ',
  ),
)
/** Operators that enlarge a map, or whose attributes do not say how much they reduce it. */
const UNKNOWN = new Set('ConvTranspose DepthToSpace Resize Slice SpaceToDepth Upsample'.split(' '))

interface Spacing {
  /** Distance in pixels between neighbouring positions of the tensor; null if unknown. */
  readonly pixels: number | null
  /** Whether each value depends on the whole image. Strides of later layers are then ignored. */
  readonly isMixed: boolean
}

/**
 * The distance in pixels between neighbouring positions of a tensor. It is the product of the strides of convolutions
 * and pools up to the tensor, or up to the first layer that mixes all positions (fully connected, global pooling,
 * attention). If branches join, the largest stride counts.
 * @returns undefined if the distance differs between rows and columns, if the graph resizes or slices, or if the tensor
 *   does not depend on the image
 */
export function totalStride(
  { graph, cells: { shapes } }: NetworkCells,
  image: string,
  output: string,
): number | undefined {
  const spacings = new Map<string, Spacing>([[image, { pixels: 1, isMixed: false }]])
  for (const node of graph.nodes) {
    const read = node.inputs.flatMap((name) => spacings.get(name) ?? [])
    if (read.length === 0) continue
    const spacing = after(node, joined(read), shapes)
    for (const name of node.outputs) spacings.set(name, spacing)
  }
  return spacings.get(output)?.pixels ?? undefined
}

/** If some inputs are maps and others are not, as in squeeze and excitation, only the maps count. */
function joined(read: readonly Spacing[]): Spacing {
  const maps = read.filter(({ isMixed }) => !isMixed)
  const counted = maps.length > 0 ? maps : read
  const pixels = counted.some((one) => one.pixels === null) ? null : Math.max(...counted.map((one) => one.pixels ?? 1))
  return { pixels, isMixed: maps.length === 0 }
}

function after(node: GraphNode, before: Spacing, shapes: ReadonlyMap<string, CellShape>): Spacing {
  if (before.isMixed) return before
  const shape = shapes.get(node.outputs[0] ?? '')
  if (MIXING.has(node.operator) || (shape?.rows === 1 && shape.cols === 1)) return { ...before, isMixed: true }
  if (UNKNOWN.has(node.operator)) return { ...before, pixels: null }
  if (!WINDOWS.has(node.operator)) return before
  const [rows, cols] = strides(node)
  return {
    ...before,
    pixels: before.pixels === null || rows === undefined || rows !== cols ? null : before.pixels * rows,
  }
}

function strides({ attributes }: GraphNode): readonly (number | undefined)[] {
  if (!attributes.has('strides')) return [1, 1]
  const value = attributes.get('strides')
  return Array.isArray(value) ? value : []
}
