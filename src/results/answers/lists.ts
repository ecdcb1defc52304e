import { join } from 'node:path'
import { writeFileAtomic } from '../../files/atomic.js'
import { exactCell, textOfCell } from '../../files/exactCell.js'
import { MOST_BYTES } from '../../files/json.js'
import { readRegular, regularSize } from '../../files/regularFile.js'
import { sha256 } from '../../files/sha256.js'

/** Path of a list of photographs in a results folder. run.json names it, so that it does not list all photographs. */
export function listFile(names: readonly string[]): string {
  return `lists/${sha256(listText(names)).slice(0, 8)}.txt`
}

function listText(names: readonly string[]): string {
  return names.map((name) => `${exactCell(name)}\n`).join('')
}

/** Writes the names of photographs, one per line; names with control characters as JSON. */
export function writeList(results: string, names: readonly string[]): Promise<void> {
  return writeFileAtomic(join(results, listFile(names)), listText(names))
}

/** @returns undefined if the list is missing or damaged, or if `path` is not the path of a list */
export async function readList(results: string, path: string): Promise<readonly string[] | undefined> {
  if (!/^lists\/[0-9a-f]{8}\.txt$/.test(path)) return undefined
  const file = join(results, path)
  if ((await regularSize(file).catch(() => Number.POSITIVE_INFINITY)) > MOST_BYTES) return undefined
  const lines = (await readRegular(file)).toString('utf8').split('\n').slice(0, -1)
  const names = lines.flatMap((line) => (line.startsWith('"') ? (textOfCell(line) ?? []) : line))
  return names.length === lines.length && listFile(names) === path ? names : undefined
}
