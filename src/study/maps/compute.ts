import { openExecution } from '../../engine/choice.js'
import type { Features } from '../../engine/features.js'
import type { ExecutionRecord, NetworkHandle } from '../../engine/handle.js'
import { throwIfStopped } from '../../errors.js'
import type { Classifiers } from '../../experiments/classifiers.js'
import { measureEquivariance } from '../../experiments/equivariance.js'
import type { Locks } from '../../files/lock.js'
import type { Network } from '../../networks/index.js'
import { type Progress, progressTo } from '../../progress.js'
import type { NetworkSettings } from '../runFile.js'
import type { WorkerState } from '../team.js'
import { expectedSeconds, type FinishedItem, secondsLeft } from '../timeLeft.js'
import { imagesOf, isInLane } from '../workItem.js'
import type { WorkQueue } from '../workQueue.js'
import { measureAndStore } from './measure.js'
import type { ResolvedOptions } from './options.js'
import type { Study, StudyItem } from './plan.js'
import type { PlannedUnit } from './units.js'

export interface UnitWork {
  readonly study: Study
  readonly queue: WorkQueue<StudyItem>
  readonly locks: Pick<Locks, 'describe'>
  readonly options: ResolvedOptions
  readonly classifiersFor: (device: ExecutionRecord['device']) => Classifiers
  readonly progress: Progress
  readonly open: OpenForUnits
  /** Items that this process has finished. */
  readonly finished: FinishedItem[]
  /** Predicted seconds per image of each network, of which only the ratios count. */
  readonly costs: ReadonlyMap<Network, number>
  /** Value of `performance.now()` when the work began. */
  readonly begin: number
}

/** Opens a network to compute its unfinished units, `first` before all others. All these units have `images` images. */
export type OpenForUnits = (
  network: Network,
  first: PlannedUnit,
  images: number,
  options: ResolvedOptions,
) => Promise<NetworkHandle>

/** Computes `first`, then other units of the network, until all are finished or taken by other processes. */
export async function computeUnits(work: UnitWork, first: PlannedUnit): Promise<NetworkSettings> {
  const { study, queue, options, classifiersFor, progress, finished } = work
  const { signal } = options
  const { network } = first
  const imagesLeft = () => imagesOf(queue.left(first))
  const before = imagesOf(finished.flatMap(({ item }) => (isInLane(item, first) ? item : [])))
  const images = before + first.images + imagesLeft()
  progress.note(`opening ${network.id}`)
  const handle = await work.open(network, first, first.images + imagesLeft(), options)
  const classifiers = classifiersFor(handle.ran().device)
  progress.start(network.id, images, { unit: 'images', before })
  // `handle.overlaps` means that extraction leaves the CPU free. In this case, a unit is measured while the next
  // one is extracted.
  let stored: Promise<void> = Promise.resolve()
  try {
    for (let unit: PlannedUnit | undefined = first; unit !== undefined; unit = await queue.take(first)) {
      const current = unit
      const done = images - imagesLeft() - current.images
      const begin = performance.now()
      const tell = unitTeller(work, current)
      tell(0)
      const features = await extract(
        handle,
        current,
        (extracted) => progress.update(done + extracted, tell(extracted)),
        signal,
      )
      const equivariance = current.inputs.equivariance ? await measureEquivariance(handle, current.scene, signal) : []
      const extracted = { ...features, equivariance }
      await stored
      stored = measureAndStore(study, current, extracted, progress, classifiers).then(() => queue.finish(current))
      if (!handle.overlaps) await stored
      else stored.catch(() => undefined)
      finished.push({ item: current, seconds: secondsSince(begin) })
    }
    await stored
    const trained = options.separability === null ? {} : { classifiers: classifiers.ran() }
    return { ...handle.settings, ...handle.ran(), ...trained }
  } finally {
    // After an interruption, units that are already extracted are still stored.
    await stored.catch(() => undefined)
    progress.stop()
    await handle.close()
  }
}

/**
 * Begins a unit. The returned function takes the number of the unit's finished images. It shows other processes what
 * this one computes, and returns the seconds until all units are finished; null if unknown, as before arithmetic.
 */
function unitTeller(work: UnitWork, current: PlannedUnit): (images: number) => number | null {
  const { queue, locks, finished, costs } = work
  const begin = performance.now()
  const since = new Date().toISOString()
  const before = imagesOf(finished.map(({ item }) => item))
  const expect = (known: UnitWork['finished']) =>
    expectedSeconds(current, known, queue, (network) => costs.get(network) ?? Number.NaN)
  const expected = expect(finished)
  const isFirst = !finished.some(({ item }) => isInLane(item, current))
  return (images) => {
    const seconds = secondsSince(begin)
    // The first unit of a network tells its speed while it is computed.
    const started = { item: { ...current, images }, seconds }
    const left = secondsLeft(isFirst && images > 0 ? expect([...finished, started]) : expected, seconds)
    const state: WorkerState = {
      unit: current.title,
      since,
      images: before + images,
      seconds: secondsSince(work.begin),
      secondsLeft: left,
    }
    locks.describe(state, images === 0)
    return left
  }
}

function secondsSince(begin: number): number {
  return (performance.now() - begin) / 1000
}

export function openForUnits(
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
