import type { Network } from '../networks/index.js'
import { median } from '../support/stopwatch.js'
import { unitGroups } from './plan.js'
import type { UnitQueue } from './unitQueue.js'
import { imagesOf, type PlannedUnit } from './units.js'

/** Tells the time left of a study's units, including their classifiers, from the times of finished units. */
export interface TimeLeft {
  /** Records the seconds from the start of a unit until the next unit could start. */
  took(unit: PlannedUnit, seconds: number): void
  /**
   * Called when a unit starts. The returned function takes the seconds since then, and returns the seconds until all
   * units are finished. It returns null if arithmetic follows, or while the network of some unit has finished none.
   */
  during(unit: PlannedUnit): (seconds: number) => number | null
}

/** Time of one finished unit. Units of one network and size have equally many images. */
interface Measured {
  readonly network: Network
  readonly size: number
  readonly secondsPerImage: number
}

export function studyTimeLeft(queue: Pick<UnitQueue, 'left' | 'byOthers'>, hasArithmetic: boolean): TimeLeft {
  const table: Measured[] = []
  return {
    took(unit, seconds) {
      table.push({ network: unit.network, size: unit.patch.size, secondsPerImage: seconds / imagesOf(unit) })
    },
    during(unit) {
      const ofUnit = unitSeconds(table, unit)
      // If other processes compute units too, only a share of the remaining units is left for this one.
      const share = table.length === 0 ? 1 : table.length / (table.length + queue.byOthers)
      const ofLater = unitGroups(queue.left()).map((group) => group.length * unitSeconds(table, group[0]))
      const later = share * ofLater.reduce((sum, seconds) => sum + seconds, 0)
      return (seconds) => {
        const left = Math.max(0, ofUnit - seconds) + later
        return hasArithmetic || Number.isNaN(left) ? null : left
      }
    },
  }
}

/**
 * Seconds of a unit at the speed of its network with patches of its size, or else of any size. NaN if the network has
 * not finished a unit, because the speed of another network would mislead. The first unit, which also sets up the
 * computation, counts only until there is a second.
 */
function unitSeconds(table: readonly Measured[], unit: PlannedUnit): number {
  const ofNetwork = table.filter(({ network }) => network === unit.network)
  const ofSize = ofNetwork.filter(({ size }) => size === unit.patch.size)
  const alike = (ofSize.length > 0 ? ofSize : ofNetwork).map(({ secondsPerImage }) => secondsPerImage)
  return median(alike.length > 1 ? alike.slice(1) : alike) * imagesOf(unit)
}
