import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../../errors.js'
import { isFolder } from '../../files/regularFile.js'
import { checkText } from '../../support/optionChecks.js'
import { shellWord } from '../../support/text.js'
import { type OpenUnit, openUnit } from './openUnit.js'

/**
 * Opens the units of a results folder one after the other, sorted by the folder names of network, then size, then
 * object. It reads an array only when you ask for it. You can merge results folders by copying their units into one.
 * @param results results folder, as `reproduce` wrote it
 * @throws UsageError if `results` is no text
 * @throws InputError if the folder has no units, or a damaged one
 * @throws the signal's reason after an abort
 */
export async function* openResults(
  results: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<OpenUnit, void, undefined> {
  checkText(results, 'a results folder')
  signal?.throwIfAborted()
  for (const folder of (await unitFolders(results)).flat()) {
    signal?.throwIfAborted()
    yield await openUnit(results, folder)
  }
}

/** Paths of all unit folders, in the order of `openResults`. Each inner list has the units of one network and size. */
export async function groupsOfUnits(results: string): Promise<readonly (readonly string[])[]> {
  const groups: (readonly string[])[] = []
  for (const model of await foldersIn(join(results, 'units'))) {
    for (const size of await foldersIn(model)) groups.push(await foldersIn(size))
  }
  return groups.filter((folders) => folders.length > 0)
}

/** Like `groupsOfUnits`, but throws an InputError if there are none. */
export async function unitFolders(results: string): Promise<readonly (readonly string[])[]> {
  const groups = await groupsOfUnits(results)
  if (groups.length === 0) throw await noUnits(results)
  return groups
}

/** @throws InputError for a folder in which `consistency` of an earlier version has stored its results */
export async function checkNotEarlier(results: string): Promise<void> {
  const isEarlier = await stat(join(results, 'consistency.json')).catch(() => undefined)
  if (isEarlier === undefined || (await isFolder(join(results, 'answers')))) return
  throw new InputError(`${results} has results of an earlier version; run consistency with another folder`)
}

export async function noUnits(results: string): Promise<InputError> {
  const entry = await stat(results).catch(() => undefined)
  if (entry?.isFile()) return new InputError(`${results} is not a folder; name the results folder that reproduce wrote`)
  return new InputError(`no finished units in ${results}; run "shiftscope reproduce --out ${shellWord(results)}" first`)
}

/**
 * Sorted paths of the folders in `path`; none if there is no such folder. Names with a leading dot are skipped, because
 * they belong to temporary folders or to other programs.
 */
export async function foldersIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw new InputError(`cannot read ${path}: ${error.message}`, { cause: error })
  })
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort(compareText)
    .map((name) => join(path, name))
}

/** Compares by UTF-16 code units, so that the order does not depend on the machine's language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
