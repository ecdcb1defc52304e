import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { regularSize } from './regularFile.js'

/** Largest stored file to read, in bytes. */
export const MOST_BYTES = 2 ** 28

/**
 * Largest number of levels to which lists and objects in a document may be nested. The documents that Shiftscope reads
 * have fewer than ten.
 */
export const MOST_DEPTH = 100

/** @throws SyntaxError for text that is not JSON, or is nested so deeply that a reader could run out of stack */
export function parseJson(text: string): unknown {
  const document: unknown = JSON.parse(text)
  if (isDeeper(document, MOST_DEPTH))
    throw new SyntaxError(`its lists and objects are nested more than ${MOST_DEPTH} levels deep`)
  return document
}

export function tryJson(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** Reads a JSON file that Shiftscope has written. Undefined if the file is missing, damaged or too long. */
export async function readStored<T>(schema: z.ZodType<T>, path: string): Promise<T | undefined> {
  try {
    if ((await regularSize(path)) > MOST_BYTES) return undefined
    return schema.parse(parseJson(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((part) => isDeeper(part, depth - 1))
}
