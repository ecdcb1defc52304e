import type { GraphNode, GraphNodes } from '../../onnx/format/graphNodes.js'
import { ElementType } from '../../onnx/format/messages.js'
import { imageTensors, isForeign, linksOf, neededFor } from '../../onnx/graph/links.js'
import { printable } from '../../support/text.js'

/**
 * The inputs that a node rounds or compares, and the outputs that jump when these inputs change. If a list is absent,
 * it stands for all inputs or all outputs.
 */
type Jump = Partial<Pick<GraphNode, 'inputs' | 'outputs'>>

/** Operators that round or compare values, and compute nothing else. Equal inputs give equal bits. */
const STEPS =
  'ArgMax ArgMin BitCast Ceil Equal Floor Greater GreaterOrEqual Hardmax IsInf IsNaN Less LessOrEqual Mod NonZero OneHot QuantizeLinear Round Shrink Sign ThresholdedRelu Unique'.split(
    ' ',
  )

/** Operators that compute values, and also round or compare some. */
const COMPUTING_STEPS =
  'Bernoulli DynamicQuantizeLinear MaxRoiPool Multinomial NonMaxSuppression QLinearConv QLinearMatMul RoiAlign'.split(
    ' ',
  )

/** Element types whose rounding is no step: casts to them keep differences as small as they are. */
export const PRECISE: readonly unknown[] = [ElementType.FLOAT, ElementType.DOUBLE]

/**
 * The operators that jump: a difference in the last bit of an input can change an output by a whole step. Where, Gather
 * and Compress are not listed, because the conditions and indices that they read come from these operators.
 */
const JUMPS: ReadonlyMap<string, (node: GraphNode) => Jump> = new Map<string, (node: GraphNode) => Jump>([
  ...[...STEPS, ...COMPUTING_STEPS].map((operator) => [operator, () => ({})] as const),
  // A step of float16 is up to 0.001 of the value, more than reuse may change features.
  ['Cast', ({ attributes }) => (PRECISE.includes(attributes.get('to')) ? { outputs: [] } : {})],
  // Only the type of the second input counts, not its values.
  ['CastLike', ({ inputs }) => ({ inputs: inputs.slice(0, 1) })],
  ['GridSample', ({ inputs, attributes }) => ({ inputs: attributes.get('mode') === 'nearest' ? inputs.slice(1) : [] })],
  // The largest values change as little as the inputs, but their indices jump.
  ['MaxPool', ({ outputs }) => ({ outputs: outputs.slice(1) })],
  ['TopK', ({ outputs }) => ({ outputs: outputs.slice(1) })],
])

const COPYING =
  'Concat DepthToSpace Dropout Expand Flatten Gather Identity MaxPool Pad Reshape Slice SpaceToDepth Split Squeeze Tile TopK Transpose Unsqueeze'.split(
    ' ',
  )

/** Operators whose outputs have equal bits with and without reuse, if their inputs do. */
const EXACT = new Set([...COPYING, ...STEPS, 'Cast', 'CastLike'])

/** Operators of 8-bit graphs, such as QuantizeLinear and QLinearConv; some are not ONNX's own. */
const EIGHT_BIT = /Quantize|^Q[A-Z]/

/** Operators with nodes inside, which may read any tensors of the graph around them. */
const CONTAINERS = new Set(['If', 'Loop', 'Scan', 'SequenceMap'])

/**
 * Finds out whether reuse might change features by more than its small differences, which are in the last bits of
 * computed values. This is possible if some features depend on a node that rounds or compares such values. Nodes may
 * round pixels, copies of pixels, and shapes, because these are equal with and without reuse.
 * @param image name of the network's input
 * @param features names of the feature layers' tensors
 * @returns the reason, which names the first such node; undefined if there is none
 */
export function jumpReason(graph: GraphNodes, image: string, features: readonly string[]): string | undefined {
  const ofImage = new Set(imageTensors(graph, image).map(({ name }) => name))
  const exact = new Set([image])
  const isComputed = (name: string) => ofImage.has(name) && !exact.has(name)
  const needed = neededFor(features, graph)
  for (const [index, node] of linksOf(graph).nodes) {
    const { operator } = node
    const isNeeded = needed.nodes.has(index)
    if (CONTAINERS.has(operator)) {
      if (isNeeded) return `${nodeTitle(node)} contains nodes that may round`
    } else if (!node.inputs.some(isComputed)) {
      if (EXACT.has(operator)) for (const name of node.outputs) exact.add(name)
    } else if (isNeeded) {
      const { inputs = node.inputs, outputs = node.outputs } = JUMPS.get(operator)?.(node) ?? { inputs: [] }
      const isJump = inputs.some(isComputed) && outputs.some((name) => needed.read.has(name))
      if ((isJump || isForeign(node)) && EIGHT_BIT.test(operator))
        return `its values are rounded to 8 bits (${nodeTitle(node)}): sharing changes the last bit of some values, rounding can turn this into a whole step, and later layers enlarge the step`
      if (isForeign(node)) return `${nodeTitle(node)} is not one of ONNX's own operators and may round`
      if (isJump) return `${nodeTitle(node)} can turn a difference in the last bit into a step`
    }
  }
  return undefined
}

/** A node's operator, and the name of its output in quotation marks. */
export function nodeTitle({ operator, outputs: [output] }: GraphNode): string {
  return `${printable(operator)}${output ? ` "${printable(output)}"` : ''}`
}
