import { basename, dirname, extname } from 'node:path'
import { sha256 } from '../../files/sha256.js'
import { cachedGraph } from '../graphCache.js'
import { combinedSha256 } from '../onnxNetwork.js'
import { copyExternalFiles, externalFiles } from './externalData.js'
import { type GraphChanges, writeGraphCopy } from './graphCopy.js'

/**
 * A copy of a graph with changes, in the cache of graphs, with copies of its data where that lies in files of its own.
 *
 * @param kind of the copy, for people who look
 * @returns path of the ONNX file
 * @throws InputError when the graph's file is gone or damaged; OutputError when the copy cannot be written
 */
export async function cachedCopy(onnxPath: string, kind: string, changes: GraphChanges): Promise<string> {
  const files = await externalFiles(onnxPath)
  const original = await combinedSha256(onnxPath, files)
  const listed = (_: string, value: unknown) => (value instanceof Set ? [...value] : value)
  const digest = sha256(JSON.stringify([original, changes], listed)).slice(0, 16)
  const stem = [...basename(onnxPath, extname(onnxPath))].slice(0, 40).join('')
  const name = files.length === 0 ? `${stem}-${kind}-${digest}.onnx` : `${stem}-${kind}-${digest}/model.onnx`
  return cachedGraph(name, async (copy) => {
    await copyExternalFiles(onnxPath, files, dirname(copy))
    await writeGraphCopy(copy, onnxPath, changes)
  })
}
