import { FULL_PRECISION } from '../engine/backends/process.js'
import type { Device } from '../engine/devices/device.js'
import { PROVIDERS } from '../engine/devices/providers.js'
import { chooseSettings, type WishedSettings } from '../engine/open/settings.js'
import { threadSession } from '../engine/queue/workerPool.js'
import type { Settings } from '../engine/scene/task.js'
import { workerFile } from '../files/package.js'
import type { Network } from '../network.js'
import { secondsOf } from '../support/stopwatch.js'
import { piscinaPool } from '../support/threads.js'
import type { BareTask, BareWorkerData } from './bareWorker.js'

export const MEASUREMENT_SECONDS = 3

/** Measures a bare loop with one worker per core, and with one worker on all cores. Returns the faster settings. */
export async function bestBareSettings(network: Network, wished: WishedSettings): Promise<Settings> {
  const chosen = chooseSettings(network, Number.POSITIVE_INFINITY, wished)
  if (wished.workers !== undefined || chosen.workers === 1) return chosen
  let best: { readonly settings: Settings; readonly rate: number } | undefined
  for (const settings of [chosen, chooseSettings(network, Number.POSITIVE_INFINITY, { ...wished, workers: 1 })]) {
    const bare = openBareLoop(network, settings, { name: 'cpu', index: 0 })
    const rate = await bare.measure(MEASUREMENT_SECONDS / 2)
    await bare.close()
    if (best === undefined || rate > best.rate) best = { settings, rate }
  }
  return best?.settings ?? chosen
}

/**
 * Opens a bare loop: workers that run a network repeatedly on the same input, without the rest of Shiftscope's
 * pipeline.
 */
export function openBareLoop(network: Network, { workers, threads, batch }: Settings, device: Device) {
  // The processes of the pipeline also set this variable. So bare loop and pipeline both compute in full float32, and
  // their speeds can be compared.
  if (!PROVIDERS[device.name].isProcessor) process.env.NVIDIA_TF32_OVERRIDE ??= FULL_PRECISION.NVIDIA_TF32_OVERRIDE
  const workerData: BareWorkerData = { onnxPath: network.onnxPath, ...threadSession(network, threads), device }
  const pool = piscinaPool<BareTask, void>({
    script: workerFile('bench/bareWorker.js'),
    threads: workers,
    tasksEach: 1,
    workerData,
  })
  const runs = (count: number) => Promise.all(Array.from({ length: workers }, () => pool.run({ batch, runs: count })))
  let secondsPerRun: number | undefined
  return {
    /** Returns images per second. The measurement takes about the given seconds. */
    async measure(seconds: number): Promise<number> {
      if (secondsPerRun === undefined) {
        await runs(1)
        secondsPerRun = await secondsOf(() => runs(1))
      }
      const count = Math.max(1, Math.round(seconds / secondsPerRun))
      const taken = await secondsOf(() => runs(count))
      return (count * workers * batch) / taken
    },
    close: () => pool.destroy(),
  }
}
