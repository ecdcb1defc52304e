import { z } from 'zod'
import { type HeldLock, type Locks, openLocks } from '../../files/lock.js'
import { processName } from '../../files/owner.js'
import type { Progress } from '../../progress.js'

/** State that a process writes into its lock files, for other processes and for `studyStatus`. */
export const workerStateSchema = z.object({
  /** Title of the unit that the process began last, even if the unit is finished. */
  unit: z.string(),
  /** Time at which the process began this unit, as ISO 8601. */
  since: z.iso.datetime(),
  /** Number of images that the process has computed, and the seconds since its work began. */
  images: z.number(),
  seconds: z.number(),
  /** Seconds until the study is finished; null if unknown. */
  secondsLeft: z.number().nullable(),
})
export type WorkerState = z.infer<typeof workerStateSchema>

/** Coordinates this process with others that work on the same results folder. */
export interface Peers {
  readonly locks: Locks
  /** Whether other processes have worked in the folder since this process began. */
  readonly hadOthers: boolean
  /** Reads the locks that are held, and tells the user if other processes have joined or left. */
  look(): Promise<readonly HeldLock[]>
  /** Waits until no other process holds the lock `name`, then runs the work while this process holds it. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>
}

export function openPeers(out: string, progress: Progress, signal: AbortSignal | undefined): Peers {
  const locks = openLocks(out)
  let hadOthers = false
  let known = ''
  const look = async () => {
    const held = await locks.held()
    const owners = held.map(({ owner }) => owner).filter(({ id }) => id !== locks.owner.id)
    const others = new Map(owners.map((owner) => [owner.id, processName(owner)]))
    const text = [...others.values()].sort().join(', ')
    if (others.size > 0) hadOthers = true
    if (text === known) return held
    known = text
    if (others.size === 0) progress.note('no other process works on this study any more')
    else if (others.size <= MOST_NAMED) progress.note(`sharing this study with ${text}`)
    else progress.note(`sharing this study with ${others.size} other processes`)
    return held
  }
  return {
    locks,
    get hadOthers() {
      return hadOthers
    },
    look,
    alone: async (name, work) => {
      const hasWaited = await locks.takeInTurn(name, { signal })
      hadOthers ||= hasWaited
      try {
        return await work()
      } finally {
        await locks.release(name)
      }
    },
  }
}

/** Largest number of processes that a note lists by name. If there are more, the note has only their number. */
const MOST_NAMED = 4
