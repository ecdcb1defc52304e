import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { z } from 'zod'

/** A process that claims work, as others see it. */
export const ownerSchema = z.object({
  /** Different for every opening of claims. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  host: z.string(),
  /** One machine since it was started, and one space of process numbers on it: where both are equal, numbers can be looked up. */
  machine: z.string(),
  pid: z.number().int().positive(),
  /** When the process was started, as the system counts it: a number can be given again. */
  started: z.string(),
})
export type Owner = Readonly<z.infer<typeof ownerSchema>>

/** This process. */
export function thisOwner(): Owner {
  return {
    id: randomBytes(8).toString('hex'),
    host: hostname(),
    machine: thisMachine(),
    pid: process.pid,
    started: statOf(process.pid).start ?? '',
  }
}

/** Whether a process is gone for certain; undefined: it is on another machine, and cannot be asked for. */
export function isGone({ machine, pid, started }: Owner): boolean | undefined {
  if (machine !== thisMachine()) return undefined
  const { start } = statOf(pid)
  return isGoneHere(pid) || (start !== undefined && started !== '' && start !== started)
}

/** Whether no process of this machine has a number now. */
export function isGoneHere(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return true
  }
  // A process that has ended and that nobody has asked for yet still has its number.
  return ['Z', 'X'].includes(statOf(pid).state ?? '')
}

let machine: string | undefined

/** This machine since it was started, and this space of process numbers on it. */
export function thisMachine(): string {
  machine ??= [hostname(), textOf('/proc/sys/kernel/random/boot_id'), linkOf('/proc/self/ns/pid')].join(' ')
  return machine
}

/** Fields 3 and 22 of /proc/PID/stat, after the name in brackets, which may hold anything; undefined where there is none. */
function statOf(pid: number): { readonly state: string | undefined; readonly start: string | undefined } {
  const text = textOf(`/proc/${pid}/stat`)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0], start: fields[19] }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
