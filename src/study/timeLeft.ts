import { median } from '../support/stopwatch.js'
import { unitGroups } from './plan.js'
import type { UnitQueue } from './unitQueue.js'
import { imagesOf, type PlannedUnit } from './units.js'

/** A unit that this process has finished, and the seconds from its start until the next unit could start. */
export interface FinishedUnit {
  readonly unit: PlannedUnit
  readonly seconds: number
}

/** Seconds that this process still needs when a unit starts; NaN where unknown. */
interface Expected {
  readonly current: number
  readonly later: number
}

/**
 * Estimates the seconds of the current unit and of all later ones, including their classifiers. If other processes
 * compute units too, only a share of the later units is left for this one:
 *
 *     later = share · Σ secondsOf(later unit)
 *     share = units that this process finished / units that all processes finished
 */
export function expectedSeconds(
  current: PlannedUnit,
  finished: readonly FinishedUnit[],
  queue: Pick<UnitQueue, 'left' | 'byOthers'>,
): Expected {
  const share = finished.length === 0 ? 1 : finished.length / (finished.length + queue.byOthers)
  const later = unitGroups(queue.left()).map((group) => group.length * secondsOf(group[0], finished))
  return { current: secondsOf(current, finished), later: share * later.reduce((sum, seconds) => sum + seconds, 0) }
}

/** Seconds until all units are finished, `elapsed` seconds after the current one started; null if unknown. */
export function secondsLeft({ current, later }: Expected, elapsed: number): number | null {
  const left = Math.max(0, current - elapsed) + later
  return Number.isNaN(left) ? null : left
}

/**
 * Seconds of a unit: its images times the median seconds per image of its network with patches of its size, or else of
 * any size. NaN if the network has not finished a unit, because the speed of another network would mislead. The first
 * unit, which also sets up the computation, counts only until there is a second.
 */
function secondsOf(unit: PlannedUnit, finished: readonly FinishedUnit[]): number {
  const ofNetwork = finished.filter((one) => one.unit.network === unit.network)
  const ofSize = ofNetwork.filter((one) => one.unit.patch.size === unit.patch.size)
  const perImage = (ofSize.length > 0 ? ofSize : ofNetwork).map((one) => one.seconds / imagesOf(one.unit))
  return imagesOf(unit) * median(perImage.length > 1 ? perImage.slice(1) : perImage)
}
