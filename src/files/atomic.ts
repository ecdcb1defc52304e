import { lstat, mkdir, open, readlink, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OutputError, RUN_AGAIN, ShiftscopeError, words } from '../errors.js'
import type { Wording } from '../message.js'
import { isFolder } from './regularFile.js'
import { rename, rm } from './retried.js'
import { clearBeside, temporaryName } from './temporaries.js'

/** Content of a file: as a whole, or in consecutive pieces, so that only one piece is in memory. */
export type Content = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * Writes a file completely or not at all. It writes a file with a temporary name in the same folder, flushes it to the
 * disk, and then renames it. Missing folders are made. A full disk, a read-only folder and similar problems cause
 * OutputErrors with a message of one line.
 */
export async function writeFileAtomic(path: string, content: Content): Promise<void> {
  if (await isSpecial(path)) {
    throw new OutputError(`cannot write ${path}: it is a device or a pipe; choose the name of a file`)
  }
  const temporary = temporaryName(path)
  try {
    await makeFolders(dirname(path))
    await writeNewFile(temporary, content)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw asOutputError(path, error)
  }
}

/**
 * Whether a path is a device (such as /dev/null), a pipe, or a link to an open file of a process (such as /dev/stdout).
 * If a file were renamed to such a path, the device, pipe or link would be lost for all programs.
 */
async function isSpecial(path: string): Promise<boolean> {
  const target = await readlink(path).catch(() => '')
  if (/^\/proc\/[^/]+\/fd\//.test(target)) return true
  const status = await stat(path).catch(() => undefined)
  return status !== undefined && !status.isFile() && !status.isDirectory()
}

/**
 * Makes a folder completely or not at all: `fill` writes into a temporary folder, which is then renamed to `path`. An
 * older folder of that name is replaced.
 * @param whenFilled work to do before the folder is renamed; if it fails, the older folder stays
 */
export async function writeFolderAtomic<T>(
  path: string,
  fill: (temporary: string) => Promise<T>,
  whenFilled?: (filled: T) => Promise<void>,
): Promise<T> {
  const temporary = temporaryName(path)
  // An error names the final folder instead of the temporary one, which the user does not know.
  const fail = (error: unknown) => {
    throw asOutputError(path, error instanceof OutputError ? error.cause : error)
  }
  try {
    const filled = await makeFilled(temporary, fill).catch(fail)
    await whenFilled?.(filled)
    await takePlace(temporary, path).catch(fail)
    return filled
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    throw error
  }
}

async function makeFilled<T>(folder: string, fill: (folder: string) => Promise<T>): Promise<T> {
  await makeFolders(folder)
  await clearBeside(folder)
  return fill(folder)
}

/**
 * Largest number of attempts to rename a folder. An attempt fails if another process has just renamed its folder to the
 * same name.
 */
const MAX_REPLACEMENTS = 100

/**
 * Renames a folder to a name that another folder may have. That folder is moved away first, and back if the new one
 * cannot be renamed. If several processes do this at once, the folder that is renamed last stays.
 */
async function takePlace(folder: string, path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const old = temporaryName(path)
    const moved = await moveAway(path, old)
    const failure = await rename(folder, path).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error,
    )
    const taken = failure !== undefined && (await isTaken(failure, path))
    if (moved) await (failure === undefined || taken ? rm(old, { recursive: true, force: true }) : putBack(old, path))
    if (failure === undefined) return
    if (!taken || attempt === MAX_REPLACEMENTS) throw failure
  }
}

