import { plannedReuse } from '../engine/reuse/expected.js'
import { positionGrid } from '../engine/scene/positions.js'
import { pixelScene } from '../engine/scene/scene.js'
import type { Network } from '../network.js'
import { defaultSizes, strideFor } from '../patches/sizes.js'

/**
 * Predicts how much reuse speeds up the scenes of a default study on the processor: an opaque object on white, moved
 * across the frame.
 * @returns speed with reuse divided by speed without, or the reason why every image is computed in full
 */
export async function usualReuse(network: Network) {
  const { rows } = network.input
  const [size = 1] = defaultSizes(rows)
  const stride = strideFor(rows, 4)
  const scene = pixelScene(size, new Uint8Array(4 * size ** 2).fill(255))
  const planned = await plannedReuse(network, scene, positionGrid(rows, size, stride).offsets)
  const outcome = 'reason' in planned ? { reason: planned.reason } : { gain: planned.plan.predictedGain }
  return { size, stride, ...outcome }
}
