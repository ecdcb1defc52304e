import { InputError, throwIfStopped, UsageError } from '../errors.js'
import { type Network, readOnnxFile } from '../networks/index.js'
import { checkCount } from '../support/checks.js'
import { availableCores, machineMemory } from '../support/machine.js'
import { secondsOf } from '../support/stopwatch.js'
import { counted } from '../support/text.js'
import { type NetworkHandle, openThreads } from './handle.js'
import { positionGrid } from './positions.js'
import { cellSteps } from './reuse/cellSteps.js'
import type { Scene, Settings } from './task.js'

/** A trial is made only for work that would take longer than this many seconds without it. */
export const WORTH_A_TRIAL = 60

/** Length of one timed trial in seconds. */
const TRIAL_SECONDS = 0.7

/** Share of the best rate from which on a setting counts as fast as the best: trials of one setting differ by as much. */
const AS_FAST = 0.97

/** Together the workers' copies of the weights stay below this many bytes. */
const MAX_WEIGHT_COPIES = 600 * 1024 * 1024

/** What a worker thread takes before it has done anything. */
const BYTES_PER_THREAD = 16 * 1024 * 1024

const BATCHES = [32, 8]

/** Beyond so many bytes of activations a worker, larger batches are not tried. */
const MAX_ACTIVATIONS = 200 * 1024 * 1024

/** A forward pass holds about so many tensors of the largest size at a time. */
const TENSORS_AT_A_TIME = 4

/** A trial may take this share of the work it is made for: the first, and each of those that compare settings. */
const MOST_OF_WORK = { first: 1 / 4, further: 1 / 40 } as const

/** So few images take less time than a second session, so that one worker on all cores does them. */
const FEW_IMAGES = 64

/** A setting and what it was measured at. */
export interface MeasuredSettings extends Settings {
  /** Null: the work is too short for a trial. */
  readonly imagesPerSecond: number | null
}

/** Settings that you fix; Shiftscope chooses the others, for long work by a short benchmark. */
export type WishedSettings = Partial<Settings>

/**
 * Settings that use all cores: every core a worker, or one worker on all cores, in batches of each size, restricted to
 * what was wished. The first is what short work gets without a trial.
 * @throws UsageError if a wish is not a positive whole number, a batch that the network does not accept, or more than
 * fits into `memory`, in bytes
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
    throw new UsageError(`${network.id} accepts batches of ${onlyBatch} alone; leave \`batch\` out`)
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
 * How values that images have in common are computed once on as many cores: by workers of one thread each, as many as the
 * weights allow, since most of it are small products; as wished where workers or threads are.
 */
export function reuseSettings(network: Network, settings: Settings, wished: WishedSettings = {}): Settings {
  if (wished.workers !== undefined || wished.threads !== undefined) return settings
  const cores = settings.workers * settings.threads
  const workers = Math.min(cores, weightCopies(network))
  return { ...settings, workers, threads: Math.floor(cores / workers) }
}

/** Batches whose activations are no burden, as far as the graph tells their size; the smallest in any case. */
function batchesFor(network: Network): readonly number[] {
  const bytes = TENSORS_AT_A_TIME * largestTensor(network)
  const fitting = BATCHES.filter((batch) => batch * bytes <= MAX_ACTIVATIONS)
  return fitting.length === 0 ? [Math.min(...BATCHES)] : fitting
}

