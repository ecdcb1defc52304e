import { randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { z } from 'zod'
import { systemText } from '../support/machine.js'
import { sha256 } from './sha256.js'

/** A process that owns locks or temporary files, as other processes see it. */
export const ownerSchema = z.object({
  /** Random id, which differs for each call of `thisOwner`. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  host: z.string(),
  /** Id of the process's machine (see `thisMachine`). A system can look up only the processes of its own machine. */
  machine: z.string(),
  pid: z.number().int().positive(),
  /**
   * Start time of the process in the system's own units; empty if unknown, as on systems without /proc. It
   * distinguishes the process from a later process with the same PID.
   */
  started: z.string(),
})
export type Owner = Readonly<z.infer<typeof ownerSchema>>

export type ProcessId = Pick<Owner, 'machine' | 'pid' | 'started'>

const LEASE_SECONDS = 120
const MOST_LEASE_SECONDS = 86_400

/**
 * The lease in seconds: how long a process that the system cannot look up may be silent before it counts as dead. The
 * environment variable `SHIFTSCOPE_LEASE` sets it, for file servers that are slow to show what others write.
 */
export function leaseSeconds(): number {
  const seconds = Number(process.env.SHIFTSCOPE_LEASE)
  return seconds >= 1 ? Math.min(seconds, MOST_LEASE_SECONDS) : LEASE_SECONDS
}

export function thisOwner(): Owner {
  return {
    id: randomBytes(8).toString('hex'),
    host: hostname(),
    machine: thisMachine(),
    pid: process.pid,
    started: statOf(process.pid).start ?? '',
  }
}

export function processName({ pid, host }: Owner): string {
  return `process ${pid} on ${host}`
}

/** What the system knows about a process. Of a process of another machine, it knows nothing. */
type Life = 'running' | 'ended' | 'unknown'

/**
 * `unknown` also stands for a running process whose start time the system does not show, as without /proc. A later
 * process may have been given the same PID.
 */
export function lifeOf({ machine, pid, started }: ProcessId): Life {
  if (machine !== thisMachine()) return 'unknown'
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return 'ended'
  }
  const { state = '', start = '' } = statOf(pid)
  // A process that has ended keeps its PID (state Z) until its parent has waited for it.
  if (['Z', 'X'].includes(state)) return 'ended'
  if (started === '' || start === '') return 'unknown'
  return start === started ? 'running' : 'ended'
}

/** For each path: the version of the file that this process saw last, and when it first saw that version. */
const looks = new Map<string, { readonly version: string; readonly since: number }>()

/**
 * Whether the owner of a file is dead. For processes of this machine, the system usually knows. All other owners count
 * as dead if this process has seen no change of the file for `leaseSeconds()`. This time is measured with this
 * process's monotonic clock, because dates of files and clocks of other machines may be wrong.
 * @param owner undefined if unknown
 * @param version a text that changes whenever the file changes
 */
export function isDead(owner: ProcessId | undefined, path: string, version: string): boolean {
  const life = owner === undefined ? 'unknown' : lifeOf(owner)
  if (life !== 'unknown') return life === 'ended'
  const look = looks.get(path)
  if (look?.version === version) return performance.now() - look.since >= leaseSeconds() * 1000
  looks.set(path, { version, since: performance.now() })
  return false
}

let machine: string | undefined

/**
 * Id that stands for this machine, its last start, and this container, which has its own PIDs. A PID means the same
 * process only where all three are equal.
 */
export function thisMachine(): string {
  machine ??= sha256(hostname(), systemText('/proc/sys/kernel/random/boot_id'), pidNamespace()).slice(0, 16)
  return machine
}

/**
 * The state and the start time of a process: fields 3 and 22 of /proc/PID/stat. Field 2, a name in brackets, may itself
 * contain blanks and brackets.
 */
function statOf(pid: number): { readonly state: string | undefined; readonly start: string | undefined } {
  const text = systemText(`/proc/${pid}/stat`)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0], start: fields[19] }
}

/** Name of the system's set of PIDs to which this process belongs; empty if unknown. */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}
