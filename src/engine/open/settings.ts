import { z } from 'zod'
import { throwIfStopped, UsageError } from '../../errors.js'
import type { Network } from '../../network.js'
import { largestTensor, networkGraph } from '../../onnx/graph/analysis.js'
import { checkCount } from '../../support/checks.js'
import { availableCores, machineMemory } from '../../support/machine.js'
import { secondsOf } from '../../support/stopwatch.js'
import { counted } from '../../support/text.js'
import { extractFeatures, failingAsWorker, openThreadPool, type WorkerPool } from '../queue/workerPool.js'
import { positionGrid } from '../scene/positions.js'
import type { Scene, Settings } from '../scene/task.js'

const TRIAL_SECONDS = 0.7

/** Maximum number of bytes for weights in all workers together. Each worker has its own copy of the weights. */
const MAX_WEIGHT_COPIES = 600 * 1024 * 1024

/** Estimated memory of an idle worker thread, in bytes. */
const BYTES_PER_THREAD = 16 * 1024 * 1024

const BATCHES = [32, 8]

/** Maximum number of bytes for the activations of a batch in one worker. Larger batches are not used. */
const MAX_ACTIVATIONS = 200 * 1024 * 1024

/** Estimated memory of a forward pass, as a multiple of its largest tensor. */
const TENSORS_AT_A_TIME = 4

/**
 * With at most this many images, one worker on all cores is used: opening a second session takes longer than it saves.
 */
const FEW_IMAGES = 64

/** Settings that the user fixed; Shiftscope chooses the others. */
export type WishedSettings = Partial<Settings>

export const SETTINGS_OPTIONS = {
  workers: z.number().exactOptional(),
  threads: z.number().exactOptional(),
  batch: z.number().exactOptional(),
}

/**
 * Lists settings that use all cores, the fastest first. For each batch size, there are at most two: one worker per
 * core, and one worker on all cores. The second has 50 to 90 % of the speed of the first, but takes less memory
 * (measured on two cores with tiny-alexnet, AlexNet, MobileNetV2 and ResNet-50).
 * @throws UsageError if a setting of the user is impossible for this network or machine
 */
export function candidateSettings(
  network: Network,
  wished: WishedSettings,
  cores: number,
  memory = machineMemory(),
): readonly Settings[] {
  for (const name of ['workers', 'threads', 'batch'] as const) {
    const value = wished[name]
    if (value !== undefined) checkCount(name, value)
  }
  if (wished.threads !== undefined && wished.threads > cores)
    throw UsageError.of`\`threads ${wished.threads}\` is more than the ${counted(cores, 'core')} of this machine; use at most ${cores}, or leave it out`
  const { batch: onlyBatch } = network.input
  if (onlyBatch !== null && wished.batch !== undefined && wished.batch !== onlyBatch)
    throw UsageError.of`${network.id} accepts only batches of ${onlyBatch}; leave \`batch\` out`
  const fitting = Math.max(1, Math.floor(cores / (wished.threads ?? 1)))
  const workerCounts =
    wished.workers === undefined ? [...new Set([Math.min(fitting, weightCopies(network)), 1])] : [wished.workers]
  const batches = onlyBatch !== null ? [onlyBatch] : wished.batch === undefined ? batchesFor(network) : [wished.batch]
  const candidates = batches.flatMap((batch) =>
    workerCounts.map((workers) => ({
      workers,
      threads: wished.threads ?? Math.max(1, Math.floor(cores / workers)),
      batch,
    })),
  )
  const fits = candidates.filter((settings) => workerBytes(network, settings) <= memory)
  if (fits.length === 0 && (wished.workers !== undefined || wished.batch !== undefined)) {
    throw UsageError.of`${counted(batches.at(-1)!, 'image')} in a batch and ${counted(workerCounts.at(-1)!, 'worker')} do not fit into this machine's ${(memory / 2 ** 30).toFixed(1)} GiB of memory; use a smaller \`batch\` or fewer \`workers\``
  }
  return fits.length === 0 ? candidates : fits
}

/** Batch sizes whose activations fit into MAX_ACTIVATIONS. If none fits, the smallest size. */
function batchesFor(network: Network): readonly number[] {
  const bytes = TENSORS_AT_A_TIME * Float32Array.BYTES_PER_ELEMENT * largestTensor(networkGraph(network))
  const fitting = BATCHES.filter((batch) => batch * bytes <= MAX_ACTIVATIONS)
  return fitting.length === 0 ? [Math.min(...BATCHES)] : fitting
}

function weightCopies({ weightsBytes }: Network): number {
  return Math.max(1, Math.floor(MAX_WEIGHT_COPIES / Math.max(1, weightsBytes)))
}

/** Bytes that all workers together need at least: for each, three batches of images, the weights, and a thread. */
function workerBytes({ input, weightsBytes }: Network, { workers, batch }: Settings): number {
  const batchBytes = batch * 3 * input.rows * input.cols * Float32Array.BYTES_PER_ELEMENT
  return workers * (3 * batchBytes + weightsBytes + BYTES_PER_THREAD)
}

/** Chooses settings for a number of images. The features do not depend on the choice. */
export function chooseSettings(
  network: Network,
  images: number,
  wished: WishedSettings = {},
  cores = availableCores(),
): Settings {
  const candidates = candidateSettings(network, wished, cores)
  const single = images <= FEW_IMAGES ? candidates.find(({ workers }) => workers === 1) : undefined
  return single ?? candidates[0]!
}

/**
 * Measures the speed of compositing and forward passes together, after a warm-up.
 * @throws BatchFailure
 */
export async function imagesPerSecond(pool: WorkerPool, scene: Scene, signal?: AbortSignal): Promise<number> {
  const { offsets } = positionGrid(pool.network.input.rows, scene.patch.size, 1)
  const atATime = pool.batch * pool.workers.count
  const run = async (images: number) => {
    const features = await extractFeatures(pool, scene, offsets.subarray(0, images * 2), { signal })
    features.release()
    throwIfStopped(signal)
  }
  await run(atATime)
  const warm = await secondsOf(() => run(atATime))
  if (warm >= TRIAL_SECONDS) return Math.min(offsets.length / 2, atATime) / warm
  const rounds = Math.max(1, Math.ceil(TRIAL_SECONDS / warm))
  const images = Math.min(offsets.length / 2, rounds * atATime)
  return images / (await secondsOf(() => run(images)))
}

/** Measures the speed of the processor in images per second. Every image is computed in full. */
export async function processorRate(
  network: Network,
  scene: Scene,
  settings: Settings,
  signal?: AbortSignal,
): Promise<number> {
  const pool = openThreadPool(network, settings)
  try {
    return await failingAsWorker(pool, imagesPerSecond(pool, scene, signal))
  } finally {
    await pool.workers.close()
  }
}
