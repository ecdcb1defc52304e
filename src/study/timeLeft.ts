import { median } from '../support/stopwatch.js'
import { groupsOf, isInLane, type WorkItem } from './workItem.js'
import type { WorkQueue } from './workQueue.js'

/** An item that this process has finished, and the seconds from its start until the next one could start. */
export interface FinishedItem {
  readonly item: WorkItem
  readonly seconds: number
}

/** Seconds that this process still needs when an item starts; NaN where unknown. */
interface Expected {
  readonly current: number
  readonly later: number
}

/**
 * Estimates the seconds of the current item and of all later ones, including classifiers. If other processes compute
 * items too, only a share of the later items is left for this one:
 *
 *     later = share · Σ secondsOf(later item)
 *     share = items that this process finished / items that all processes finished
 */
export function expectedSeconds(
  current: WorkItem,
  finished: readonly FinishedItem[],
  queue: Pick<WorkQueue<WorkItem>, 'left' | 'byOthers'>,
): Expected {
  const share = finished.length === 0 ? 1 : finished.length / (finished.length + queue.byOthers.length)
  const later = groupsOf(queue.left()).map((group) => group.length * secondsOf(group[0], finished))
  return { current: secondsOf(current, finished), later: share * later.reduce((sum, seconds) => sum + seconds, 0) }
}

/** Seconds until all items are finished, `elapsed` seconds after the current one started; null if unknown. */
export function secondsLeft({ current, later }: Expected, elapsed: number): number | null {
  const left = Math.max(0, current - elapsed) + later
  return Number.isNaN(left) ? null : left
}

/**
 * Seconds of an item: its images times the median seconds per image of its group, or else of its lane. NaN if nothing
 * of its lane is finished, because the speed of another network would mislead. The first item, which also sets up the
 * computation, counts only until there is a second.
 */
function secondsOf(item: WorkItem, finished: readonly FinishedItem[]): number {
  const ofLane = finished.filter((one) => isInLane(one.item, item))
  const ofGroup = ofLane.filter((one) => one.item.group === item.group)
  const perImage = (ofGroup.length > 0 ? ofGroup : ofLane).map((one) => one.seconds / one.item.images)
  return item.images * median(perImage.length > 1 ? perImage.slice(1) : perImage)
}
