import { InputError, throwIfStopped, UsageError } from '../errors.js'
import type { Network } from '../networks/index.js'
import { checkCount } from '../support/checks.js'
import { availableCores, machineMemory } from '../support/machine.js'
import { secondsOf } from '../support/stopwatch.js'
import { counted } from '../support/text.js'
import { type Crew, extractFeatures, failingAsWorker, openThreadCrew } from './crew.js'
import { positionGrid } from './positions.js'
import { networkCells } from './reuse/cellSteps.js'
import type { Scene, Settings } from './task.js'

/** Length of a timed trial in seconds. */
const TRIAL_SECONDS = 0.7

/** Largest number of bytes of all workers' copies of the weights together. */
const MAX_WEIGHT_COPIES = 600 * 1024 * 1024

/** Bytes of a worker thread before it has done anything. */
const BYTES_PER_THREAD = 16 * 1024 * 1024

const BATCHES = [32, 8]

/** Bytes of activations per worker, beyond which no larger batch is tried. */
const MAX_ACTIVATIONS = 200 * 1024 * 1024

/** About how many tensors of the largest size a forward pass holds at a time. */
const TENSORS_AT_A_TIME = 4

/** Fewer images than this take less time than opening a second session, so one worker on all cores runs them. */
const FEW_IMAGES = 64

/** Settings that you fix; Shiftscope chooses the others. */
export type WishedSettings = Partial<Settings>

/**
 * Settings that use all cores, the fastest first: one worker per core, or one worker on all cores, each with every
 * batch size. Settings that the user fixed do not vary. One worker on all cores runs at 0.5 to 0.9 of the speed of one
 * per core (two cores; tiny-alexnet, AlexNet, MobileNetV2 and ResNet-50), but takes less memory.
 * @throws UsageError if a fixed setting is not a positive whole number, is a batch that the network does not accept, or
 * takes more than `memory`, in bytes
 */
export function candidateSettings(
  network: Network,
  wished: WishedSettings,
  cores: number,
  memory = machineMemory(),
): readonly Settings[] {
  for (const name of ['workers', 'threads', 'batch'] as const) {
    const value = wished[name]
    if (value !== undefined) checkCount(`\`${name}\``, value)
  }
  if (wished.threads !== undefined && wished.threads > cores)
    throw new UsageError(
      `\`threads ${wished.threads}\` is more than the ${counted(cores, 'core')} of this machine; use at most ${cores}, or leave it out`,
    )
  const { batch: onlyBatch } = network.input
  if (onlyBatch !== null && wished.batch !== undefined && wished.batch !== onlyBatch)
    throw new UsageError(`${network.id} accepts only batches of ${onlyBatch}; leave \`batch\` out`)
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
    throw new UsageError(
      `${counted(batches.at(-1) as number, 'image')} in a batch and ${counted(workerCounts.at(-1) as number, 'worker')} do not fit into this machine's ${(memory / 2 ** 30).toFixed(1)} GiB of memory; use a smaller \`batch\` or fewer \`workers\``,
    )
  }
  return fits.length === 0 ? candidates : fits
}

/**
 * Batch sizes whose activations do not take too much memory, as far as the graph tells; always includes the smallest.
 */
function batchesFor(network: Network): readonly number[] {
  const bytes = TENSORS_AT_A_TIME * largestTensor(network)
  const fitting = BATCHES.filter((batch) => batch * bytes <= MAX_ACTIVATIONS)
  return fitting.length === 0 ? [Math.min(...BATCHES)] : fitting
}

/** Bytes of an image's largest activation before fully connected layers; 0 where that is not known. */
function largestTensor(network: Network): number {
  try {
    const { shapes } = networkCells(network).cells
    const sizes = [...shapes.values()].map(({ channels, rows, cols }) => channels * rows * cols)
    return Math.max(...sizes) * Float32Array.BYTES_PER_ELEMENT
  } catch (error) {
    if (error instanceof InputError) return 0
    throw error
  }
}

/** How many workers may have their copies of a network's weights. */
function weightCopies({ weightsBytes }: Network): number {
  return Math.max(1, Math.floor(MAX_WEIGHT_COPIES / Math.max(1, weightsBytes)))
}

/** The least memory that the workers take. Each has three batches of images, the weights, and a JavaScript thread. */
function workerBytes({ input, weightsBytes }: Network, { workers, batch }: Settings): number {
  const batchBytes = batch * 3 * input.rows * input.cols * Float32Array.BYTES_PER_ELEMENT
  return workers * (3 * batchBytes + weightsBytes + BYTES_PER_THREAD)
}

/**
 * Workers, threads and batch for `images` images of a network: the first candidate. The features do not depend on the choice.
 * @throws UsageError as `candidateSettings`
 */
export function chooseSettings(
  network: Network,
  images: number,
  wished: WishedSettings = {},
  cores = availableCores(),
): Settings {
  const candidates = candidateSettings(network, wished, cores)
  const single = images <= FEW_IMAGES ? candidates.find(({ workers }) => workers === 1) : undefined
  return single ?? (candidates[0] as Settings)
}

/**
 * Images per second that a network's workers composite and run, measured after a warm-up.
 * @throws BatchFailure; the signal's reason once it was given
 */
export async function imagesPerSecond(crew: Crew, scene: Scene, signal?: AbortSignal): Promise<number> {
  const { offsets } = positionGrid(crew.network.input.rows, scene.patch.size, 1)
  const atATime = crew.batch * crew.workers.count
  const run = async (images: number) => {
    const features = await extractFeatures(crew, scene, offsets.subarray(0, images * 2), { signal })
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

/** Images per second of the processor with these settings, if every image is computed in full. */
export async function processorRate(
  network: Network,
  scene: Scene,
  settings: Settings,
  signal?: AbortSignal,
): Promise<number> {
  const crew = openThreadCrew(network, settings)
  try {
    return await failingAsWorker(crew, imagesPerSecond(crew, scene, signal))
  } finally {
    await crew.workers.close()
  }
}
