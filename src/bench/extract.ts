import { openExecution } from '../engine/choice.js'
import { type Device, type DeviceRequest, devicesOf, processorName } from '../engine/device.js'
import { type NetworkHandle, openThreads } from '../engine/handle.js'
import { positionGrid } from '../engine/positions.js'
import type { WishedSettings } from '../engine/settings.js'
import type { Scene, Settings } from '../engine/task.js'
import { endIfStopped, UsageError } from '../errors.js'
import type { Network } from '../networks/index.js'
import { secondsOf } from '../support/stopwatch.js'
import { bestBareSettings, MEASUREMENT_SECONDS, openBareLoop } from './bareLoop.js'
import { median } from './statistics.js'

/** Speed of Shiftscope's extraction and of a bare loop, measured in turn with the same network. */
export interface ExtractBench {
  /** Id of the network. */
  readonly model: string
  /** Device that ran the network. */
  readonly device: Device['name']
  /** The device's name in the operating system or driver; null if unknown. */
  readonly adapter: string | null
  /** Settings of both measurements: on the processor the fastest for the bare loop, on a GPU the pipeline's. */
  readonly settings: Settings
  /** Speed of the bare loop in images per second, the median of all measurements. */
  readonly bare: number
  /** Speed of the whole pipeline in images per second, the median of all measurements. */
  readonly pipeline: number
  /** Median of `ratios`. */
  readonly ratio: number
  /** For each pair of measurements, the speed of the pipeline divided by that of the bare loop. */
  readonly ratios: readonly number[]
}

export interface ExtractBenchOptions extends WishedSettings {
  /** The processor by default. */
  readonly request?: DeviceRequest
  /** How many pairs of measurements; 5 by default. */
  readonly repeats?: number
  readonly signal?: AbortSignal
}

/**
 * Measures extraction (compositing, forward pass, gathering of features) against onnxruntime-node running the same
 * network on a ready tensor. The two are measured in turn, so that a noisy machine meets both alike. On a GPU the ready
 * tensor crosses the bus with every batch, as it does for every program that composites on the processor; the
 * pipeline may be the faster one there.
 * @throws DeviceError for a device that is not usable
 */
export async function benchExtract(
  network: Network,
  scene: Scene,
  { request = { name: 'cpu', index: null }, repeats = 5, signal, ...wished }: ExtractBenchOptions = {},
): Promise<ExtractBench> {
  const device = oneDevice(request)
  const { handle, settings, adapter } = await openPipeline(network, scene, device, wished)
  const bare = openBareLoop(network, settings, device)
  const { offsets } = positionGrid(network.input.rows, scene.patch.size, 1)
  try {
    const atATime = settings.batch * settings.workers
    const { rate } = await bare.measure(MEASUREMENT_SECONDS)
    const warm = await handle.extract(scene, offsets.subarray(0, atATime * 2))
    warm.release()
    const images = Math.min(
      offsets.length / 2,
      Math.max(1, Math.round((rate * MEASUREMENT_SECONDS) / atATime)) * atATime,
    )
    const pairs: { bare: number; pipeline: number }[] = []
    for (let repeat = 0; repeat < repeats; repeat++) {
      endIfStopped(signal)
      const loop = await bare.measure(MEASUREMENT_SECONDS)
      const seconds = await secondsOf(async () =>
        (await handle.extract(scene, offsets.subarray(0, images * 2))).release(),
      )
      pairs.push({ bare: loop.rate, pipeline: images / seconds })
    }
    const ratios = pairs.map((pair) => pair.pipeline / pair.bare)
    return {
      model: network.id,
      device: device.name,
      adapter,
      settings,
      bare: median(pairs.map((pair) => pair.bare)),
      pipeline: median(pairs.map((pair) => pair.pipeline)),
      ratio: median(ratios),
      ratios,
    }
  } finally {
    await bare.close()
    await handle.close()
  }
}

/** @throws UsageError for `auto`: which device was measured must not depend on the measurement */
export function oneDevice({ name, index }: DeviceRequest): Device {
  if (name === 'auto') throw new UsageError('a benchmark measures one device; name it, for example `device cpu`')
  return devicesOf(name, index)[0] as Device
}

/** The pipeline that is measured, and what it runs on. */
export interface Pipeline {
  readonly handle: NetworkHandle
  readonly settings: Settings
  readonly adapter: string | null
  /** Every image by itself: what the handle does where values are not computed once. */
  readonly plain: NetworkHandle
}

/** @param reusing computes values that images have in common once, on the processor */
export async function openPipeline(
  network: Network,
  scene: Scene,
  device: Device,
  wished: WishedSettings,
  reusing?: (settings: Settings) => Parameters<typeof openThreads>[3],
): Promise<Pipeline> {
  if (device.name === 'cpu') {
    const settings = await bestBareSettings(network, wished)
    const plain = openThreads(network, settings)
    const handle = reusing ? openThreads(network, settings, undefined, reusing(settings)) : plain
    return { handle, plain, settings, adapter: processorName() }
  }
  const { handle, ran } = await openExecution({
    network,
    scene,
    // Long enough for a trial of all settings.
    images: Number.POSITIVE_INFINITY,
    request: device,
    wished,
    onNote: () => undefined,
  })
  return { handle, plain: handle, settings: handle.settings, adapter: ran().adapter }
}
