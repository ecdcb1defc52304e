import { randomBytes } from 'node:crypto'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { isDead, lifeOf, type ProcessId, thisMachine } from './owner.js'
import { rm } from './retried.js'

/** Matches temporary names, which hold the machine's id, the PID and random digits. */
const TEMPORARY_NAME = /^\.tmp-([0-9a-f]{16})-(\d+)-[0-9a-f]{8}-/

/** A temporary file of another machine is removed by `clearBeside` if it has not changed for this many milliseconds. */
const OLD_MILLISECONDS = 3_600_000

/**
 * Makes a temporary name in the folder of `path`. It contains the machine and the PID of this process, which writes the
 * file.
 */
export function temporaryName(path: string): string {
  // The first letters tell people what the file will become. The whole name might be too long for the file system.
  const name = [...path.slice(dirname(path).length).replace(/^[/\\]+/, '')].slice(0, 16).join('')
  return join(dirname(path), `.tmp-${thisMachine()}-${process.pid}-${randomBytes(4).toString('hex')}-${name}`)
}

export function isTemporaryName(name: string): boolean {
  return TEMPORARY_NAME.test(name)
}

export function ownerOfTemporary(name: string): ProcessId | undefined {
  const [, machine, pid] = TEMPORARY_NAME.exec(name) ?? []
  return machine === undefined ? undefined : { machine, pid: Number(pid), started: '' }
}

/**
 * Makes a folder in the system's temporary folder; the caller removes it. This function also removes such
 * folders that killed processes of this machine left behind.
 */
export async function makeTemporaryFolder(): Promise<string> {
  const folder = temporaryName(join(tmpdir(), 'shiftscope'))
  await mkdir(folder, { mode: 0o700 })
  // No folder is removed because of its age: a living process may leave its folder unchanged for days.
  await clearOnce(folder, Number.POSITIVE_INFINITY)
  return folder
}

/**
 * Removes temporary files that dead processes left next to `temporary`, which was just made. `isDead` must look at
 * another machine's file twice to judge it, but this function runs only once per folder and process. So another
 * machine's file is removed if it is an hour older than `temporary`, by the file server's clock. After a restart, a
 * machine counts as another one, so files that it left in a power failure are removed, too.
 */
export function clearBeside(temporary: string): Promise<void> {
  return clearOnce(temporary, OLD_MILLISECONDS)
}

const cleared = new Set<string>()

async function clearOnce(temporary: string, oldMilliseconds: number): Promise<void> {
  const folder = dirname(resolve(temporary))
  // Skips a folder inside a temporary folder, because the temporary folder is removed with all its contents.
  if (cleared.has(folder) || folder.split(sep).some(isTemporaryName)) return
  cleared.add(folder)
  const names = await readdir(folder).catch((): string[] => [])
  const oldest = (await timeOf(temporary)) - oldMilliseconds
  for (const name of names) if (isTemporaryName(name)) await removeIfDead(join(folder, name), oldest)
}

/** Removes the temporary files of dead processes (see `isDead`) in a folder and below it. */
export async function removeDeadTemporaries(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (isTemporaryName(entry.name)) await removeIfDead(path, Number.NEGATIVE_INFINITY)
    else if (entry.isDirectory()) await removeDeadTemporaries(path)
  }
}

/**
 * @param oldest time in milliseconds of the file server's clock; another machine's file is also removed if it has not
 *   changed since then
 */
async function removeIfDead(path: string, oldest: number): Promise<void> {
  const owner = ownerOfTemporary(basename(path))
  const changed = await lastChange(path)
  // The system alone judges this machine's processes: a living one may leave its folder unchanged for days.
  const isLeft =
    owner?.machine === thisMachine()
      ? lifeOf(owner) === 'ended'
      : changed <= oldest || isDead(owner, path, String(changed))
  if (isLeft) await discard(path)
}

/** Ignores errors: a file that cannot be removed, such as another user's file, does no harm. */
async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined)
}

/**
 * Time of the last change of a file, or of a folder and everything in it. A folder's own date would not be enough,
 * because it does not change while a file in the folder grows.
 */
async function lastChange(path: string): Promise<number> {
  const inside = await readdir(path, { recursive: true }).catch((): string[] => [])
  const times = await Promise.all([path, ...inside.map((name) => join(path, name))].map(timeOf))
  return Math.max(...times)
}

/** Time of a file's last change in milliseconds; NaN if there is no such file. */
function timeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.NaN,
  )
}
