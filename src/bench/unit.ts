import { availableParallelism } from 'node:os'
import { openExecution } from '../engine/choice.js'
import type { Device, DeviceRequest } from '../engine/device.js'
import { positionGrid } from '../engine/positions.js'
import type { WishedSettings } from '../engine/settings.js'
import type { Scene, Settings } from '../engine/task.js'
import { endIfStopped } from '../errors.js'
import type { ClassifierRecord } from '../experiments/classifiers.js'
import { separabilityByScheme } from '../experiments/separability.js'
import { similarityMaps } from '../experiments/similarity.js'
import { studyClassifiers } from '../experiments/studyClassifiers.js'
import type { Network } from '../networks/index.js'
import { secondsOf } from '../stopwatch.js'

/** Where the time of a unit goes: one patch at every position, then both experiments on its features. */
export interface UnitBench {
  readonly model: string
  readonly size: number
  readonly stride: number
  readonly images: number
  readonly device: Device['name']
  /** What the system calls the device; null where it does not tell. */
  readonly adapter: string | null
  readonly settings: Settings
  /** Seconds of compositing and forward passes, sessions being open. */
  readonly extraction: number
  /** Seconds of the similarity maps of all layers. */
  readonly similarity: number
  /** Seconds of the ten classifiers under ordered folds, all layers together, the way of the features to a card included. */
  readonly separability: number
  /** What trained them and compared the features, as in a study. */
  readonly classifiers: ClassifierRecord
}

export interface UnitBenchOptions extends WishedSettings {
  /** Where the network runs; the processor by default. */
  readonly request?: DeviceRequest
  readonly signal?: AbortSignal
}

/**
 * Times the stages of one unit, each once: a unit is long enough to be its own average.
 * @param stride distance of neighbouring positions in pixels
 */
export async function benchUnit(
  network: Network,
  scene: Scene,
  stride: number,
  { request = { name: 'cpu', index: null }, signal, ...wished }: UnitBenchOptions = {},
): Promise<UnitBench> {
  const grid = positionGrid(network.input.rows, scene.patch.size, stride)
  const images = grid.offsets.length / 2
  const { handle, ran } = await openExecution({ network, scene, images, request, wished, onNote: () => undefined })
  try {
    const { settings } = handle
    const warm = await handle.extract(scene, grid.offsets.subarray(0, settings.workers * settings.batch * 2))
    warm.release()
    const start = performance.now()
    const { layers, finished } = await handle.extract(scene, grid.offsets, { signal })
    if (finished < images) endIfStopped(signal)
    const extraction = (performance.now() - start) / 1000
    const cores = availableParallelism()
    const grids = layers.map(({ name, dims, matrix }) => ({ layer: name, matrix, dims, ...grid }))
    const { device, adapter } = ran()
    const classifiers = studyClassifiers(request.index, () => undefined)(device)
    let similarity = 0
    const both = await secondsOf(async () => {
      for (const one of grids) {
        await classifiers.train(one, async (place) => {
          similarity += await secondsOf(() => similarityMaps(one, cores, place))
          return separabilityByScheme(one, ['ordered'], { threads: cores, ...place })
        })
      }
    })
    return {
      model: network.id,
      size: scene.patch.size,
      stride,
      images,
      device,
      adapter,
      settings,
      extraction,
      similarity,
      separability: both - similarity,
      classifiers: classifiers.ran(),
    }
  } finally {
    await handle.close()
  }
}
