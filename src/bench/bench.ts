import { parseDevice } from '../engine/device.js'
import { sceneOf } from '../engine/scene.js'
import type { WishedSettings } from '../engine/settings.js'
import type { Scene } from '../engine/task.js'
import { catalog, chooseNetwork, type Network } from '../networks/index.js'
import { builtInPatches } from '../patches/collection.js'
import { patchesOfSource } from '../patches/patch.js'
import { benchExtract, type ExtractBench } from './extract.js'
import { benchUnit, type UnitBench } from './unit.js'

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

/** Options of `benchExtraction`. */
export interface BenchExtractionOptions extends BenchNetworkOptions {
  /** Number of pairs of measurements, each a bare loop and then the pipeline; 5 by default. */
  readonly repeats?: number
}

/** Options of `benchUnits`. */
export interface BenchUnitOptions extends BenchNetworkOptions {
  /** Sides of the square patch in pixels; `[75]` by default. Each network runs once per size. */
  readonly sizes?: readonly number[]
  /** Number of timed extractions of each unit; 1 by default. */
  readonly repeats?: number
  /** Distance between neighbouring positions in pixels; 1 by default. */
  readonly stride?: number
}

/**
 * Compares Shiftscope's extraction with a bare loop, which only runs ONNX Runtime on a ready tensor. It moves the first
 * built-in object at 75 px, and tests one network after the other.
 * @throws UsageError for an unknown network or device `auto`
 * @throws InputError for missing or damaged weights
 * @throws DeviceError for a device that cannot be used
 * @throws the signal's reason after an abort
 */
export function benchExtraction({
  models,
  weights,
  device = 'cpu',
  ...options
}: BenchExtractionOptions = {}): Promise<readonly ExtractBench[]> {
  const request = parseDevice(device)
  return withEach({ models, weights, signal: options.signal }, [SMALL], (network, scene) =>
    benchExtract(network, scene, { request, ...options }),
  )
}

/**
 * Times the stages of a unit: extraction, similarity and separability. A unit is one network with one object at one
 * size. The object is the first built-in one.
 * @throws UsageError for an unknown network or device `auto`
 * @throws InputError for missing or damaged weights
 * @throws DeviceError for a device that cannot be used
 * @throws the signal's reason after an abort
 */
export function benchUnits({
  models,
  weights,
  sizes = [SMALL],
  stride = 1,
  device = 'cpu',
  ...options
}: BenchUnitOptions = {}): Promise<readonly UnitBench[]> {
  const request = parseDevice(device)
  return withEach({ models, weights, signal: options.signal }, sizes, (network, scene) =>
    benchUnit(network, scene, stride, { request, ...options }),
  )
}

/** The paper's small patches. */
const SMALL = 75

type Chosen = { readonly [key in 'models' | 'weights' | 'signal']: BenchNetworkOptions[key] | undefined }

/** One network after the other, with the first built-in patch. */
async function withEach<T>(
  { models, weights, signal }: Chosen,
  sizes: readonly number[],
  measure: (network: Network, scene: Scene) => Promise<T>,
): Promise<readonly T[]> {
  const [source] = await builtInPatches()
  if (source === undefined) throw new Error('there are no built-in patches')
  const embedded = catalog().filter(({ kind }) => kind === 'embedded')
  const results: T[] = []
  for (const model of models ?? embedded.map(({ id }) => id)) {
    const own = { weights: weights?.[model], weightsOption: `weights ${model}=FILE` }
    const network = await chooseNetwork({ model, signal, ...own })
    for (const patch of await patchesOfSource(source, sizes, network.input.rows, 'hard'))
      results.push(await measure(network, sceneOf(patch)))
  }
  return results
}
