import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlannedUnit } from '../engine/plan.js'
import type { Network } from '../networks/index.js'
import { fileName } from '../results/fileName.js'
import { findUnit, unitFolder } from '../results/unit/store.js'
import { type Study, unitInputs } from './plan.js'
import type { Team } from './team.js'

/** The units that are left of a study, which any number of processes take from. */
export interface UnitQueue {
  /** Units of a network, or of all, that are not finished as far as is known, those in hand here left out. */
  left(network?: Network): readonly PlannedUnit[]
  /** Takes a unit of a network that nobody has; undefined: there is none now. */
  take(network: Network): Promise<PlannedUnit | undefined>
  /** Gives a unit free that stands in the results now. */
  finish(unit: PlannedUnit): Promise<void>
  /** Looks which units others have finished. */
  refresh(): Promise<void>
  /** Units that others finished since the queue was opened. */
  readonly byOthers: number
}

/** Name of a unit's claim. */
export function unitClaim(unit: PlannedUnit): string {
  return fileName(unitTitle(unit))
}

/** How a unit is called where processes tell what they are at. */
export function unitTitle({ network, patch }: PlannedUnit): string {
  return `${network.id} ${patch.size} ${patch.name}`
}

export function openUnitQueue(study: Study, { claims, look }: Pick<Team, 'claims' | 'look'>): UnitQueue {
  const open = new Set(study.left)
  let byOthers = 0
  const ofNetwork = (network?: Network) => [...open].filter((unit) => network === undefined || unit.network === network)
  const isThere = (unit: PlannedUnit) =>
    stat(join(unitFolder(study.out, unitInputs(study, unit)), 'unit.json')).then(
      () => true,
      () => false,
    )
  /** Whether somebody else has finished it; a unit that was made otherwise stands there, and is not finished. */
  const isFinished = async (unit: PlannedUnit): Promise<boolean> => {
    if (!(await isThere(unit))) return false
    const { state } = await findUnit(study.out, unitInputs(study, unit))
    if (state === 'finished' && open.delete(unit)) byOthers++
    return state === 'finished'
  }
  return {
    left: ofNetwork,
    get byOthers() {
      return byOthers
    },
    take: async (network) => {
      const held = await look()
      const busy = new Set(held.map(({ name }) => name))
      const hasOthers = held.some(({ owner }) => owner.id !== claims.owner.id)
      for (const unit of inTurn(ofNetwork(network), hasOthers)) {
        const name = unitClaim(unit)
        if (busy.has(name) || (await isFinished(unit)) || !(await claims.take(name))) continue
        // Its owner may have finished it before giving it free.
        if (await isFinished(unit)) {
          await claims.release(name)
          continue
        }
        open.delete(unit)
        return unit
      }
      return undefined
    },
    finish: (unit) => claims.release(unitClaim(unit)),
    refresh: async () => {
      for (const unit of ofNetwork()) await isFinished(unit)
    },
  }
}

/** In their order, or where others take from them too from a place of one's own on, so that not all try the same. */
function inTurn<T>(units: readonly T[], hasOthers: boolean): readonly T[] {
  const start = hasOthers ? Math.floor(Math.random() * units.length) : 0
  return [...units.slice(start), ...units.slice(0, start)]
}
