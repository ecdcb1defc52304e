import { rmSync } from 'node:fs'
import { mkdtemp, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OutputError } from '../errors.js'
import { graphsFolder } from './cache.js'
import { readCheckpoint } from './checkpoint/checkpoint.js'
import { writeModel } from './onnx/model.js'
import { architectures } from './torchvision/architectures.js'
import { graphOf, graphVersion } from './torchvision/graph.js'
import type { Architecture } from './torchvision/layer.js'
import { weightsFor } from './torchvision/weights.js'

/** Stands in for the cache where that cannot be written, for the life of the process. */
let substitute: string | undefined

/**
 * The ONNX file of a network with the weights of a checkpoint: built once, then taken from the cache. Where the cache
 * cannot be written, the file goes into a temporary folder.
 *
 * @param sha256 of the checkpoint; part of the file's name
 * @throws InputError when the checkpoint is damaged or of another network; OutputError when the temporary folder cannot
 * be written either
 */
export async function graphFile(architecture: Architecture, weightsPath: string, sha256: string): Promise<string> {
  const name = `${architecture.id}-${sha256.slice(0, 16)}-v${graphVersion}.onnx`
  for (const folder of [graphsFolder(), substitute]) {
    if (folder !== undefined && (await isFile(join(folder, name)))) return join(folder, name)
  }
  const weights = weightsFor(architecture, await readCheckpoint(weightsPath), architectures)
  const write = async (folder: string) => {
    await writeModel(join(folder, name), graphOf(architecture, weights))
    return join(folder, name)
  }
  try {
    return await write(graphsFolder())
  } catch (error) {
    if (!(error instanceof OutputError)) throw error
    return write(await substituteFolder())
  }
}

async function substituteFolder(): Promise<string> {
  if (substitute === undefined) {
    const folder = await mkdtemp(join(tmpdir(), 'shiftscope-graphs-'))
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    substitute = folder
  }
  return substitute
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  )
}