/** @returns false if there is nothing to move */
async function moveAway(path: string, old: string): Promise<boolean> {
  try {
    await rename(path, old)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Undoes `moveAway`, unless another folder now stands there, which is newer. */
async function putBack(old: string, path: string): Promise<void> {
  await rename(old, path).catch(async (error: NodeJS.ErrnoException) => {
    if (await isTaken(error, path)) await rm(old, { recursive: true, force: true })
  })
}

/** Whether a folder could not be renamed to `path` because another folder has this name. */
async function isTaken({ code }: NodeJS.ErrnoException, path: string): Promise<boolean> {
  // Windows says EPERM where there is a folder.
  return code === 'ENOTEMPTY' || code === 'EEXIST' || (code === 'EPERM' && (await isFolder(path)))
}

/**
 * Makes a folder and the missing folders above it. Node's `recursive` option is not used, because it never ends on file
 * systems such as /proc. When these refuse to make a folder, they report that its parent is missing.
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && dirname(path) !== path) {
      // Tries again even if the parent exists now, because another process may just have made it.
      if (!(await isFolder(dirname(path)))) await makeFolders(dirname(path))
      await mkdir(path).catch((again: NodeJS.ErrnoException) => {
        if (again.code !== 'EEXIST') throw again
      })
    } else if (!(await isFolder(path))) throw (await leadsNowhere(path)) ? danglingLink(error) : error
  }
}

const DANGLING_LINK = 'DANGLING_LINK'

/** The error has a code of its own, because the system's code for such a link, EEXIST, is also that of a file. */
function danglingLink(cause: unknown): Error {
  return Object.assign(new Error('a link leads nowhere', { cause }), { code: DANGLING_LINK })
}

async function leadsNowhere(path: string): Promise<boolean> {
  const isLink = await lstat(path).then(
    (status) => status.isSymbolicLink(),
    () => false,
  )
  return isLink && (await stat(path).catch(() => undefined)) === undefined
}

/** Makes a folder, and checks that files can be written into it. Call this before a long computation. */
export function makeWritableFolder(path: string): Promise<void> {
  return orOutputError(path, async () => {
    await makeFolders(path)
    const trial = temporaryName(join(path, 'trial'))
    await writeNewFile(trial, '')
    await rm(trial)
  })
}

/** Writes a new file. To make room, it removes temporary files of dead processes from the same folder. */
async function writeNewFile(path: string, content: Content): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await clearBeside(path)
    await writeFile(file, content)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Does some work, such as writing files. If the file system refuses it, the OutputError names `path`. */
export async function orOutputError<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asOutputError(path, error)
  }
}

export function asOutputError(path: string, error: unknown): Error {
  if (error instanceof ShiftscopeError) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  const remedies: Record<string, Wording> = {
    ENOSPC: words`the disk is full; free some space and ${RUN_AGAIN}`,
    EDQUOT: words`the disk quota is used up; free some space and ${RUN_AGAIN}`,
    EFBIG:
      'the file grows beyond what the file system or the shell (ulimit -f) allows; allow larger files, or choose another folder',
    EMFILE: words`too many files are open; allow more (ulimit -n) and ${RUN_AGAIN}`,
    ENFILE: words`too many files are open on this machine; close some programs and ${RUN_AGAIN}`,
    EROFS: 'the file system is read-only; make it writable, or choose another folder',
    EACCES: 'no permission to write there; choose another folder',
    EPERM: 'no permission to write there; choose another folder',
    ENOENT: 'the folder cannot be made or has vanished (is the file system read-only?); choose another',
    ENOTDIR: 'there is a file where a folder is needed; choose another folder',
    EEXIST: 'there is a file where a folder is needed; choose another folder',
    [DANGLING_LINK]: 'a link there names a folder that does not exist; make that folder, or choose another',
    ENAMETOOLONG: 'the name is too long for the file system; choose a shorter one',
    EISDIR: 'there is a folder of this name; choose another name',
    EBUSY: 'the file or folder there is in use, such as the current folder; choose another name',
  }
  const remedy = code === undefined ? undefined : remedies[code]
  if (remedy === undefined) return error instanceof Error ? error : new Error(String(error))
  return new OutputError(words`cannot write ${path}: ${remedy}`, { cause: error })
}
