import { homedir } from 'node:os'
import { join } from 'node:path'
import { OutputError } from '../errors.js'
import { asOutputError } from '../files/atomic.js'

/**
 * Where imported weights and built graphs are kept: $SHIFTSCOPE_CACHE, else $XDG_CACHE_HOME/shiftscope, else
 * ~/.cache/shiftscope. The folder need not exist.
 */
export function cacheFolder(): string {
  const { SHIFTSCOPE_CACHE, XDG_CACHE_HOME } = process.env
  if (SHIFTSCOPE_CACHE) return SHIFTSCOPE_CACHE
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'shiftscope')
}

/** Imported checkpoints, `<id>.<extension>`. */
export function weightsFolder(): string {
  return join(cacheFolder(), 'weights')
}

/** ONNX graphs that were built from checkpoints. */
export function graphsFolder(): string {
  return join(cacheFolder(), 'graphs')
}

/** Downloads that are not finished: see `part.ts`. */
export function downloadsFolder(): string {
  return join(cacheFolder(), 'downloads')
}

/** Work on the cache: its errors say what to do where the cache cannot be written. */
export function inCache<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw asCacheError(error)
  })
}

/** Turns an error of writing into the cache into an OutputError that names the remedy. Other errors stay. */
export function asCacheError(error: unknown): unknown {
  if (!(asOutputError(cacheFolder(), error) instanceof OutputError)) return error
  return new OutputError(
    `cannot write into the cache ${cacheFolder()}; set SHIFTSCOPE_CACHE to a folder that has room and can be written`,
    { cause: error },
  )
}
