import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '../../../src/errors.js'
import { packageFolder } from '../../../src/files/package.js'
import { sha256 } from '../../../src/files/sha256.js'
import type { Files } from '../reader.js'

/** Files below test/golden whose names match, each in a folder of its own under this name. */
export function goldens(folder: string, names: RegExp, name: string): readonly Files[] {
  const path = join(packageFolder(), 'test/golden', folder)
  const matching = readdirSync(path).filter((file) => names.test(file))
  return matching.sort().map((file) => ({ [name]: readFileSync(join(path, file)) }))
}

/** All files below a folder, which is how programs that write several make a golden. */
export function filesBelow(folder: string): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]))
}

/** A document with the hash of its own text, as the program writes it; damaged text stays as it is. */
export function sealedText(bytes: Uint8Array): string | Uint8Array {
  try {
    const { sha256: _, ...content } = JSON.parse(String(bytes))
    return JSON.stringify({ ...content, sha256: sha256(JSON.stringify(content)) })
  } catch {
    return bytes
  }
}

/** The value that a case's own document holds, which the program reads elsewhere. */
export function parsed(content: unknown): Record<string, unknown> {
  try {
    return Object(JSON.parse(String(content)))
  } catch {
    throw new InputError('the document is damaged')
  }
}
