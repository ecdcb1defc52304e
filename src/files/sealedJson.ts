import type { z } from 'zod'
import { InputError } from '../errors.js'
import { writeFileAtomic } from './atomic.js'
import { tryJson } from './json.js'
import { readNamed } from './regularFile.js'
import { sha256 } from './sha256.js'

/**
 * Writes a JSON file whose last key, `sha256`, is a hash of everything else. The hash is computed from the document as
 * JSON without white space.
 * @param schema removes unknown keys; use the same schema for reading
 * @param layout `compact` writes the document on one line
 * @returns the document as it was written, without its hash
 */
export async function writeSealedJson<T>(
  path: string,
  schema: z.ZodType<T>,
  document: T,
  layout: 'indented' | 'compact' = 'indented',
): Promise<T> {
  const checked = schema.parse(document)
  const sealed = { ...checked, sha256: sealOf(checked) }
  await writeFileAtomic(path, `${JSON.stringify(sealed, null, layout === 'compact' ? 0 : 2)}\n`)
  return checked
}

/**
 * Reads a file that `writeSealedJson` wrote.
 * @param remedy how to make the file again; the message ends with it
 * @throws InputError if the file cannot be read, is of another version or damaged
 */
export async function readSealedJson<T>(path: string, schema: z.ZodType<T>, remedy: string): Promise<T> {
  const json = tryJson((await readNamed(path, remedy)).toString('utf8'))
  const { data, error } = schema.safeParse(json)
  if (data !== undefined && (json as { sha256?: unknown }).sha256 === sealOf(data)) return data
  throw new InputError(`${path} is damaged, or of another version; ${remedy}`, { cause: error })
}

/** The hash of a document as JSON without white space. */
export function sealOf(document: unknown): string {
  return sha256(JSON.stringify(document))
}
