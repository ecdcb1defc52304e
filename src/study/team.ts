import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { throwIfStopped } from '../errors.js'
import { type Claims, type HeldClaim, openClaims } from '../files/claims.js'
import type { Progress } from '../progress.js'

/** Where processes that work on one results folder meet. */
export function claimsFolder(out: string): string {
  return join(out, '.claims')
}

/** What a process tells the others with its heartbeats. */
export interface WorkerState {
  /** What it is at; null: it waits, or opens a network. */
  readonly unit: string | null
  /** When it began that, ISO 8601. */
  readonly since: string
  /** Images that it has computed, and the seconds that it took. */
  readonly images: number
  readonly seconds: number
}

/** This process among those that work on one results folder. */
export interface Team {
  readonly claims: Claims
  /** Whether others have been at work in the folder since this process began. */
  readonly hadOthers: boolean
  /** Looks what is in hand, here and with others, and says so when these have changed. */
  look(): Promise<readonly HeldClaim[]>
  /** Does something that one process at a time may do, after the others. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Waits a while, longer each time, for others. */
  pause(attempt: number): Promise<void>
  close(): Promise<void>
}

/** Seconds between two looks at what others do: at first, and at last. */
const SHORTEST_PAUSE = 0.2
const LONGEST_PAUSE = 10

export async function openTeam(out: string, progress: Progress, signal: AbortSignal | undefined): Promise<Team> {
  const claims = await openClaims(claimsFolder(out))
  let hadOthers = false
  let known = ''
  const pause = async (attempt: number) => {
    const seconds = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 1.5 ** attempt)
    await setTimeout(seconds * 1000, undefined, signal && { signal }).catch(() => throwIfStopped(signal))
  }
  const look = async () => {
    const held = (await claims.held()).filter(({ isLive }) => isLive)
    const others = new Map(
      held
        .filter(({ owner }) => owner.id !== claims.owner.id)
        .map(({ owner }) => [owner.id, `process ${owner.pid} on ${owner.host}`]),
    )
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
    claims,
    get hadOthers() {
      return hadOthers
    },
    look,
    pause,
    alone: async (name, work) => {
      for (let attempt = 0; !(await claims.take(name)); attempt++) {
        hadOthers = true
        await pause(attempt)
      }
      try {
        return await work()
      } finally {
        await claims.release(name)
      }
    },
    close: () => claims.close(),
  }
}

/** So many others are named. */
const MOST_NAMED = 4
