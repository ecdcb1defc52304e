import type { Features } from '../../engine/features/features.js'
import { openExecution } from '../../engine/open/executionRequest.js'
import type { ExecutionRecord, NetworkHandle } from '../../engine/open/handle.js'
import { throwIfStopped } from '../../errors.js'
import type { Classifiers } from '../../experiments/classifiers/classifiers.js'
import { measureEquivariance } from '../../experiments/maps/equivariance.js'
import type { Network } from '../../network.js'
import { progressTo } from '../../progress.js'
import { secondsSince } from '../../support/stopwatch.js'
import type { NetworkSettings } from '../items/runFile.js'
import type { StudyRun } from '../items/studyPlan.js'
import { itemTeller } from '../items/tell.js'
import { imagesOf, isInLane } from '../items/workItem.js'
import { measureAndStore } from './measure.js'
import type { ResolvedOptions } from './options.js'
import type { StudyItem } from './plan.js'
import type { PlannedUnit } from './units.js'

/** Opens a network to compute its unfinished units, `first` before all others. All these units have `images` images. */
export type OpenForUnits = (
  network: Network,
  first: PlannedUnit,
  images: number,
  options: ResolvedOptions,
) => Promise<NetworkHandle>

/** How the units of a study are computed. */
export interface UnitComputing {
  readonly options: ResolvedOptions
  readonly open: OpenForUnits
  readonly classifiersFor: (device: ExecutionRecord['device']) => Classifiers
}

/** Computes `first`, then other units of the network, until all are finished or taken by other processes. */
export async function computeUnits(
  run: StudyRun<StudyItem>,
  first: PlannedUnit,
  { options, open, classifiersFor }: UnitComputing,
): Promise<NetworkSettings> {
  const { plan, queue, progress, finished } = run
  const { signal } = options
  const { network } = first
  const imagesLeft = () => imagesOf(queue.left(first))
  const before = imagesOf(finished.flatMap(({ item }) => (isInLane(item, first) ? item : [])))
  const images = before + first.images + imagesLeft()
  progress.note(`opening ${network.id}`)
  const handle = await open(network, first, first.images + imagesLeft(), options)
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
      const tell = itemTeller(run, current)
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
      stored = measureAndStore(plan, current, extracted, progress, classifiers).then(() => queue.finish(current))
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
