import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { packageVersion } from '../../files/package.js'
import { sha256, sha256OfFile } from '../../files/sha256.js'
import { MEASURES_VERSION } from '../measures/measures.js'
import { compareText } from './openResults.js'
import { MEASURES_FILE } from './storedMeasures.js'

/**
 * Hash of everything on which a report depends. Arrays are not read, because the JSON files have the arrays' hashes.
 * Stored measures are not read, because they depend on unit.json and the version only, and a report may renew them.
 */
export async function reportStamp(results: string, options: object): Promise<string> {
  const files: string[] = []
  for (const part of ['units', 'arithmetic', 'answers']) files.push(...(await documentsIn(join(results, part))))
  const digests: (readonly [string, string])[] = []
  for (const file of files.sort(compareText)) digests.push([relative(results, file), await sha256OfFile(file)])
  return sha256(JSON.stringify([packageVersion(), MEASURES_VERSION, options, digests]))
}

async function documentsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json') && entry.name !== MEASURES_FILE)
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !isHidden(relative(folder, path)))
}

/** Whether a part of the path starts with a dot. Such files are temporary, or belong to other programs. */
function isHidden(path: string): boolean {
  return path.split(sep).some((part) => part.startsWith('.'))
}
