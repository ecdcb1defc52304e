import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve, sep } from 'node:path'
import { isGoneHere, thisMachine } from './owner.js'

/** Machine, process, chance: so that it can be told later whether anybody is still writing. */
const TEMPORARY_NAME = /^\.tmp-([0-9a-f]{8})-(\d+)-[0-9a-f]{8}-/

/** Stands for this machine, and for its space of process numbers, which containers have of their own. */
export const HOST = createHash('sha256').update(thisMachine()).digest('hex').slice(0, 8)

/** A temporary of another machine's process, which cannot be asked for, is the dead's after an hour without a change. */
const SILENT_MILLISECONDS = 3_600_000

/** A name in the same folder for what will take the name `path` once it is whole; it tells who is writing there. */
export function temporaryName(path: string): string {
  // Only a part of the name, for people who look: a whole one could grow beyond what file systems take.
  const name = [...path.slice(dirname(path).length).replace(/^[/\\]+/, '')].slice(0, 16).join('')
  return join(dirname(path), `.tmp-${HOST}-${process.pid}-${randomBytes(4).toString('hex')}-${name}`)
}

/** True for the names that an interrupted atomic write can leave behind. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY_NAME.test(name)
}

/** Whether a name is that of a temporary of this machine, whose process can be asked for. */
export function isOfThisMachine(name: string): boolean {
  return TEMPORARY_NAME.exec(name)?.[1] === HOST
}

/** Whether an interrupted atomic write of a process of this machine that has ended left this name behind. */
export function isAbandonedName(name: string): boolean {
  return isOfThisMachine(name) && isGoneHere(Number(TEMPORARY_NAME.exec(name)?.[2]))
}

/**
 * Makes a folder of this process's own where the system keeps temporary files, which its maker removes. What killed processes
 * of this machine left there is cleared.
 */
export async function makeTemporaryFolder(): Promise<string> {
  const folder = temporaryName(join(tmpdir(), 'shiftscope'))
  await mkdir(folder, { mode: 0o700 })
  await clearOnce(folder, () => false)
  return folder
}

/**
 * Removes what dead processes left in the folder of a temporary that was just made: with the first one that this process makes
 * there, so that every folder is read once by each process that writes into it.
 */
export function clearBeside(temporary: string): Promise<void> {
  return clearOnce(temporary, async (_, time) => (await timeOf(temporary)) - time >= SILENT_MILLISECONDS)
}

/** Folders in which this process has looked. */
const cleared = new Set<string>()

async function clearOnce(temporary: string, isAbandoned: IsAbandoned): Promise<void> {
  const folder = dirname(resolve(temporary))
  // What lies in a temporary goes with it.
  if (cleared.has(folder) || folder.split(sep).some(isTemporaryName)) return
  cleared.add(folder)
  for (const name of await readdir(folder).catch((): string[] => []))
    if (isTemporaryName(name)) await removeIfDead(join(folder, name), name, isAbandoned)
}

/** Whether what another machine wrote last at this time, in milliseconds of the file server's, was left by the dead. */
type IsAbandoned = (path: string, time: number) => boolean | Promise<boolean>

/**
 * Removes what killed processes of this machine left of atomic writes, in the folder and below it. What other machines
 * or living processes are writing there stays.
 *
 * @param isAbandoned whether what another machine wrote was left by the dead; by default nothing is
 */
export async function removeStaleTemporaries(folder: string, isAbandoned: IsAbandoned = () => false): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (isTemporaryName(entry.name)) await removeIfDead(path, entry.name, isAbandoned)
    else if (entry.isDirectory()) await removeStaleTemporaries(path, isAbandoned)
  }
}

async function removeIfDead(path: string, name: string, isAbandoned: IsAbandoned): Promise<void> {
  const isDead = isOfThisMachine(name) ? isAbandonedName(name) : await isOlder(path, isAbandoned)
  // What may not be removed, such as another user's, is in nobody's way.
  if (isDead) await rm(path, { recursive: true, force: true }).catch(() => undefined)
}

async function isOlder(path: string, isAbandoned: IsAbandoned): Promise<boolean> {
  const inside = await readdir(path, { recursive: true }).catch((): string[] => [])
  // A folder's own time does not change while a file in it grows.
  const times = await Promise.all([path, ...inside.map((name) => join(path, name))].map(timeOf))
  return isAbandoned(path, Math.max(...times))
}

function timeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
