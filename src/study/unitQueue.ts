import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Network } from '../networks/index.js'
import { fileName } from '../results/fileName.js'
import { isUnitThere, unitFolder, unitVersion } from '../results/unit/store.js'
import type { Study } from './plan.js'
import type { Team } from './team.js'
import type { PlannedUnit } from './units.js'

/** The remaining units of a study. Any number of processes can take units from it. */
export interface UnitQueue {
  /** Units of one network, or of all networks, that this process has not taken and that may still be unfinished. */
  left(network?: Network): readonly PlannedUnit[]
  /** Takes one of the network's units that no other process is computing; undefined if there is none now. */
  take(network: Network): Promise<PlannedUnit | undefined>
  /** Releases a taken unit after it has been stored. */
  finish(unit: PlannedUnit): Promise<void>
  /** Number of units that other processes finished since the queue was opened. */
  readonly byOthers: number
}

/** Shortest time between two readings of the units' folders, which show what other processes finished. */
const SECONDS_BETWEEN_READINGS = 10

/** Name of a unit in messages. The unit's lock has the same name, turned into a file name. */
export function unitTitle(model: string, size: number, patch: string): string {
  return `${model} ${size} ${patch}`
}

/** Name of the lock of a network's arithmetic. */
export function arithmeticLock(model: string): string {
  return fileName(`arithmetic ${model}`)
}

export function titleOf({ network, patch }: PlannedUnit): string {
  return unitTitle(network.id, patch.size, patch.name)
}

function lockOf(unit: PlannedUnit): string {
  return fileName(titleOf(unit))
}

/**
 * Opens the queue of a study. To take a unit, the queue lists the lock folder twice, makes one hard link and reads one
 * or two small files, however many units and processes there are. From time to time, the queue also lists the units'
 * folders, to see which units other processes finished.
 */
export function openUnitQueue(study: Study, { locks, look }: Pick<Team, 'locks' | 'look'>): UnitQueue {
  const open = new Set(study.left)
  let byOthers = 0
  let lastReading = Number.NEGATIVE_INFINITY
  const ofNetwork = (network?: Network) => [...open].filter((unit) => network === undefined || unit.network === network)
  const finishIfThere = async (unit: PlannedUnit): Promise<boolean> => {
    const unwanted = study.unwanted.get(unit)
    if (unwanted !== undefined && (await unitVersion(study.out, unit.inputs)) === unwanted) return false
    const isThere = await isUnitThere(study.out, unit.inputs)
    if (isThere && open.delete(unit)) byOthers++
    return isThere
  }
  const refresh = async (network?: Network): Promise<void> => {
    const folders = new Map<string, ReadonlySet<string>>()
    for (const unit of ofNetwork(network)) {
      const folder = unitFolder(study.out, unit.inputs)
      const group = dirname(folder)
      const names = folders.get(group) ?? new Set(await readdir(group).catch((): string[] => []))
      folders.set(group, names)
      if (names.has(basename(folder))) await finishIfThere(unit)
    }
    lastReading = performance.now()
  }
  const takeFirst = async (units: readonly PlannedUnit[]): Promise<PlannedUnit | undefined> => {
    for (const unit of units) {
      const name = lockOf(unit)
      if (!(await locks.take(name))) continue
      // Another process may have finished the unit and then released its lock.
      if (!(await finishIfThere(unit))) {
        open.delete(unit)
        return unit
      }
      await locks.release(name)
    }
    return undefined
  }
  return {
    left: ofNetwork,
    get byOthers() {
      return byOthers
    },
    take: async (network) => {
      const taken = await locks.names()
      const hasOthers = taken.size > 0
      if (hasOthers && performance.now() - lastReading > SECONDS_BETWEEN_READINGS * 1000) {
        await look()
        await refresh(network)
      }
      const units = inTurn(ofNetwork(network), hasOthers)
      const isTaken = (unit: PlannedUnit) => taken.has(lockOf(unit))
      const unit = await takeFirst(units.filter((one) => !isTaken(one)))
      if (unit !== undefined || !units.some(isTaken)) return unit
      // All remaining units are locked. If a process has died, its lock can be taken over.
      const live = new Set((await look()).map(({ name }) => name))
      await refresh(network)
      return takeFirst(units.filter((one) => isTaken(one) && open.has(one) && !live.has(lockOf(one))))
    },
    finish: (unit) => locks.release(lockOf(unit)),
  }
}

/**
 * Returns the list of units. If other processes take units too, the list is rotated to start at a random unit, so that
 * the processes do not all try the same unit.
 */
function inTurn<T>(units: readonly T[], hasOthers: boolean): readonly T[] {
  const start = hasOthers ? Math.floor(Math.random() * units.length) : 0
  return [...units.slice(start), ...units.slice(0, start)]
}
