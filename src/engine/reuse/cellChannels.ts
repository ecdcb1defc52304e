import { UnfitNode } from '../../onnx/graph/attributes.js'
import { axisOf, shapeAt, slicesOf, valuesAt } from '../../onnx/graph/shapes.js'
import type { CellStep } from './cellStep.js'
import { cellShape, type NodeContext, onlyInput } from './cellWindows.js'

const CHANNEL_AXIS = 1

/**
 * @param channelsOf gives the channels that an output of a node copies from the node's input
 * @throws UnfitNode unless the node copies known channels
 */
export function channelStep(channelsOf: (context: NodeContext) => readonly number[]) {
  return (context: NodeContext): CellStep => {
    const input = onlyInput(context, 'has indices that depend on the image')
    return { ...context.base, kind: 'pointwise', inputs: [input], channels: channelsOf(context) }
  }
}

export function gathered(context: NodeContext): readonly number[] {
  checkAxis(axisOf(context, 0))
  const channels = shapeAt(context, 0)[CHANNEL_AXIS]!
  return valuesAt(context, 1).map((index) => (index < 0 ? index + channels : index))
}

export function sliced(context: NodeContext): readonly number[] {
  const shape = shapeAt(context, 0)
  return slicesOf(context).flatMap(({ start, step, length }, axis) => {
    if (start !== 0 || step !== 1 || length !== shape[axis]) checkAxis(axis)
    return axis === CHANNEL_AXIS ? range(length, start, step) : []
  })
}

/** Each output has the channels after those of the outputs before it. */
export function split(context: NodeContext): readonly number[] {
  checkAxis(axisOf(context, 0))
  const { analysis, node, base } = context
  const channelsOf = (output: string) => cellShape(analysis, output).channels
  const before = node.outputs.slice(0, node.outputs.indexOf(base.output))
  const start = before.reduce((sum, output) => sum + channelsOf(output), 0)
  return range(channelsOf(base.output), start, 1)
}

function checkAxis(axis: number): void {
  if (axis !== CHANNEL_AXIS) throw new UnfitNode('selects along another axis than the channels')
}

function range(length: number, start: number, step: number): readonly number[] {
  return Array.from({ length }, (_, i) => start + i * step)
}
