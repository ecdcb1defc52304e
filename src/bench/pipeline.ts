import { z } from 'zod'
import { type Device, devicesOf, parseDevice, processorName } from '../engine/devices/device.js'
import { PROVIDERS } from '../engine/devices/providers.js'
import { openExecution } from '../engine/open/executionRequest.js'
import { type NetworkHandle, openThreads } from '../engine/open/handle.js'
import type { WishedSettings } from '../engine/open/settings.js'
import { sceneOf } from '../engine/scene/scene.js'
import type { Scene, Settings } from '../engine/scene/task.js'
import { UsageError } from '../errors.js'
import type { Network } from '../network.js'
import { catalog } from '../networks/catalog/catalog.js'
import { chooseNetwork } from '../networks/open/openNetwork.js'
import { checkIds, parseReference } from '../networks/reference/reference.js'
import { builtInPatches } from '../patches/collection.js'
import { patchesOfSource } from '../patches/patch.js'
import { checkCount } from '../support/checks.js'
import { type CheckedOptions, type GivenOptions, schemas } from '../support/optionChecks.js'
import { secondsOf } from '../support/stopwatch.js'
import { bestBareSettings } from './bareLoop.js'

export const BENCH_OPTIONS = {
  /** Networks, named as in `openNetwork`; by default all embedded networks. */
  models: z.array(z.string()).readonly().exactOptional(),
  /** Checkpoint files to use instead of the catalog's weights, by network id. */
  weights: schemas.files.readonly().default({}),
  /** Device that runs the networks, such as `cpu` (default) or `cuda:0`. `auto` is not allowed. */
  device: z.string().default('cpu'),
  /** Number of workers, each with its own ONNX Runtime session. */
  workers: z.number().exactOptional(),
  /** Number of threads of each worker's session. */
  threads: z.number().exactOptional(),
  /** Number of images per forward pass. */
  batch: z.number().exactOptional(),
  signal: schemas.signal.exactOptional(),
}

/** Options that `benchExtraction` and `benchUnits` share. */
export interface BenchNetworkOptions extends GivenOptions<typeof BENCH_OPTIONS> {}

export const REPEATS = z.number().superRefine((count) => checkCount('repeats', count))

/** Side in pixels of the paper's smaller patches. */
export const SMALL = 75

export async function measureEach<T>(
  { models, weights, device, signal }: CheckedOptions<typeof BENCH_OPTIONS>,
  sizes: readonly number[],
  measure: (network: Network, scene: Scene, device: Device) => Promise<T>,
): Promise<readonly T[]> {
  const { name, index } = parseDevice(device)
  // `auto` chooses a device by measuring, so repeated benchmarks might run on different devices.
  if (name === 'auto')
    throw UsageError.of`a benchmark cannot choose the device itself; name one, for example \`device cpu\``
  const [first] = devicesOf(name, index)
  const [source] = await builtInPatches()
  if (first === undefined || source === undefined)
    throw new Error('found no device to measure on, or no built-in object to measure with')
  const embedded = catalog().filter(({ kind }) => kind === 'embedded')
  const results: T[] = []
  const chosen: (readonly [model: string, network: Network])[] = []
  for (const model of new Set(models ?? embedded.map(({ id }) => id))) {
    const { id } = parseReference({ model })
    const own = { weights: weights[id], weightsOption: `weights ${id}=FILE` }
    chosen.push([model, await chooseNetwork({ model, signal, ...own })])
  }
  checkIds(chosen.map(([model, { id }]) => [model, id]))
  for (const [, network] of chosen) {
    for (const patch of await patchesOfSource(source, sizes, network.input.rows, 'hard'))
      results.push(await measure(network, sceneOf(patch), first))
  }
  return results
}

/** An open network that computes each image completely. Values that several images share are not reused. */
interface Pipeline {
  readonly handle: NetworkHandle
  readonly settings: Settings
  readonly adapter: string | null
}

export async function openPipeline(
  network: Network,
  scene: Scene,
  device: Device,
  wished: WishedSettings,
): Promise<Pipeline> {
  if (PROVIDERS[device.name].isProcessor) {
    const settings = await bestBareSettings(network, wished)
    return { handle: openThreads(network, settings), settings, adapter: processorName() }
  }
  const handle = await openExecution({
    network,
    scene,
    // `openExecution` looks for the fastest batch size only if the number of images is large.
    images: Number.POSITIVE_INFINITY,
    request: { ...device, precision: 'fp32' },
    wished,
    onNote: () => undefined,
  })
  return { handle, settings: handle.settings, adapter: handle.ran().adapter }
}

export async function extractionRate(handle: NetworkHandle, scene: Scene, offsets: Int32Array): Promise<number> {
  const seconds = await secondsOf(async () => (await handle.extract(scene, offsets)).release())
  return offsets.length / 2 / seconds
}
