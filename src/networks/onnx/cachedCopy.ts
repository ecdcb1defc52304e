import { basename, dirname, extname } from 'node:path'
import { sha256, sha256OfFile } from '../../files/sha256.js'
import { fileSize } from '../checkpoint/fileBytes.js'
import { cachedGraph } from '../graphCache.js'
import { copyExternalFiles, type ExternalFile, externalFiles } from './externalData.js'
import { type GraphChanges, writeGraphCopy } from './graphCopy.js'

/** An ONNX file and the files in which its data lies. */
export interface HashedModel {
  /** Of all of them: it identifies the weights, wherever they lie. */
  readonly sha256: string
  readonly bytes: number
  readonly files: readonly ExternalFile[]
}

/** @throws InputError when a file is missing, too short, or lies elsewhere */
export async function hashedModel(path: string): Promise<HashedModel> {
  const files = await externalFiles(path)
  const model = await sha256OfFile(path)
  const bytes = files.reduce((sum, file) => sum + file.bytes, await fileSize(path))
  if (files.length === 0) return { sha256: model, bytes, files }
  return { sha256: sha256(JSON.stringify([model, ...files.map((file) => [file.location, file.sha256])])), bytes, files }
}

/**
 * A copy of a graph with changes, in the cache of graphs, with copies of its data where that lies in files of its own.
 *
 * @param kind of the copy, for people who look
 * @param hashed of the graph, where it is known
 * @returns path of the ONNX file
 * @throws InputError when the graph's file is gone or damaged; OutputError when the copy cannot be written
 */
export async function cachedCopy(
  onnxPath: string,
  kind: string,
  changes: GraphChanges,
  hashed?: HashedModel,
): Promise<string> {
  const { files, sha256: original } = hashed ?? (await hashedModel(onnxPath))
  const listed = (_: string, value: unknown) => (value instanceof Set ? [...value] : value)
  const digest = sha256(JSON.stringify([original, changes], listed)).slice(0, 16)
  // Only a part of the name: a whole one could grow beyond what file systems take.
  const stem = [...basename(onnxPath, extname(onnxPath))].slice(0, 40).join('')
  // Data in files of its own is copied once for all copies of a graph.
  const name =
    files.length === 0 ? `${stem}-${kind}-${digest}.onnx` : `${stem}-${original.slice(0, 16)}/${kind}-${digest}.onnx`
  return cachedGraph(name, async (copy) => {
    await copyExternalFiles(onnxPath, files, dirname(copy))
    await writeGraphCopy(copy, onnxPath, changes)
  })
}
