import {
  type GraphAnalysis,
  imageShape,
  linksOf,
  MAXIMUM_SIZE,
  nodeTitle,
  type Operation,
  UnfitNode,
} from '../../networks/index.js'
import { OPERATOR_SETS, stepOf } from './cellOperators.js'
import type { CellShape, CellStep, CellSteps } from './cellStep.js'
import { NoStep } from './cellWindows.js'

const found = new WeakMap<GraphAnalysis, CellSteps>()

/** Finds the part of a graph that can be computed cell by cell. It is cached as long as the `analysis` object exists. */
export function cellSteps(analysis: GraphAnalysis): CellSteps {
  const cells = found.get(analysis) ?? foundSteps(analysis)
  found.set(analysis, cells)
  return cells
}

function foundSteps(analysis: GraphAnalysis): CellSteps {
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
  const isMap = more.length === 0 && [channels, rows, cols].every((size) => size >= 1 && size <= MAXIMUM_SIZE)
  if (!isMap) throw new NoStep(analysis.refusals.get(name) ?? 'gives a tensor of unknown size')
  return { channels, rows, cols }
}
