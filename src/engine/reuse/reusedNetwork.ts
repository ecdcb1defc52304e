import { type Network, outputOf } from '../../network.js'
import { networkGraph } from '../../onnx/graph/analysis.js'
import { linksOf, neededFor } from '../../onnx/graph/links.js'
import { isOfPositions } from '../../onnx/graph/products.js'
import { cellSteps } from './cellSteps.js'
import { simplifiedGraph } from './simplifiedGraph.js'

/** Operators that ONNX Runtime may remove, because they cancel each other or because it knows the result. */
const REMOVABLE = new Set(['Cast', 'Reshape', 'Shape', 'Squeeze', 'Transpose', 'Unsqueeze'])

const found = new WeakMap<Network, Promise<Network>>()

/**
 * The network whose graph is divided for reuse. It is the given one, if all of its convolutions can be computed cell by
 * cell. Otherwise, it has ONNX Runtime's simplified graph, if more of its convolutions can. It is cached as long as the
 * `network` object exists.
 * @throws InputError if the network's file is missing or its graph cannot be read
 */
export function reusedNetwork(network: Network): Promise<Network> {
  const reused = found.get(network) ?? simplerNetwork(network)
  found.set(network, reused)
  return reused
}

async function simplerNetwork(network: Network): Promise<Network> {
  const { convolutions, nodes } = leftOver(network)
  if (convolutions === 0 || !nodes.some(({ operator }) => REMOVABLE.has(operator))) return network
  const onnxPath = await simplifiedGraph(network)
  if (onnxPath === undefined) return network
  const simpler = { ...network, onnxPath }
  return leftOver(simpler).convolutions < convolutions ? simpler : network
}

/**
 * The nodes that the features need and that cannot be computed cell by cell. `heavy` are those of them whose values are
 * worth sharing. `convolutions` counts those of maps. It is infinite if the image itself is needed after the steps,
 * because then no plan can end with them.
 */
export function leftOver(network: Network) {
  const analysis = networkGraph(network)
  const { graph, image } = analysis
  const { constants } = linksOf(graph)
  const steps = new Set(cellSteps(analysis).steps.map(({ output }) => output))
  const needed = neededFor(network.layers.map(outputOf), graph, steps)
  const nodes = graph.nodes.filter((_, index) => needed.nodes.has(index))
  const heavy = nodes.filter((node) => !constants.has(node.outputs[0] ?? '') && isOfPositions(analysis, node))
  const convolutions = heavy.filter(({ operator }) => operator === 'Conv').length
  return { nodes, heavy, convolutions: needed.read.has(image) ? Number.POSITIVE_INFINITY : convolutions }
}
