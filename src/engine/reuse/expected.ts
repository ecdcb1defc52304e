import { comparedLayers, jumpReason, type Network, networkGraph, outputOf } from '../../networks/index.js'
import type { Scene } from '../task.js'
import { floorGain, planCells } from './cellPlan.js'
import type { CellSteps } from './cellStep.js'
import { cellSteps } from './cellSteps.js'
import { positionsOf } from './cells.js'
import { KEY_LIMIT } from './keys.js'
import { sceneKeys } from './sceneKeys.js'

/** Reuse opens two sessions of the network. For fewer images than this, opening takes longer than reuse saves. */
export const FEWEST_IMAGES = 64

/** Reuse is tried only if it is predicted to be at least this many times as fast as computing every image in full. */
const WORTH_REUSING = 1.1

export function sharedFloor(network: Network, scene: Scene, offsets: Int32Array): number {
  const analysis = networkGraph(network)
  const cells = cellSteps(analysis)
  return floorGain({ analysis, cells, keys: sceneKeys(cells, scene, network.input) }, positionsOf(offsets))
}

/** Predicted speed on the processor with reuse, divided by the speed without; 1 if there will be no reuse. */
export function expectedGain(network: Network, scene: Scene, offsets: Int32Array): number {
  if (offsets.length / 2 < FEWEST_IMAGES) return 1
  const planned = plannedReuse(network, scene, offsets)
  return typeof planned === 'string' ? 1 : planned.plan.predictedGain
}

/**
 * Plans reuse for all positions of a scene, or returns the reason why every image must be computed in full.
 * @throws InputError if the network's file is missing or its graph cannot be read
 */
export function plannedReuse(network: Network, scene: Scene, offsets: Int32Array, keysOf = sceneKeys) {
  const analysis = networkGraph(network)
  const cells = cellSteps(analysis)
  const features = network.layers.map(outputOf)
  const compared = comparedLayers(analysis, network.layers)
  const jump = jumpReason(analysis.graph, network.input.name, compared.map(outputOf))
  if (jump !== undefined) return jump
  if (cells.steps.length === 0) return cells.reason ?? 'no part of the graph can be shared by several images'
  if (!haveRoomForKeys(cells, network, scene.patch.size))
    return 'the network has too many or too large layers for reuse'
  const keys = keysOf(cells, scene, network.input)
  const plan = planCells(
    { analysis, cells, keys, features: [...features, ...compared.map(outputOf)] },
    positionsOf(offsets),
  )
  if (plan === undefined || plan.predictedGain < WORTH_REUSING) {
    const gain = plan === undefined ? '' : ` (predicted ${plan.predictedGain.toFixed(2)} times as fast)`
    return `images share too little${gain}${cells.reason === undefined ? '' : `: ${cells.reason}`}`
  }
  return { graph: analysis.graph, compared, cells, keys, plan }
}

/** Whether a scene's `Keys` fit into memory. They may be too large if a user's graph declares huge layers. */
export function haveRoomForKeys({ shapes }: CellSteps, { input }: Network, size: number): boolean {
  const sides = [...shapes.values()].reduce((sum, { rows, cols }) => sum + rows + cols, 0)
  return sides * (input.rows - size + 2) <= KEY_LIMIT
}
