import { type Network, outputOf } from '../../networks/index.js'
import type { Scene } from '../task.js'
import { floorGain, type PlannedCells, planCells, positionsOf, wholeSeconds } from './cellPlan.js'
import type { CellSteps } from './cellStep.js'
import { networkCells } from './cellSteps.js'
import { KEY_LIMIT } from './keys.js'
import { sceneKeys } from './sceneKeys.js'

/** For fewer images than this, opening two more sessions does not pay. */
export const FEWEST_IMAGES = 64

/** The least predicted gain for which values are computed once. Smaller gains are lost in the other work. */
export const WORTH_REUSING = 1.1

/** How many times fewer multiply-adds a scene needs if every distinct value is computed once. */
export function sharedFloor(network: Network, scene: Scene, offsets: Int32Array): number {
  return floorGain(workOf(network, scene), positionsOf(offsets))
}

/**
 * How many times as fast a scene is expected to be on the processor with values computed once; 1 means as fast as the
 * plain way.
 */
export function expectedGain(network: Network, scene: Scene, offsets: Int32Array): number {
  if (offsets.length / 2 < FEWEST_IMAGES) return 1
  if (!haveRoomForKeys(networkCells(network).cells, network, scene.patch.size)) return 1
  const gain = planCells(workOf(network, scene), positionsOf(offsets))?.predictedGain ?? 1
  return gain < WORTH_REUSING ? 1 : gain
}

/** Seconds of one core for an image that is computed whole. Only layers that cell plans support count. */
export function usualImageSeconds(network: Network): number {
  return wholeSeconds(networkCells(network))
}

function workOf(network: Network, scene: Scene): PlannedCells {
  const { graph, cells } = networkCells(network)
  const keys = sceneKeys(cells, scene, network.input)
  return { graph, cells, keys, features: network.layers.map(outputOf), image: network.input.name }
}

/** Whether tables of keys stay at a reasonable size, even if a graph claims huge layers. */
export function haveRoomForKeys({ shapes }: CellSteps, { input }: Network, size: number): boolean {
  const sides = [...shapes.values()].reduce((sum, { rows, cols }) => sum + rows + cols, 0)
  return sides * (input.rows - size + 2) <= KEY_LIMIT
}
