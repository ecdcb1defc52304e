import { secondsSince } from '../../support/stopwatch.js'
import type { WorkerState } from './peers.js'
import type { StudyRun } from './studyPlan.js'
import { expectedSeconds, type FinishedItem, secondsLeft } from './timeLeft.js'
import { imagesOf, isInLane, type WorkItem } from './workItem.js'

/**
 * Begins an item. The returned function takes the number of images that were finished since `begin`. It shows other
 * processes what this one computes, and returns the seconds until all items are finished; null if unknown, as before
 * arithmetic.
 * @param begin value of `performance.now()` when the work on this item began
 */
export function itemTeller<T extends WorkItem>(
  run: StudyRun<T>,
  current: T,
  begin = performance.now(),
): (images: number) => number | null {
  const { peers, queue, finished, costs } = run
  const since = new Date().toISOString()
  const before = imagesOf(finished.map(({ item }) => item))
  const expect = (known: readonly FinishedItem[]) =>
    expectedSeconds(current, known, queue, (network) => costs.get(network) ?? Number.NaN)
  const expected = expect(finished)
  const isFirst = !finished.some(({ item }) => isInLane(item, current))
  return (images) => {
    const seconds = secondsSince(begin)
    // The first item of a lane tells its speed while it is computed.
    const started = { item: { ...current, images }, seconds }
    const left = secondsLeft(isFirst && images > 0 ? expect([...finished, started]) : expected, seconds)
    const state: WorkerState = {
      unit: current.title,
      since,
      images: before + images,
      seconds: secondsSince(run.begin),
      secondsLeft: left,
    }
    peers.locks.describe(state, images === 0)
    return left
  }
}
