import { type Network, outputOf } from '../../networks/index.js'
import type { Scene } from '../task.js'
import { floorGain, type PlannedCells, planCells, positionsOf, wholeSeconds } from './cellPlan.js'
import type { CellSteps } from './cellStep.js'
import { networkCells } from './cellSteps.js'
import { KEY_LIMIT } from './keys.js'
import { sceneKeys } from './sceneKeys.js'

/** Reuse opens two sessions of the network. For fewer images than this, opening takes longer than reuse saves. */
export const FEWEST_IMAGES = 64

/** Reuse is tried only if it is predicted to be at least this many times as fast as computing every image in full. */
export const WORTH_REUSING = 1.1

export function sharedFloor(network: Network, scene: Scene, offsets: Int32Array): number {
  return floorGain(workOf(network, scene), positionsOf(offsets))
}

/** Predicted speed on the processor with reuse, divided by the speed without; 1 if there will be no reuse. */
export function expectedGain(network: Network, scene: Scene, offsets: Int32Array): number {
  if (offsets.length / 2 < FEWEST_IMAGES) return 1
  if (!haveRoomForKeys(networkCells(network).cells, network, scene.patch.size)) return 1
  const gain = planCells(workOf(network, scene), positionsOf(offsets))?.predictedGain ?? 1
  return gain < WORTH_REUSING ? 1 : gain
}

/**
 * Predicted seconds per image on one core if every image is computed in full. Only two kinds of nodes count: fully
 * connected layers, and nodes that `reuse` can compute at single positions of a map.
 */
export function usualImageSeconds(network: Network): number {
  return wholeSeconds(networkCells(network))
}

function workOf(network: Network, scene: Scene): PlannedCells {
  const { graph, cells } = networkCells(network)
  const keys = sceneKeys(cells, scene, network.input)
  return { graph, cells, keys, features: network.layers.map(outputOf), image: network.input.name }
}

/** Whether a scene's `Keys` fit into memory. They may be too large if a user's graph declares huge layers. */
export function haveRoomForKeys({ shapes }: CellSteps, { input }: Network, size: number): boolean {
  const sides = [...shapes.values()].reduce((sum, { rows, cols }) => sum + rows + cols, 0)
  return sides * (input.rows - size + 2) <= KEY_LIMIT
}