/** Bytes of an image's largest activation before fully connected layers; 0 where that is not known. */
function largestTensor({ onnxPath, input }: Network): number {
  try {
    const { shapes } = cellSteps(readOnnxFile(onnxPath).graph, input)
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

/** Memory that the workers take at least: three batches of images, the weights, and a JavaScript thread each. */
function workerBytes({ input, weightsBytes }: Network, { workers, batch }: Settings): number {
  const batchBytes = batch * 3 * input.rows * input.cols * Float32Array.BYTES_PER_ELEMENT
  return workers * (3 * batchBytes + weightsBytes + BYTES_PER_THREAD)
}

/**
 * Chooses workers, threads and batch for `images` images of a network by a short measured trial. Work that is short
 * anyway gets the first candidate, without a trial where that would be no small part of it; 0 images: with the least of
 * trials. The features do not depend on the choice.
 * @throws UsageError as `candidateSettings`; the signal's reason once it was given
 */
export async function chooseSettings(
  network: Network,
  scene: Scene,
  images: number,
  wished: WishedSettings = {},
  signal?: AbortSignal,
  cores = availableCores(),
): Promise<MeasuredSettings> {
  const candidates = candidateSettings(network, wished, cores)
  const [first] = candidates as [Settings, ...Settings[]]
  if (images > 0 && !isWorthwhile(first, MOST_OF_WORK.first, images)) {
    const single = candidates.find(({ workers }) => workers === 1)
    return { ...(images <= FEW_IMAGES ? (single ?? first) : first), imagesPerSecond: null }
  }
  const trials: TriedSettings[] = []
  for (const settings of candidates) {
    if (trials.length > 0 && !isWorthwhile(settings, MOST_OF_WORK.further, images)) continue
    const trial = await measureSettings(network, scene, settings, signal)
    trials.push(trial)
    if (trials.some(({ imagesPerSecond }) => images / imagesPerSecond < WORTH_A_TRIAL)) break
  }
  return bestSettings(network, trials)
}

/** Whether a trial, which warms up and measures at least one batch of each worker, takes no more than a share of the work. */
function isWorthwhile({ workers, batch }: Settings, share: number, images: number): boolean {
  return 2 * workers * batch <= share * images
}

type TriedSettings = Settings & { readonly imagesPerSecond: number }

/** Of the settings that a trial cannot tell from the fastest, the one that takes the least memory. */
export function bestSettings(network: Network, trials: readonly TriedSettings[]): TriedSettings {
  const fastest = Math.max(...trials.map(({ imagesPerSecond }) => imagesPerSecond))
  const [best] = trials
    .filter(({ imagesPerSecond }) => imagesPerSecond >= AS_FAST * fastest)
    .sort((a, b) => workerBytes(network, a) - workerBytes(network, b) || b.imagesPerSecond - a.imagesPerSecond)
  if (best === undefined) throw new Error('no trials')
  return best
}

/** Rate of the whole pipeline with these settings, measured after a warm-up. */
export async function measureSettings(
  network: Network,
  scene: Scene,
  settings: Settings,
  signal?: AbortSignal,
): Promise<TriedSettings> {
  const handle = openThreads(network, settings)
  try {
    return { ...settings, imagesPerSecond: await imagesPerSecond(handle, scene, signal) }
  } finally {
    await handle.close()
  }
}

/**
 * Rate of an open network, measured after a warm-up.
 * @throws the signal's reason once it was given
 */
export async function imagesPerSecond(handle: NetworkHandle, scene: Scene, signal?: AbortSignal): Promise<number> {
  const { offsets } = positionGrid(handle.network.input.rows, scene.patch.size, 1)
  const atATime = handle.settings.batch * handle.settings.workers
  const extract = async (images: number) => {
    const features = await handle.extract(scene, firstOffsets(offsets, images), { signal })
    features.release()
    throwIfStopped(signal)
  }
  await extract(atATime)
  const warm = await secondsOf(() => extract(atATime))
  if (warm >= TRIAL_SECONDS) return Math.min(offsets.length / 2, atATime) / warm
  const rounds = Math.max(1, Math.ceil(TRIAL_SECONDS / warm))
  const images = Math.min(offsets.length / 2, rounds * atATime)
  const seconds = await secondsOf(() => extract(images))
  return images / seconds
}

function firstOffsets(offsets: Int32Array, count: number): Int32Array {
  return offsets.subarray(0, Math.min(count * 2, offsets.length))
}
