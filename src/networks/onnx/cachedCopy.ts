import { basename, dirname, extname } from 'node:path'
import { sha256 } from '../../files/sha256.js'
import { type CachedGraph, cachedGraph } from '../graphCache.js'
import { copyExternalFiles } from './externalData.js'
import { type GraphChanges, writeGraphCopy } from './graphCopy.js'
import { type HashedModel, readHashedOnnx } from './onnxFile.js'

/**
 * A copy of a graph with changes, in the cache of graphs, with copies of its data where that lies in files of its own.
 *
 * @param model the graph, or its path
 * @param kind of the copy, for people who look
 * @throws InputError when the graph's file is gone or damaged; OutputError when the copy cannot be written
 */
export async function cachedCopy(
  model: HashedModel | string,
  kind: string,
  changes: GraphChanges,
): Promise<CachedGraph> {
  const { path, files, sha256: original } = typeof model === 'string' ? await readHashedOnnx(model) : model
  const listed = (_: string, value: unknown) => (value instanceof Set ? [...value] : value)
  const digest = sha256(JSON.stringify([original, changes], listed)).slice(0, 16)
  // Only a part of the name: a whole one could grow beyond what file systems take.
  const stem = [...basename(path, extname(path))].slice(0, 40).join('')
  // Data in files of its own is copied once for all copies of a graph.
  const name =
    files.length === 0 ? `${stem}-${kind}-${digest}.onnx` : `${stem}-${original.slice(0, 16)}/${kind}-${digest}.onnx`
  return cachedGraph(name, async (copy) => {
    await copyExternalFiles(path, files, dirname(copy))
    await writeGraphCopy(copy, path, changes)
  })
}
