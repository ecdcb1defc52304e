import { openExecution } from '../engine/choice.js'
import type { Features } from '../engine/features.js'
import type { ExecutionRecord, NetworkHandle } from '../engine/handle.js'
import { throwIfStopped } from '../errors.js'
import type { Classifiers } from '../experiments/classifiers.js'
import { measureEquivariance } from '../experiments/equivariance.js'
import type { Network } from '../networks/index.js'
import { type Progress, progressTo } from '../progress.js'
import { storeUnit } from './measure.js'
import type { ResolvedOptions } from './options.js'
import { imagesOfUnits, type Study } from './plan.js'
import type { NetworkSettings } from './runFile.js'
import type { TimeLeft } from './timeLeft.js'
import type { UnitQueue } from './unitQueue.js'
import { imagesOf, type PlannedUnit } from './units.js'

export interface UnitWork {
  readonly study: Study
  readonly queue: UnitQueue
  readonly options: ResolvedOptions
  readonly classifiersFor: (device: ExecutionRecord['device']) => Classifiers
  readonly progress: Progress
  /**
   * Called with 0 images when a unit begins, and later with the number of its finished images. `secondsLeft` are those
   * until all work ends; null if unknown.
   */
  readonly onUnit: (unit: PlannedUnit, images: number, secondsLeft: number | null) => void
  readonly open: OpenUnits
  /** Number of images in all units that were unfinished when the command started. */
  readonly images: number
  readonly timeLeft: TimeLeft
}

/** Opens a network to compute its unfinished units, `first` before all others. All these units have `images` images. */
export type OpenUnits = (
  network: Network,
  first: PlannedUnit,
  images: number,
  options: ResolvedOptions,
) => Promise<NetworkHandle>

interface ComputedUnits {
  readonly settings: NetworkSettings
  readonly units: readonly PlannedUnit[]
}

/** Computes `first`, then other units of the network, until all are finished or taken by other processes. */
export async function computeUnits(work: UnitWork, network: Network, first: PlannedUnit): Promise<ComputedUnits> {
  const { study, queue, options, classifiersFor, progress, onUnit, timeLeft } = work
  const { signal } = options
  const imagesLeft = (of?: Network) => imagesOfUnits(queue.left(of))
  progress.note(`opening ${network.id}`)
  const handle = await work.open(network, first, imagesOf(first) + imagesLeft(network), options)
  const classifiers = classifiersFor(handle.ran().device)
  progress.start(network.id, work.images, { unit: 'images', before: work.images - imagesLeft() - imagesOf(first) })
  // `handle.overlaps` means that extraction leaves the CPU free. In this case, a unit is measured while the next
  // one is extracted.
  let stored: Promise<void> = Promise.resolve()
  const units: PlannedUnit[] = []
  try {
    for (let unit: PlannedUnit | undefined = first; unit !== undefined; unit = await queue.take(network)) {
      const current = unit
      const before = work.images - imagesLeft() - imagesOf(current)
      const begin = performance.now()
      const seconds = () => (performance.now() - begin) / 1000
      const secondsLeft = timeLeft.during(current)
      const onImages = (images: number) => {
        const left = secondsLeft(seconds())
        onUnit(current, images, left)
        progress.update(before + images, left)
      }
      onUnit(current, 0, secondsLeft(0))
      const features = await extract(handle, current, onImages, signal)
      const equivariance = current.inputs.equivariance ? await measureEquivariance(handle, current.scene, signal) : []
      const extracted = { ...features, equivariance }
      await stored
      stored = storeUnit(study, current, extracted, progress, classifiers).then(() => queue.finish(current))
      if (!handle.overlaps) await stored
      else stored.catch(() => undefined)
      timeLeft.took(current, seconds())
      units.push(current)
    }
    await stored
    const trained = options.separability === null ? {} : { classifiers: classifiers.ran() }
    return { settings: { ...handle.settings, ...handle.ran(), ...trained }, units }
  } finally {
    // After an interruption, units that are already extracted are still stored.
    await stored.catch(() => undefined)
    progress.stop()
    await handle.close()
  }
}

export function openUnits(
  network: Network,
  first: PlannedUnit,
  images: number,
  options: ResolvedOptions,
): Promise<NetworkHandle> {
  const { signal } = options
  const progress = progressTo(options.onProgress)
  return openExecution({
    network,
    scene: first.scene,
    images,
    request: options.request,
    wished: options,
    reuse: options.reuse,
    onNote: (line) => progress.note(line),
    ...(signal && { signal }),
  })
}

/** @throws InterruptedError if the signal stopped the extraction before all positions were finished */
async function extract(
  handle: NetworkHandle,
  { scene, grid: { offsets } }: PlannedUnit,
  onImages: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Features> {
  const features = await handle.extract(scene, offsets, { onImages, signal })
  if (features.finished < offsets.length / 2) throwIfStopped(signal)
  return features
}
