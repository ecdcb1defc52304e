import { homedir } from 'node:os'
import { join } from 'node:path'
import { OutputError } from '../errors.js'
import { asOutputError } from './atomic.js'

/** The cache folder: $SHIFTSCOPE_CACHE, or $XDG_CACHE_HOME/shiftscope, or ~/.cache/shiftscope. It may not exist yet. */
export function cacheFolder(): string {
  const { SHIFTSCOPE_CACHE, XDG_CACHE_HOME } = process.env
  if (SHIFTSCOPE_CACHE) return SHIFTSCOPE_CACHE
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'shiftscope')
}

/** Folder of the imported weights. Each file is named `<id>.<extension>`, such as `alexnet.pth`. */
export function weightsFolder(): string {
  return join(cacheFolder(), 'weights')
}

/** Folder of ONNX graphs that were built from checkpoints, and of changed copies of ONNX files. */
export function graphsFolder(): string {
  return join(cacheFolder(), 'graphs')
}

export function downloadsFolder(): string {
  return join(cacheFolder(), 'downloads')
}

/** If the work fails because the cache cannot be written, throws an OutputError that names a remedy. */
export function inCache<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (!(asOutputError(cacheFolder(), error) instanceof OutputError)) throw error
    throw new OutputError(
      `cannot write into the cache ${cacheFolder()}; set SHIFTSCOPE_CACHE to a writable folder with enough free space`,
      { cause: error },
    )
  })
}
