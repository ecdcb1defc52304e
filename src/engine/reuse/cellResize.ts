import { textAttribute, UnfitNode } from '../../onnx/graph/attributes.js'
import { valuesAt } from '../../onnx/graph/shapes.js'
import type { CellStep } from './cellStep.js'
import { cellShape, type NodeContext, onlyInput } from './cellWindows.js'

/** Coordinates and rounding with which a whole scale repeats each pixel as often. Exporters write no others. */
const REPEATING = ['asymmetric,floor', 'half_pixel,round_prefer_ceil', 'half_pixel,round_prefer_floor']

/**
 * A Resize that repeats each row and column a whole number of times. With one repetition, every mode copies its input.
 * @throws UnfitNode for any other Resize
 */
export function resizeStep(context: NodeContext): CellStep {
  const { analysis, node, base, shapes } = context
  const input = onlyInput(context, 'has a size that depends on the image')
  const from = shapes.get(input)!
  const to = cellShape(analysis, base.output)
  const ratios = [1, to.channels / from.channels, to.rows / from.rows, to.cols / from.cols]
  const scales = node.inputs[3] ? ratios : valuesAt(context, 2)
  const [, ofChannels, ofRows = 0, ofCols = 0] = scales
  const isCopy = scales.every((scale) => scale === 1)
  const coordinates = textAttribute(node, 'coordinate_transformation_mode', 'half_pixel').replace('pytorch_', '')
  const isRepeating = REPEATING.includes(`${coordinates},${textAttribute(node, 'nearest_mode', 'round_prefer_floor')}`)
  if (ofChannels !== 1 || !scales.every(Number.isInteger) || !(isCopy || isRepeating))
    throw new UnfitNode('does not repeat pixels a whole number of times')
  if (!isCopy && textAttribute(node, 'mode', 'nearest') !== 'nearest')
    throw new UnfitNode('interpolates between pixels')
  const repeated = (length: number, scale: number) => Array.from({ length }, (_, i) => Math.floor(i / scale))
  return { ...base, kind: 'mapping', input, rows: repeated(to.rows, ofRows), cols: repeated(to.cols, ofCols) }
}
