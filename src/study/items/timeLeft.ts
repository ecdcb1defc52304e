import type { Network } from '../../network.js'
import { median } from '../../support/stopwatch.js'
import { groupsOf, imagesOf, isInLane, type WorkItem } from './workItem.js'
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
 *
 * @param costOf predicted seconds per image of a network, of which only the ratio counts
 */
export function expectedSeconds(
  current: WorkItem,
  finished: readonly FinishedItem[],
  queue: Pick<WorkQueue<WorkItem>, 'left' | 'byOthers'>,
  costOf: (network: Network) => number,
): Expected {
  const share = finished.length === 0 ? 1 : finished.length / (finished.length + queue.byOthers.length)
  const later = groupsOf(queue.left()).map((group) =>
    secondsOf({ ...group[0], images: imagesOf(group) }, finished, costOf),
  )
  return {
    current: secondsOf(current, finished, costOf),
    later: share * later.reduce((sum, seconds) => sum + seconds, 0),
  }
}

/** Seconds until all items are finished, `elapsed` seconds after the current one started; null if unknown. */
export function secondsLeft({ current, later }: Expected, elapsed: number): number | null {
  const left = Math.max(0, current - elapsed) + later
  return Number.isNaN(left) ? null : left
}

/**
 * Seconds of an item: its images times the median seconds per image of its group, or else of its lane. The first item,
 * which also sets up the computation, counts only until there is a second. If nothing of its lane is finished, the speed
 * of other networks is scaled by the predicted cost of an image. NaN if nothing of its kind is finished.
 */
function secondsOf(item: WorkItem, finished: readonly FinishedItem[], costOf: (network: Network) => number): number {
  const ofLane = finished.filter((one) => isInLane(one.item, item))
  const ofGroup = ofLane.filter((one) => one.item.group === item.group)
  if (ofLane.length > 0) return item.images * usual((ofGroup.length > 0 ? ofGroup : ofLane).map(perImage))
  const ofKind = finished.filter((one) => one.item.kind === item.kind)
  return item.images * costOf(item.network) * usual(ofKind.map((one) => perImage(one) / costOf(one.item.network)))
}

function perImage({ item, seconds }: FinishedItem): number {
  return seconds / item.images
}

function usual(numbers: readonly number[]): number {
  return median(numbers.length > 1 ? numbers.slice(1) : numbers)
}
