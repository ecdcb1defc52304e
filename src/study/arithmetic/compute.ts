import type { DeviceRequest } from '../../engine/devices/device.js'
import { addCounts, arithmeticAccuracy, trialImages } from '../../experiments/arithmetic/accuracy.js'
import type { ArithmeticModels } from '../../experiments/arithmetic/models.js'
import { writeFolderAtomic } from '../../files/atomic.js'
import { rm } from '../../files/retried.js'
import type { Progress } from '../../progress.js'
import { type AccuracyDocument, writeAccuracy } from '../../results/arithmetic/document.js'
import { secondsOf, secondsSince } from '../../support/stopwatch.js'
import type { StudyRun } from '../items/studyPlan.js'
import type { WorkItem } from '../items/workItem.js'
import { computeExpression } from './computedExpression.js'
import { openWithGenerators } from './generators.js'
import { type ArithmeticItem, isFinished, type MissingArithmetic, partialPath } from './item.js'

/** Number of random expressions in a benchmark. */
const TIMED_TRIALS = 4

/** Measures the seconds per image of an item's work with a few of its random expressions, after a warm-up. */
export async function arithmeticImageSeconds(
  { models, accuracy: { trials, drawing } }: MissingArithmetic,
  request: DeviceRequest,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<number> {
  const timed = trials.slice(0, TIMED_TRIALS)
  const images = timed.reduce((sum, trial) => sum + trialImages(trial), 0)
  const opened = await openWithGenerators(models, images, request, progress, signal)
  const count = (some: typeof timed) => arithmeticAccuracy(opened, some, drawing.draw, { signal })
  try {
    await count(timed.slice(0, 1))
    return (await secondsOf(() => count(timed))) / images
  } finally {
    await opened.close()
  }
}

/**
 * Computes what is still missing. Stores each scene when it is complete, and the counts of the random expressions every
 * few seconds.
 * @returns the number of computed images
 */
export async function computeArithmetic(
  item: ArithmeticItem,
  request: DeviceRequest,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { missing, images: total } = await item.again()
  if (isFinished(missing)) return 0
  const models = await openWithGenerators(missing.models, total, request, progress, signal)
  progress.start(`${models.network.id} arithmetic`, total)
  try {
    let done = 0
    for (const { folder, drawn } of missing.scenes) {
      await writeFolderAtomic(folder, async (temporary) => {
        await computeExpression(models, drawn, 'zero', temporary, signal)
      })
      done += drawn.operands.length + 2
      progress.update(done)
    }
    await computeAccuracy(models, missing.accuracy, (images) => progress.update(done + images), signal)
    return total
  } finally {
    progress.stop()
    await models.close()
  }
}

/** Computes the arithmetic of a network in a study. run.json has no settings of it. */
export async function runArithmetic<T extends WorkItem>(run: StudyRun<T>, item: ArithmeticItem): Promise<undefined> {
  const { queue, options, progress, finished } = run
  const begin = performance.now()
  try {
    const images = await computeArithmetic(item, options.request, progress, options.signal)
    finished.push({ item: { ...item, images }, seconds: secondsSince(begin) })
  } finally {
    await queue.finish(item)
  }
}

/** Seconds between two writes of the counts. A process that dies loses only the counts since the last write. */
const SECONDS_BETWEEN_STORES = 5

async function computeAccuracy(
  models: ArithmeticModels,
  { path, inputs, trials, drawing, before }: MissingArithmetic['accuracy'],
  onImages: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (before === null) return
  const left = trials.slice(before.done)
  let latest: AccuracyDocument = { inputs, ...before }
  let stored = performance.now()
  try {
    await arithmeticAccuracy(models, left, drawing.draw, {
      signal,
      onTrials: async (done, counts) => {
        onImages(left.slice(0, done).reduce((sum, trial) => sum + trialImages(trial), 0))
        latest = { inputs, done: before.done + done, counts: addCounts(before.counts, counts) }
        if (performance.now() - stored < SECONDS_BETWEEN_STORES * 1000) return
        stored = performance.now()
        await writeAccuracy(partialPath(path), latest)
      },
    })
  } catch (error) {
    if (signal?.aborted) await writeAccuracy(partialPath(path), latest)
    throw error
  }
  await writeAccuracy(path, latest)
  await rm(partialPath(path), { force: true })
}
