import { type Network, outputOf } from '../../network.js'
import { networkGraph } from '../../onnx/graph/analysis.js'
import { positionRange } from '../scene/positions.js'
import type { Scene } from '../scene/task.js'
import type { CellSteps } from './cellStep.js'
import { cellSteps } from './cellSteps.js'
import { positionsOf } from './cells.js'
import { comparedLayers } from './compared.js'
import { imageSeconds } from './cost.js'
import { KEY_LIMIT } from './keys.js'
import { leftOver, reusedNetwork } from './reusedNetwork.js'
import { floorGain, planCells } from './reusePlan.js'
import { jumpReason } from './rounding.js'
import { sceneKeys } from './sceneKeys.js'

/** Reuse opens two sessions of the network. For fewer images than this, opening takes longer than reuse saves. */
export const FEWEST_IMAGES = 64

/** Reuse is tried only if it is predicted to be at least this many times as fast as computing every image in full. */
const WORTH_REUSING = 1.1

export async function sharedFloor(network: Network, scene: Scene, offsets: Int32Array): Promise<number> {
  const analysis = networkGraph(await reusedNetwork(network))
  const cells = cellSteps(analysis)
  const keys = sceneKeys(cells, scene, network.input)
  return floorGain({ analysis, cells, keys }, positionsOf(offsets, keys.first))
}

/** Predicted seconds of the convolutions of one image on a processor; NaN for a network without any. */
export async function imageCost(network: Network): Promise<number> {
  const { steps, shapes } = cellSteps(networkGraph(await reusedNetwork(network)))
  return steps.reduce((sum, step) => sum + imageSeconds(step, shapes), 0) || Number.NaN
}

/** Predicted speed on the processor with reuse, divided by the speed without; 1 if there will be no reuse. */
export async function expectedGain(network: Network, scene: Scene, offsets: Int32Array): Promise<number> {
  if (offsets.length / 2 < FEWEST_IMAGES) return 1
  const planned = await plannedReuse(network, scene, offsets)
  return 'reason' in planned ? 1 : planned.plan.predictedGain
}

/**
 * Plans reuse for all positions of a scene, or returns the reason why every image must be computed in full. If
 * `isOfGraph`, the cause is the network's graph, not the object and its positions.
 * @throws InputError if the network's file is missing or its graph cannot be read
 */
export async function plannedReuse(given: Network, scene: Scene, offsets: Int32Array) {
  const network = await reusedNetwork(given)
  const analysis = networkGraph(network)
  const cells = cellSteps(analysis)
  const compared = comparedLayers(analysis, network)
  const jump = jumpReason(analysis.graph, network.input.name, compared.map(outputOf))
  if (jump !== undefined) return { reason: jump, isOfGraph: true }
  const { reason = 'no part of the graph can be shared by several images' } = cells
  if (cells.steps.length === 0) return { reason, isOfGraph: true }
  if (!haveRoomForKeys(cells, network, scene.patch.size))
    return { reason: 'the network has too many or too large layers for reuse', isOfGraph: true }
  const keys = sceneKeys(cells, scene, network.input)
  const features = [...network.layers, ...compared].map(outputOf)
  const plan = planCells({ analysis, cells, keys, features }, positionsOf(offsets, keys.first))
  if (plan === undefined || plan.predictedGain < WORTH_REUSING) {
    // The cost of a graph is 0 if no convolution precedes the first node that is not a step.
    const gain = plan?.predictedGain ? ` (predicted ${plan.predictedGain.toFixed(2)} times as fast)` : ''
    if (leftOver(network).heavy.length === 0) return { reason: `images share too little${gain}`, isOfGraph: false }
    return { reason: `${reason}, and sharing the values before it gains too little${gain}`, isOfGraph: true }
  }
  return { network, graph: analysis.graph, compared, cells, keys, plan }
}

/** Whether a scene's `Keys` fit into memory. They may be too large if a user's graph declares huge layers. */
export function haveRoomForKeys({ shapes }: CellSteps, { input }: Network, size: number): boolean {
  const sides = [...shapes.values()].reduce((sum, { rows, cols }) => sum + rows + cols, 0)
  return sides * (positionRange(input.rows, size).count + 1) <= KEY_LIMIT
}
