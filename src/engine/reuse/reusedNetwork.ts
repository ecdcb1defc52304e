import { imageShape, type Network, neededFor, networkGraph, outputOf, simplifiedGraph } from '../../networks/index.js'
import { cellSteps } from './cellSteps.js'

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
  const left = convolutionsLeft(network)
  const onnxPath = left === 0 ? undefined : await simplifiedGraph(network)
  if (onnxPath === undefined) return network
  const simpler = { ...network, onnxPath }
  return convolutionsLeft(simpler) < left ? simpler : network
}

/**
 * Number of convolutions of maps that cannot be computed cell by cell. It is infinite if the image itself is needed
 * after the steps, because then no plan can end with them.
 */
function convolutionsLeft(network: Network): number {
  const analysis = networkGraph(network)
  const { graph, image } = analysis
  const steps = new Set(cellSteps(analysis).steps.map(({ output }) => output))
  const { nodes, read } = neededFor(network.layers.map(outputOf), graph, steps)
  if (read.has(image)) return Number.POSITIVE_INFINITY
  const isOfMap = (name = '') => {
    const [, rows, cols] = imageShape(analysis, name) ?? []
    return rows !== 1 || cols !== 1
  }
  const left = [...nodes].map((index) => graph.nodes[index])
  return left.filter((node) => node?.operator === 'Conv' && isOfMap(node.outputs[0])).length
}
