import { basename, dirname, extname } from 'node:path'
import { sha256 } from '../../files/sha256.js'
import { copyExternalFiles } from '../format/externalData.js'
import { type GraphChanges, writeGraphCopy } from '../format/graphCopy.js'
import type { HashedOnnx } from '../format/onnxFile.js'
import { type CachedGraph, cachedGraph } from './graphCache.js'

/**
 * @param kind part of the copy's name, for people who look into the folder
 * @param write writes the copy, beside the data files of `onnx`
 */
export function cachedCopy(
  onnx: HashedOnnx,
  kind: string,
  changes: GraphChanges,
  write = writeGraphCopy,
): Promise<CachedGraph> {
  const { path, files, sha256: original } = onnx
  const listed = (_: string, value: unknown) => (value instanceof Set ? [...value] : value)
  const digest = sha256(JSON.stringify([original, changes], listed)).slice(0, 16)
  // The name is cut after 40 characters, because file systems limit the length of names.
  const stem = [...basename(path, extname(path))].slice(0, 40).join('')
  // All copies of a graph with external data share one folder, so that the data are copied only once.
  const name =
    files.length === 0 ? `${stem}-${kind}-${digest}.onnx` : `${stem}-${original.slice(0, 16)}/${kind}-${digest}.onnx`
  return cachedGraph(name, async (copy) => {
    await copyExternalFiles(path, files, dirname(copy))
    await write(copy, path, changes)
  })
}
