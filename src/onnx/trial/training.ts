import { InputError } from '../../errors.js'
import type { GraphNode, GraphNodes } from '../format/graphNodes.js'
import { tensorAttribute } from '../graph/attributes.js'
import { isForeign, linksOf } from '../graph/links.js'
import { REMEDY } from './independence.js'

/** @throws InputError when a BatchNormalization or Dropout of the graph is in training mode */
export function checkEvaluationMode(name: string, graph: GraphNodes): void {
  const trains = (operator: string, isTraining: (node: GraphNode) => boolean) =>
    [...linksOf(graph).nodes.values()].some(
      (node) => !isForeign(node) && node.operator === operator && isTraining(node),
    )
  if (trains('BatchNormalization', (node) => takesBatchStatistics(node, graph.operatorSet)))
    throw new InputError(
      `${name} computes batch statistics (BatchNormalization in training mode), so the features of an image depend on the other images; ${REMEDY}`,
    )
  if (trains('Dropout', ({ inputs: [, , mode = ''] }) => isTrue(mode, graph)))
    throw new InputError(
      `${name} drops values at random (Dropout in training mode), so the features of an image change from run to run; ${REMEDY}`,
    )
}

/**
 * Whether a node uses the statistics of the batch. Before operator set 14, only such a node has more than one output.
 */
function takesBatchStatistics({ attributes, outputs }: GraphNode, operatorSet: number): boolean {
  if (operatorSet >= 14) return attributes.get('training_mode') === 1
  return outputs.slice(1).some((output) => output !== '')
}

/** Whether a tensor is a constant that is true. `checkIndependence` notices if a computed tensor turns on training. */
function isTrue(name: string, graph: GraphNodes): boolean {
  const made = linksOf(graph).makers.get(name)
  const constant = graph.constants.get(name) ?? (made?.operator === 'Constant' ? tensorAttribute(made, 'value') : null)
  return (constant?.values?.[0] ?? 0) !== 0
}

/**
 * Whether a graph quantises values by the range of the whole batch, so that the results for an image depend on the
 * other images.
 */
export function scalesByBatch(graph: GraphNodes): boolean {
  return [...linksOf(graph).nodes.values()].some(({ operator }) => operator.startsWith('DynamicQuantize'))
}
