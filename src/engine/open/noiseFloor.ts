import { DeviceError } from '../../errors.js'
import type { Precision } from '../../network.js'
import type { Device } from '../devices/device.js'
import { largestDistance } from '../features/distance.js'
import { extractFeatures, failingAsWorker, openThreadPool, type WorkerPool } from '../queue/workerPool.js'
import { offsetsAt, positionGrid } from '../scene/positions.js'
import type { Scene, Settings } from '../scene/task.js'

/** Number of positions at which a device's features are compared with the processor's. */
const POSITIONS = 8

/** A device is accepted if the relative distance of its features from the processor's is at most this. */
const MAX_NOISE: Readonly<Record<Precision, number>> = { fp32: 0.01, fp16: 0.1 }

/** Difference between a device's features and those of the processor in float32. */
export interface NoiseFloor {
  readonly positions: number
  /**
   * Relative difference by name of the layer: the largest |device − processor| / |processor| of the compared positions,
   * with Euclidean norms.
   */
  readonly relative: Readonly<Record<string, number>>
}

export async function measureNoiseFloor(devices: WorkerPool, scene: Scene, processor: Settings): Promise<NoiseFloor> {
  const { network } = devices
  const { offsets } = positionGrid(network.input.rows, scene.patch.size, 1)
  const sample = spread(offsets, POSITIONS)
  const { layers } = await extractFeatures(devices, scene, sample)
  const reference = openThreadPool(network, { ...processor, workers: 1 })
  try {
    const expected = (await failingAsWorker(reference, extractFeatures(reference, scene, sample))).layers
    const distances = layers.map(({ name, matrix, dims }, i) => [
      name,
      largestDistance(matrix, expected[i]!.matrix, dims),
    ])
    return { positions: sample.length / 2, relative: Object.fromEntries(distances) }
  } finally {
    await reference.workers.close()
  }
}

/** A working GPU's relative difference from the processor is about 1e-3 (tensor cores) or 1e-2 (sums in float16). */
export function checkNoise(name: Device['name'], { relative }: NoiseFloor, precision: Precision = 'fp32'): void {
  for (const [layer, distance] of Object.entries(relative)) {
    if (distance <= MAX_NOISE[precision]) continue
    throw DeviceError.of`device ${name} computes wrong features (in ${layer}, their relative difference from the processor's features is ${distance.toPrecision(2)}); update its driver, or use \`device cpu\``
  }
}

/** Chooses at most `count` positions, evenly spread from the first to the last. */
function spread(offsets: Int32Array, count: number): Int32Array {
  const positions = offsets.length / 2
  const chosen = Array.from({ length: Math.min(count, positions) }, (_, i) =>
    Math.round((i * (positions - 1)) / Math.max(1, count - 1)),
  )
  return offsetsAt(offsets, chosen)
}
