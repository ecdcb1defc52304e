import type { ScoreMeaning } from '../../network.js'
import type { GraphNode, GraphNodes } from '../../onnx/format/graphNodes.js'
import { type OnnxFile, readConstants } from '../../onnx/format/onnxFile.js'
import { linksOf, pathBack } from '../../onnx/graph/links.js'
import { outputMeaning } from '../../onnx/graph/outputMeaning.js'
import { MEANINGS, SAME_VALUES } from '../../onnx/graph/scoreOrigin.js'
import type { BoxReading } from '../reference/boxes.js'

/** Operators that choose, join or multiply scores, which stay scores from 0 to 1. */
const JOINING: ReadonlySet<string> = new Set([...SAME_VALUES, 'Concat', 'Gather', 'Mul', 'Slice', 'Split'])

/** What scores of classes over boxes mean. They may have been chosen, joined or multiplied since their activation. */
export function scoresBefore(graph: GraphNodes, tensor: string): ScoreMeaning {
  const last = nodesBefore(graph, tensor, JOINING).find(({ operator }) => MEANINGS.has(operator))
  return MEANINGS.get(last?.operator ?? '') ?? outputMeaning(graph, tensor).meaning
}

/** The node that computes a tensor, and those before it, up to the first ones that have none of the given operators. */
function nodesBefore(graph: GraphNodes, tensor: string, operators: ReadonlySet<string>): readonly GraphNode[] {
  const { makers } = linksOf(graph)
  const names = new Set([tensor])
  const nodes: GraphNode[] = []
  for (const name of names) {
    const node = makers.get(name)
    if (node === undefined) continue
    nodes.push(node)
    if (operators.has(node.operator)) for (const input of node.inputs) names.add(input)
  }
  return nodes
}

/** Operators that decode boxes: those between the last convolutions and the boxes. */
const DECODING: ReadonlySet<string> = new Set([...JOINING, 'Add', 'Div', 'Exp', 'Pow', 'Sigmoid', 'Sub'])
const ARITHMETIC: ReadonlySet<string> = new Set(['Add', 'Div', 'Mul', 'Sub'])
/** Detectors have fewer constants and nested concatenations in the nodes that decode boxes. */
const [MOST_CONSTANTS, MOST_NESTED] = [100, 10]
const ORDERS = { corners: ['xyxy', 'yxyx'], center: ['cxcywh', 'cycxhw'] } as const

/**
 * Reads from the nodes that decode boxes how the boxes are stated, as far as these nodes tell. The unit shows in the
 * size of their constants, and which value is y in the constants of anchors: along a map, y changes less often than x.
 */
export function boxesInGraph({ graph, path }: Pick<OnnxFile, 'graph' | 'path'>, tensor: string): BoxReading {
  const used = constantsBefore(graph, tensor)
  if (used.length > MOST_CONSTANTS) return {}
  const known = readConstants(path, new Set(used.map(({ name }) => name)))
  const valuesOf = (name: string) => known.get(name)?.values ?? []
  const unit = unitOf(used.map(({ name, divides }) => valuesOf(name).map((value) => (divides ? 1 / value : value))))
  const { form, parts = [] } = partsOf(graph, tensor) ?? {}
  const anchors = parts.map((part) => constantsBefore(graph, part).map(({ name }) => valuesOf(name)))
  const [first = 0, second = 0] = anchors.map((ofPart) => ofPart.reduce((sum, values) => sum + changes(values), 0))
  const order = form && first !== second ? ORDERS[form][first > second ? 0 : 1] : undefined
  return { ...(order && { order }), ...(unit && { unit }) }
}

function constantsBefore(graph: GraphNodes, tensor: string) {
  const { constants } = linksOf(graph)
  return nodesBefore(graph, tensor, DECODING)
    .filter(({ operator }) => ARITHMETIC.has(operator))
    .flatMap(({ operator, inputs }) => inputs.map((name) => ({ name, divides: operator === 'Div' })))
    .filter(({ name }) => constants.has(name))
}

/** How often neighbouring values differ. */
function changes(values: readonly number[]): number {
  return values.filter((value, i) => i > 0 && value !== values[i - 1]).length
}

/** Anchors that are shares of the frame, and the factors of their decoding, are at most this. */
const LARGEST_SHARE = 2
/** Boxes in pixels are multiplied by the stride of their map, or by more. */
const SMALLEST_STRIDE = 4
/** A factor of all boxes below this may turn pixels into shares. */
const SMALLEST_FACTOR = 1 / 16

function unitOf(constants: readonly (readonly number[])[]): BoxReading['unit'] {
  if (constants.length === 0 || constants.some(({ length }) => length === 0)) return undefined
  const largest = constants.flat().reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (largest <= LARGEST_SHARE) return 'share'
  const mayShrink = constants.some(({ length, 0: factor = 0 }) => length === 1 && Math.abs(factor) < SMALLEST_FACTOR)
  return largest < SMALLEST_STRIDE || mayShrink ? undefined : 'px'
}

/** The tensors of the first and the second value of all boxes, and whether they belong to a corner or a center. */
function partsOf(graph: GraphNodes, tensor: string) {
  let at = tensor
  for (let steps = 0; steps < MOST_NESTED; steps++) {
    const parts = unscaled(graph, at)
    if (parts?.operator !== 'Concat') return undefined
    const [first = '', second = '', third = '', fourth] = parts.inputs
    const near = unscaled(graph, first)
    const far = unscaled(graph, third)
    const form = fourth === undefined ? undefined : formOf(near, far)
    if (form !== undefined) return { form, parts: [first, second] }
    at = first
  }
  return undefined
}

/** A corner is a point minus an extent. A center is the mean of two corners, or its size is an exponential or a square. */
function formOf(near: GraphNode | undefined, far: GraphNode | undefined): keyof typeof ORDERS | undefined {
  const areOfOnePair = near?.inputs.some((name) => far?.inputs.includes(name))
  if (areOfOnePair && near?.operator === 'Sub' && far?.operator === 'Add') return 'corners'
  if (areOfOnePair && near?.operator === 'Add' && far?.operator === 'Sub') return 'center'
  return far?.operator === 'Exp' || far?.operator === 'Pow' ? 'center' : undefined
}

/** The node that computes a tensor, up to constant factors. */
function unscaled(graph: GraphNodes, tensor: string): GraphNode | undefined {
  const { constants } = linksOf(graph)
  return pathBack(graph, tensor, ({ operator, inputs }) => {
    const made = inputs.filter((name) => !constants.has(name))
    const isScale = SAME_VALUES.has(operator) || operator === 'Mul' || operator === 'Div'
    return isScale && made.length === 1 ? made[0] : undefined
  }).at(-1)
}
