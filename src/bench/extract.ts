import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { openPool, workerFile } from '../engine/pool.js'
import { positionGrid } from '../engine/positions.js'
import { candidateSettings, type WishedSettings } from '../engine/settings.js'
import type { Scene, Settings, WorkerData } from '../engine/task.js'
import { InterruptedError } from '../errors.js'
import type { Network } from '../networks/index.js'
import { secondsOf } from '../stopwatch.js'
import { median } from './statistics.js'

/** Length of one measurement in seconds. */
const MEASUREMENT_SECONDS = 3

/** The whole pipeline against a bare loop, in one run. */
export interface ExtractBench {
  readonly model: string
  /** The bare loop's best setting, used for both. */
  readonly settings: Settings
  /** Medians, images per second. */
  readonly bare: number
  readonly pipeline: number
  /** Median of the ratios of neighbouring measurements. */
  readonly ratio: number
  readonly ratios: readonly number[]
}

/**
 * Measures extraction (compositing, forward pass, gathering of features) against onnxruntime-node running the same
 * network on a ready tensor with the bare loop's best setting of threads and batch. The two are measured in turn, so
 * that a noisy machine meets both alike.
 * @param repeats how many pairs of measurements
 */
export async function benchExtract(
  network: Network,
  scene: Scene,
  { repeats = 5, signal, ...wished }: WishedSettings & { repeats?: number; signal?: AbortSignal } = {},
): Promise<ExtractBench> {
  const settings = await bestBareSettings(network, wished)
  const { offsets } = positionGrid(network.input.rows, scene.patch.size, 1)
  const bare = openBareLoop(network, settings)
  const pool = openPool(network, settings)
  try {
    const atATime = settings.batch * settings.workers
    const { rate } = await bare.measure(MEASUREMENT_SECONDS)
    await pool.extract(scene, offsets.subarray(0, atATime * 2))
    const images = Math.min(
      offsets.length / 2,
      Math.max(1, Math.round((rate * MEASUREMENT_SECONDS) / atATime)) * atATime,
    )
    const pairs: { bare: number; pipeline: number }[] = []
    for (let repeat = 0; repeat < repeats; repeat++) {
      if (signal?.aborted) throw new InterruptedError()
      const loop = await bare.measure(MEASUREMENT_SECONDS)
      const seconds = await secondsOf(() => pool.extract(scene, offsets.subarray(0, images * 2)))
      pairs.push({ bare: loop.rate, pipeline: images / seconds })
    }
    const ratios = pairs.map((pair) => pair.pipeline / pair.bare)
    return {
      model: network.id,
      settings,
      bare: median(pairs.map((pair) => pair.bare)),
      pipeline: median(pairs.map((pair) => pair.pipeline)),
      ratio: median(ratios),
      ratios,
    }
  } finally {
    await bare.close()
    await pool.close()
  }
}

async function bestBareSettings(network: Network, wished: WishedSettings): Promise<Settings> {
  let best: { settings: Settings; rate: number } | undefined
  for (const settings of candidateSettings(network, wished, availableParallelism())) {
    const bare = openBareLoop(network, settings)
    const { rate } = await bare.measure(MEASUREMENT_SECONDS / 2)
    await bare.close()
    if (best === undefined || rate > best.rate) best = { settings, rate }
  }
  if (best === undefined) throw new Error('no candidate settings')
  return best.settings
}

function openBareLoop(network: Network, { workers, threads, batch }: Settings) {
  const workerData: WorkerData = {
    onnxPath: network.onnxPath,
    input: network.input,
    layers: network.layers.map(({ name }) => name),
    threads,
  }
  const piscina = new Piscina({
    filename: workerFile('bench/bareWorker.js'),
    workerData,
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: 1,
    atomics: 'disabled',
  })
  const runs = (count: number) =>
    Promise.all(Array.from({ length: workers }, () => piscina.run({ batch, runs: count })))
  let secondsPerRun: number | undefined
  return {
    /** Images per second over about so many seconds. */
    async measure(seconds: number): Promise<{ rate: number }> {
      if (secondsPerRun === undefined) {
        await runs(1)
        secondsPerRun = await secondsOf(() => runs(1))
      }
      const count = Math.max(1, Math.round(seconds / secondsPerRun))
      const taken = await secondsOf(() => runs(count))
      return { rate: (count * workers * batch) / taken }
    },
    close: () => piscina.destroy(),
  }
}
