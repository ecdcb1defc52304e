import type { GraphNode } from '../../networks/index.js'
import type { CellShape } from './cellStep.js'
import type { NetworkCells } from './cellSteps.js'

const WINDOWS = new Set(['Conv', 'MaxPool', 'AveragePool', 'LpPool'])
/** Operators whose output values each depend on all places, or belong to no place. */
const MIXING = new Set(
  'Flatten Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool MatMul ReduceL2 ReduceMax ReduceMean ReduceSum Reshape'.split(
    ' ',
  ),
)
/** Operators that make a map finer, or that subsample in a way that their attributes do not tell. */
const UNKNOWN = new Set('ConvTranspose DepthToSpace Resize Slice SpaceToDepth Upsample'.split(' '))

/** How many pixels apart neighbouring places of a tensor are. */
interface Spacing {
  /** Null: the graph does not tell. */
  readonly pixels: number | null
  /** Whether its values depend on all places, so that later strides no longer count. */
  readonly isMixed: boolean
}

/**
 * The period, in pixels, at which a network subsamples the image on the way to a tensor: the product of the strides of
 * convolutions and pools up to the tensor, or up to the first layer that mixes all places (fully connected, global
 * pooling, attention). If branches join, the coarsest one counts.
 *
 * @param image name of the image's tensor
 * @param output name of the tensor, such as a feature layer
 * @returns undefined if the graph does not tell it: strides differ between rows and columns, it resizes or slices, or
 *   the tensor does not depend on the image
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

/** A map that is multiplied with one value per channel, as in squeeze and excitation, is a map. */
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
