import { openExecution } from '../engine/choice.js'
import { type Device, devicesOf, parseDevice, processorName } from '../engine/device.js'
import { type NetworkHandle, openThreads } from '../engine/handle.js'
import { sceneOf } from '../engine/scene.js'
import type { WishedSettings } from '../engine/settings.js'
import type { Scene, Settings } from '../engine/task.js'
import { UsageError } from '../errors.js'
import { catalog, chooseNetwork, type Network } from '../networks/index.js'
import { builtInPatches } from '../patches/collection.js'
import { patchesOfSource } from '../patches/patch.js'
import { secondsOf } from '../support/stopwatch.js'
import { bestBareSettings } from './bareLoop.js'

/** Options of all benchmarks that run networks. */
export interface BenchNetworkOptions extends WishedSettings {
  /** Networks by their ids in the catalog; by default the embedded ones. */
  readonly models?: readonly string[]
  /** Checkpoints to use instead of the catalog's weights, by network id. */
  readonly weights?: Readonly<Record<string, string>>
  /** Device that runs the networks, such as `cpu` (default) or `cuda:0`. `auto` is not allowed. */
  readonly device?: string
  /** Stops the benchmark; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Side in pixels of the paper's small patches. */
export const SMALL = 75

/** Measures one network after the other with the first built-in patch. @throws UsageError for the device `auto` */
export async function measureEach<T>(
  { models, weights, device = 'cpu', signal }: BenchNetworkOptions,
  sizes: readonly number[],
  measure: (network: Network, scene: Scene, device: Device) => Promise<T>,
): Promise<readonly T[]> {
  const { name, index } = parseDevice(device)
  // The choice of the device must not depend on a measurement.
  if (name === 'auto') throw new UsageError('a benchmark measures one device; name it, for example `device cpu`')
  const [first] = devicesOf(name, index)
  const [source] = await builtInPatches()
  if (first === undefined || source === undefined) throw new Error('there are no devices or no built-in objects')
  const embedded = catalog().filter(({ kind }) => kind === 'embedded')
  const results: T[] = []
  for (const model of models ?? embedded.map(({ id }) => id)) {
    const own = { weights: weights?.[model], weightsOption: `weights ${model}=FILE` }
    const network = await chooseNetwork({ model, signal, ...own })
    for (const patch of await patchesOfSource(source, sizes, network.input.rows, 'hard'))
      results.push(await measure(network, sceneOf(patch), first))
  }
  return results
}

/** The measured pipeline, which computes every image in full, and its settings. */
interface Pipeline {
  readonly handle: NetworkHandle
  readonly settings: Settings
  readonly adapter: string | null
}

/** @throws DeviceError for a device that is not usable */
export async function openPipeline(
  network: Network,
  scene: Scene,
  device: Device,
  wished: WishedSettings,
): Promise<Pipeline> {
  if (device.name === 'cpu') {
    const settings = await bestBareSettings(network, wished)
    return { handle: openThreads(network, settings), settings, adapter: processorName() }
  }
  const { handle, ran } = await openExecution({
    network,
    scene,
    // With this many images, a trial of all settings is worth its time.
    images: Number.POSITIVE_INFINITY,
    request: device,
    wished,
    onNote: () => undefined,
  })
  return { handle, settings: handle.settings, adapter: ran().adapter }
}

/** Images per second of an extraction. */
export async function extractionRate(handle: NetworkHandle, scene: Scene, offsets: Int32Array): Promise<number> {
  const seconds = await secondsOf(async () => (await handle.extract(scene, offsets)).release())
  return offsets.length / 2 / seconds
}
