import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { isDead, type ProcessId, thisMachine } from './owner.js'

/**
 * Machine, process, random digits. Earlier versions used eight digits for the machine, and so count as another machine.
 */
const TEMPORARY_NAME = /^\.tmp-([0-9a-f]{8}|[0-9a-f]{16})-(\d+)-[0-9a-f]{8}-/

/** Milliseconds without a change after which `clearBeside` removes a temporary of another machine. */
const OLD_MILLISECONDS = 3_600_000

/**
 * A temporary name, in the same folder, for a file that is renamed to `path` once it is whole. It tells which process
 * writes it.
 */
export function temporaryName(path: string): string {
  // Shows people which file it becomes, but only its first letters: the whole name might exceed the file system's
  // limit.
  const name = [...path.slice(dirname(path).length).replace(/^[/\\]+/, '')].slice(0, 16).join('')
  return join(dirname(path), `.tmp-${thisMachine()}-${process.pid}-${randomBytes(4).toString('hex')}-${name}`)
}

/** True for the names that an interrupted atomic write can leave behind. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY_NAME.test(name)
}

/** The process that writes a temporary of this name; undefined for any other name. */
export function ownerOfTemporary(name: string): ProcessId | undefined {
  const [, machine, pid] = TEMPORARY_NAME.exec(name) ?? []
  return machine === undefined ? undefined : { machine, pid: Number(pid), started: '' }
}

/**
 * Makes a folder for this process in the system's folder of temporary files. The caller removes it. It also removes the
 * folders that killed processes of this machine left there.
 */
export async function makeTemporaryFolder(): Promise<string> {
  const folder = temporaryName(join(tmpdir(), 'shiftscope'))
  await mkdir(folder, { mode: 0o700 })
  // A living process may leave its folder unchanged for days, so a folder's age says nothing.
  await clearOnce(folder, Number.POSITIVE_INFINITY)
  return folder
}

/**
 * Removes the temporaries of dead processes from the folder of a temporary that was just made. A process does so once
 * for each folder, so it never sees a file of another machine twice, which `isDead` needs to judge it. Instead, it
 * removes other machines' files that are an hour older than the temporary, by the file server's clock. A machine that
 * is started again counts as another one, so nobody else would remove the files that this machine left when it lost
 * power.
 */
export function clearBeside(temporary: string): Promise<void> {
  return clearOnce(temporary, OLD_MILLISECONDS)
}

/** Folders that this process has cleared. */
const cleared = new Set<string>()

async function clearOnce(temporary: string, oldMilliseconds: number): Promise<void> {
  const folder = dirname(resolve(temporary))
  // Skips folders within a temporary, since a temporary is removed with all its contents.
  if (cleared.has(folder) || folder.split(sep).some(isTemporaryName)) return
  cleared.add(folder)
  const names = await readdir(folder).catch((): string[] => [])
  const oldest = (await timeOf(temporary)) - oldMilliseconds
  for (const name of names) if (isTemporaryName(name)) await removeIfDead(join(folder, name), oldest)
}

/** Removes the temporaries of dead processes, as `isDead` tells them, in the folder and below it. */
export async function removeDeadTemporaries(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (isTemporaryName(entry.name)) await removeIfDead(path, Number.NEGATIVE_INFINITY)
    else if (entry.isDirectory()) await removeDeadTemporaries(path)
  }
}

/**
 * @param oldest removes a temporary of another machine that has not changed since then; milliseconds of the file
 * server's clock
 */
async function removeIfDead(path: string, oldest: number): Promise<void> {
  const owner = ownerOfTemporary(basename(path))
  const changed = await lastChange(path)
  const isOld = owner?.machine !== thisMachine() && changed <= oldest
  if (isOld || isDead(owner, path, String(changed))) await discard(path)
}

/**
 * Removes the temporary of a dead process. If that is impossible, as with another user's file, the file does no harm.
 */
async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined)
}

/** The date of the last change in a file or folder. A folder's own date does not change while a file in it grows. */
async function lastChange(path: string): Promise<number> {
  const inside = await readdir(path, { recursive: true }).catch((): string[] => [])
  const times = await Promise.all([path, ...inside.map((name) => join(path, name))].map(timeOf))
  return Math.max(...times)
}

/** When a file was last changed, in milliseconds; NaN if there is no such file. */
function timeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.NaN,
  )
}
