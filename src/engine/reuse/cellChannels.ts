import { axisOf, type KnownNode, shapeAt, slicesOf, UnfitNode, valuesAt } from '../../networks/index.js'
import type { CellShape, CellStep } from './cellStep.js'
import { cellShape, type NodeContext, onlyInput } from './cellWindows.js'

const CHANNEL_AXIS = 1

/** Gives the channels that an output of a node copies from the node's input. */
type Channels = (context: NodeContext, known: KnownNode) => readonly number[]

/** @throws UnfitNode unless the node copies known channels */
export function channelStep(channelsOf: Channels): (context: NodeContext) => CellStep {
  return (context) => {
    const { analysis, node, base } = context
    const input = onlyInput(context, 'has indices that depend on the image')
    const known = { node, inputs: node.inputs.map((name) => analysis.tensors.get(name)) }
    return { ...base, kind: 'pointwise', inputs: [input], channels: channelsOf(context, known) }
  }
}

export function gathered({ node, shapes }: NodeContext, known: KnownNode): readonly number[] {
  checkAxis(axisOf(known, 0))
  const { channels } = shapes.get(node.inputs[0] as string) as CellShape
  return valuesAt(known, 1).map((index) => (index < 0 ? index + channels : index))
}

export function sliced(_: NodeContext, known: KnownNode): readonly number[] {
  const shape = shapeAt(known, 0)
  return slicesOf(known).flatMap(({ start, step, length }, axis) => {
    if (start !== 0 || step !== 1 || length !== shape[axis]) checkAxis(axis)
    return axis === CHANNEL_AXIS ? range(length, start, step) : []
  })
}

/** Each output has the channels after those of the outputs before it. */
export function split({ analysis, node, base }: NodeContext, known: KnownNode): readonly number[] {
  checkAxis(axisOf(known, 0))
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
