import type { GraphAnalysis } from '../../onnx/graph/analysis.js'
import { UnfitNode } from '../../onnx/graph/attributes.js'
import { linksOf } from '../../onnx/graph/links.js'
import { OPERATOR_SETS, stepOf } from './cellOperators.js'
import type { CellShape, CellStep, CellSteps } from './cellStep.js'
import { cellShape } from './cellWindows.js'
import { nodeTitle } from './rounding.js'

const found = new WeakMap<GraphAnalysis, CellSteps>()

/** Finds the part of a graph that can be computed cell by cell. It is cached as long as the `analysis` object exists. */
export function cellSteps(analysis: GraphAnalysis): CellSteps {
  const cells = found.get(analysis) ?? foundSteps(analysis)
  found.set(analysis, cells)
  return cells
}

function foundSteps(analysis: GraphAnalysis): CellSteps {
  const { graph, image } = analysis
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
  const { nodes, constants } = linksOf(graph)
  for (const [index, node] of nodes) {
    if (node.outputs.every((name) => constants.has(name))) continue
    const read = node.inputs.filter((name) => !constants.has(name))
    // If an input comes from a node that could not become a step, `reason` is already set.
    if (!read.every((name) => shapes.has(name))) continue
    const inputs = node.inputs.map((name) => analysis.tensors.get(name))
    try {
      for (const output of node.outputs.filter((name) => name !== '')) {
        const step = stepOf({ analysis, node, inputs, read, shapes, base: { node: index, output } })
        shapes.set(output, cellShape(analysis, output))
        steps.push(step)
      }
    } catch (error) {
      if (!(error instanceof UnfitNode)) throw error
      reason ??= `${nodeTitle(node)} ${error.message}`
    }
  }
  return { steps, shapes, reason }
}
