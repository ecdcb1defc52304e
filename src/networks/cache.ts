import { homedir } from 'node:os'
import { join } from 'node:path'

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
