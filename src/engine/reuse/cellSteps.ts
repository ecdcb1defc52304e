import {
  type GraphConstant,
  type GraphNode,
  type GraphNodes,
  isConstantNode,
  type Network,
  readOnnxFile,
} from '../../networks/index.js'
import { printable } from '../../support/text.js'
import { OPERATOR_SETS, stepOf } from './cellOperators.js'
import type { CellShape, CellStep, CellSteps } from './cellStep.js'
import { NoStep } from './cellWindows.js'

/** Operators that accept inputs of different shapes, which they broadcast to the shape of their output. */
const BROADCASTING = new Set('Add Div Max Mean Min Mul Pow Sub Sum'.split(' '))

const read = new WeakMap<object, NetworkCells>()

export interface NetworkCells {
  readonly graph: GraphNodes
  readonly cells: CellSteps
}

/**
 * Reads a network's graph and finds the part of it that can be computed cell by cell. The result is cached as long as
 * the `network` object exists.
 * @throws InputError if the file is missing or the graph cannot be read
 */
export function networkCells(network: Pick<Network, 'onnxPath' | 'input'>): NetworkCells {
  const known = read.get(network)
  if (known !== undefined) return known
  const { graph } = readOnnxFile(network.onnxPath)
  const made = { graph, cells: cellSteps(graph, network.input) }
  read.set(network, made)
  return made
}

export function cellSteps(
  { nodes, constants, operatorSet }: GraphNodes,
  input: { readonly name: string } & Pick<CellShape, 'rows' | 'cols'>,
): CellSteps {
  const shapes = new Map<string, CellShape>([[input.name, { channels: 3, rows: input.rows, cols: input.cols }]])
  /** Constants by name, including those that nodes compute from other constants; null if the shape is unknown. */
  const fixed = new Map<string, GraphConstant | null>(constants)
  const steps: CellStep[] = []
  let reason: string | undefined
  const { oldest, newest } = OPERATOR_SETS
  if (operatorSet < oldest || operatorSet > newest)
    return {
      steps,
      shapes,
      constants: new Map(),
      reason: `the network uses version ${operatorSet} of the ONNX operators; export it with a version from ${oldest} to ${newest}`,
    }
  const readers = readersOf(nodes)
  for (const [index, node] of nodes.entries()) {
    if (isConstantNode(node, fixed)) {
      for (const output of node.outputs) fixed.set(output, fixedValue(node, fixed))
      continue
    }
    try {
      // If an input comes from a node that could not become a step, `reason` is already set.
      if (!node.inputs.every((name) => name === '' || fixed.has(name) || shapes.has(name))) continue
      const base = { node: index, output: node.outputs[0] ?? '' }
      const read = node.inputs.filter((name) => shapes.has(name))
      const { step, shape } = stepOf({ node, base, read, shapes, fixed, readers: readers.get(base.output) ?? [] })
      steps.push(step)
      shapes.set(step.output, shape)
    } catch (error) {
      if (!(error instanceof NoStep)) throw error
      reason ??= `${nodeTitle(node)} ${error.message}`
    }
  }
  const known = [...fixed].flatMap(([name, constant]) => (constant ? [[name, constant.shape] as const] : []))
  return { steps, shapes, constants: new Map(known), reason }
}

/** A node's operator, and the name of its output in quotation marks. */
export function nodeTitle({ operator, outputs: [output] }: GraphNode): string {
  return `${printable(operator)}${output ? ` "${printable(output)}"` : ''}`
}

function readersOf(nodes: readonly GraphNode[]): ReadonlyMap<string, readonly string[]> {
  const readers = new Map<string, string[]>()
  for (const { operator, inputs } of nodes) {
    for (const name of inputs) {
      const others = readers.get(name)
      if (others === undefined) readers.set(name, [operator])
      else others.push(operator)
    }
  }
  return readers
}

function fixedValue(
  { operator, inputs, attributes }: GraphNode,
  fixed: ReadonlyMap<string, GraphConstant | null>,
): GraphConstant | null {
  const value = attributes.get('value')
  if (operator === 'Constant') return value && typeof value === 'object' && 'shape' in value ? value : null
  const first = fixed.get(inputs[0] as string) ?? null
  if (operator === 'Identity') return first
  if (operator === 'Cast' || operator === 'DequantizeLinear') return first && { ...first, values: null }
  if (!BROADCASTING.has(operator)) return null
  const all = inputs.map((name) => fixed.get(name))
  return all.every((one) => one)
    ? { ...(first as GraphConstant), shape: broadcast(all.map((one) => one?.shape ?? [])), values: null }
    : null
}

function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const axes = Math.max(...shapes.map((shape) => shape.length))
  return Array.from({ length: axes }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - axes + shape.length] ?? 1)),
  )
}
