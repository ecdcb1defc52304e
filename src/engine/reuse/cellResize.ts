import { type KnownNode, shapeAt, textAttribute, UnfitNode, valuesAt } from '../../networks/index.js'
import type { CellShape, CellStep } from './cellStep.js'
import { cellShape, type NodeContext, onlyInput } from './cellWindows.js'

/** The first operator set in which Resize states how it rounds. */
const STATING = 11

/** How Resize rounds a position between two pixels, by `nearest_mode`. */
const ROUNDINGS: Readonly<Record<string, (position: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (position) => Math.ceil(position - 0.5),
  round_prefer_ceil: (position) => Math.floor(position + 0.5),
}

/** Distance in pixels from a pixel's position to its index, by `coordinate_transformation_mode`. */
const CENTERS: Readonly<Record<string, number>> = { asymmetric: 0, half_pixel: 0.5, pytorch_half_pixel: 0.5 }

/**
 * A Resize that repeats each row and column a whole number of times. With one repetition, every mode copies its input.
 * @throws UnfitNode for any other Resize
 */
export function resizeStep(context: NodeContext): CellStep {
  const { analysis, node, base, shapes } = context
  const input = onlyInput(context, 'has a size that depends on the image')
  const known = { node, inputs: node.inputs.map((name) => analysis.tensors.get(name)) }
  const from = shapes.get(input) as CellShape
  const to = cellShape(analysis, base.output)
  const [, ofChannels = 0, ofRows = 0, ofCols = 0] = scalesOf(known)
  const round = ROUNDINGS[textAttribute(node, 'nearest_mode', 'round_prefer_floor')]
  const center = CENTERS[textAttribute(node, 'coordinate_transformation_mode', 'half_pixel')]
  const isKnown = analysis.graph.operatorSet >= STATING && round !== undefined && center !== undefined
  if (!isKnown || ofChannels !== 1 || ![ofRows, ofCols].every((scale) => Number.isInteger(scale) && scale > 0))
    throw new UnfitNode('does not repeat pixels a whole number of times')
  if ((ofRows > 1 || ofCols > 1) && textAttribute(node, 'mode', 'nearest') !== 'nearest')
    throw new UnfitNode('interpolates between pixels')
  const mapping = (size: number, length: number, scale: number) =>
    Array.from({ length }, (_, i) => Math.min(Math.max(round((i + center) / scale - center), 0), size - 1))
  return {
    ...base,
    kind: 'mapping',
    input,
    rows: mapping(from.rows, to.rows, ofRows),
    cols: mapping(from.cols, to.cols, ofCols),
  }
}

/** Size of the output divided by that of the input, for each axis. */
function scalesOf(known: KnownNode): readonly number[] {
  if (!known.node.inputs[3]) return valuesAt(known, 2)
  const shape = shapeAt(known, 0)
  return valuesAt(known, 3).map((size, axis) => size / (shape[axis] as number))
}
