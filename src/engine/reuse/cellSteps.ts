import {
  type GraphAnalysis,
  imageShape,
  linksOf,
  MAXIMUM_SIZE,
  type Network,
  networkGraph,
  nodeTitle,
  type Operation,
  UnfitNode,
  within,
} from '../../networks/index.js'
import { OPERATOR_SETS, stepOf } from './cellOperators.js'
import type { CellShape, CellStep, CellSteps } from './cellStep.js'
import { NoStep } from './cellWindows.js'

const read = new WeakMap<object, NetworkCells>()

export interface NetworkCells {
  readonly analysis: GraphAnalysis
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
  const analysis = networkGraph(network)
  const made = { analysis, cells: cellSteps(analysis) }
  read.set(network, made)
  return made
}

export function cellSteps(analysis: GraphAnalysis): CellSteps {
  const { graph, image, operations } = analysis
  const shapes = new Map<string, CellShape>([[image, cellShape(analysis, image)]])
  const steps: CellStep[] = []
  let reason: string | undefined
  const { oldest, newest } = OPERATOR_SETS
  if (graph.operatorSet < oldest || graph.operatorSet > newest)
    return {
      steps,
      shapes,
      reason: `the network uses version ${graph.operatorSet} of the ONNX operators; export it with a version from ${oldest} to ${newest}`,
    }
  for (const [index, operation] of operations) {
    // If an input comes from a node that could not become a step, `reason` is already set.
    if (!operation.read.every((name) => shapes.has(name))) continue
    try {
      const step = cellStep(analysis, index, operation, shapes)
      shapes.set(step.output, cellShape(analysis, step.output))
      steps.push(step)
    } catch (error) {
      if (!(error instanceof UnfitNode)) throw error
      reason ??= `${nodeTitle(operation.node)} ${error.message}`
    }
  }
  return { steps, shapes, reason }
}

function cellStep(
  analysis: GraphAnalysis,
  index: number,
  { node, read }: Operation,
  shapes: CellSteps['shapes'],
): CellStep {
  const { readers, constants } = linksOf(analysis.graph)
  const output = node.outputs[0] ?? ''
  return stepOf({
    node,
    base: { node: index, output },
    read,
    shapes,
    outputShape: () => cellShape(analysis, output),
    fixed: (name) => (constants.has(name) ? analysis.tensors.get(name) : undefined),
    readers: readers.get(output)?.map(({ operator }) => operator) ?? [],
  })
}

/** @throws NoStep unless a tensor is a map whose size is known */
function cellShape(analysis: GraphAnalysis, name: string): CellShape {
  const [channels = 0, rows = 0, cols = 0, ...more] = imageShape(analysis, name) ?? []
  if (more.length > 0) throw new NoStep('gives a tensor of unknown size')
  for (const size of [channels, rows, cols]) within(size, MAXIMUM_SIZE)
  return { channels, rows, cols }
}
