import { InputError } from '../../errors.js'
import { printable } from '../../support/text.js'
import type { ShownTensor } from './featureNodes.js'
import type { GraphNode, GraphNodes } from './graphNodes.js'

/** The features of an image must depend only on this image: not on other images in the batch, and not on chance. */

const REMEDY = 'export it in evaluation mode (PyTorch: model.eval())'

/** @throws InputError when a BatchNormalization or Dropout of the graph is in training mode */
export function checkEvaluationMode(name: string, graph: GraphNodes): void {
  const trains = (operator: string, isTraining: (node: GraphNode) => boolean) =>
    graph.nodes.some((node) => node.domain === '' && node.operator === operator && isTraining(node))
  if (trains('BatchNormalization', (node) => takesBatchStatistics(node, graph.operatorSet)))
    throw new InputError(
      `${name} computes batch statistics (BatchNormalization in training mode), so the features of an image depend on the other images; ${REMEDY}`,
    )
  const constantNodes = graph.nodes.filter(({ operator }) => operator === 'Constant')
  const made = new Map(constantNodes.map(({ outputs, attributes }) => [outputs[0], attributes.get('value')]))
  const isOn = (name: string) => isTrue(graph.constants.get(name) ?? made.get(name))
  if (trains('Dropout', ({ inputs: [, , mode = ''] }) => mode !== '' && isOn(mode)))
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

/** Whether a value is a constant that is true. `checkIndependence` notices if a computed tensor turns on training. */
function isTrue(constant: ReturnType<GraphNode['attributes']['get']>): boolean {
  return typeof constant === 'object' && constant !== null && 'type' in constant && (constant.values?.[0] ?? 0) !== 0
}

/**
 * Whether a graph quantises values by the range of the whole batch, so that the results for an image depend on the
 * other images.
 */
export function scalesByBatch({ nodes }: GraphNodes): boolean {
  return nodes.some(({ operator }) => operator.startsWith('DynamicQuantize'))
}

/** Largest relative distance that rounding may cause between an image's values from two runs; see `dependence`. */
const ROUNDING = 1e-3

/**
 * Relative distance between an image's values from a run with other images (`beside`) and from a run without them
 * (`alone`). Undefined if the values differ only by rounding.
 * @param alone may be longer; only its first `beside.length` values are used
 */
export function dependence(beside: Float32Array, alone: Float32Array): number | undefined {
  let [difference, norm] = [0, 0]
  for (let i = 0; i < beside.length; i++) {
    const [one, other] = [beside[i] as number, alone[i] as number]
    difference += (one - other) ** 2
    norm += other ** 2
  }
  return difference > ROUNDING ** 2 * norm ? Math.sqrt(difference / norm) : undefined
}

export function checkIndependence(name: string, title: string, { dependence }: Pick<ShownTensor, 'dependence'>): void {
  if (dependence === undefined) return
  throw new InputError(
    `${name} computes different values of ${printable(title)} for the same image in different batches (relative distance ${dependence.toPrecision(2)}), perhaps because of batch statistics or dropout; ${REMEDY}`,
  )
}
