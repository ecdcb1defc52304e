import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { InputError, UsageError } from '../errors.js'
import { withFile } from '../files/openFile.js'
import { packageFolder } from '../files/package.js'
import { architectures } from './architectures/architectures.js'
import { graphFile } from './architectures/graphFile.js'
import type { Architecture } from './architectures/layer.js'
import { weightsFolder } from './cache.js'
import { checkNotAnother, type ModelEntry, weightsCommand } from './catalog.js'
import { exportRemedy } from './exported.js'
import type { WeightsFile } from './network.js'
import { type HashedModel, type OnnxModel, readHashedOnnx, readOnnxFile } from './onnx/onnxFile.js'

/** A graph to run, and the file that has its weights. */
interface WeightedGraph extends WeightsFile {
  readonly graph: HashedModel
}

export function embeddedFile(entry: ModelEntry): string {
  return join(packageFolder(), entry.file as string)
}

export function statedDims({ path, outputs }: OnnxModel, name: string): number {
  const [, dims] = outputs.find((output) => output.name === name)?.shape ?? []
  if (typeof dims === 'number') return dims
  throw new InputError(`the output ${name} of ${path} is missing or has no fixed length; install Shiftscope again`)
}

export function architectureOf(entry: ModelEntry): Architecture {
  const architecture = architectures.find(({ id }) => id === entry.id)
  if (!architecture) throw new Error(`the catalog contains ${entry.id}, but there is no architecture for it`)
  return architecture
}

/**
 * Path of the weights in the cache. An ONNX file counts only for an exported network. An earlier version may have left
 * one for a network that is published now.
 */
export async function importedWeights({ id, kind }: ModelEntry): Promise<string | undefined> {
  const names = await readdir(weightsFolder()).catch((): string[] => [])
  const fits = (name: string) => name.startsWith(`${id}.`) && name.endsWith('.onnx') === (kind === 'exported')
  const name = names.sort().find(fits)
  return name === undefined ? undefined : join(weightsFolder(), name)
}

/**
 * Reads an embedded ONNX file, or builds a graph from weights.
 * @param weights path of a checkpoint to use instead of the imported one
 * @param option the option with which the user can give weights, for error messages
 */
export async function catalogGraph(entry: ModelEntry, weights?: string, option?: string): Promise<WeightedGraph> {
  if (entry.kind !== 'embedded') return checkpointGraph(entry, await requireWeights(entry, weights, option))
  if (weights !== undefined)
    throw new UsageError(`${entry.id} is built in and cannot use other weights; leave \`weights\` out`)
  const graph = await readHashedOnnx(embeddedFile(entry))
  return { graph, ...weightsOf(graph) }
}

export async function requireWeights(entry: ModelEntry, given?: string, option?: string): Promise<string> {
  const path = given ?? (await importedWeights(entry))
  if (path !== undefined) return path
  throw missingWeights(entry, option)
}

export function weightsOf({ path, sha256, bytes }: HashedModel): WeightsFile {
  return { weightsPath: path, weightsSha256: sha256, weightsBytes: bytes }
}

/** Hash and weights are read from one open file, so they belong together even if the file is replaced meanwhile. */
export function checkpointGraph(entry: ModelEntry, weightsPath: string): Promise<WeightedGraph> {
  return withFile(weightsPath, async (file) => {
    if (extname(weightsPath).toLowerCase() === '.onnx') {
      throw new InputError(
        `${weightsPath} is an ONNX file, but ${entry.id} needs a checkpoint; run "${weightsCommand(entry)}", or use the ONNX file itself as the network`,
      )
    }
    const weightsSha256 = await file.sha256()
    checkNotAnother(entry, weightsPath, weightsSha256)
    const cached = await graphFile(architectureOf(entry), file, weightsSha256)
    const graph = { ...readOnnxFile(cached.path), ...cached, files: [] }
    return { weightsPath, weightsSha256, weightsBytes: file.size, graph }
  })
}

function missingWeights(entry: ModelEntry, option?: string): InputError {
  const { id, sources } = entry
  const byOption = option === undefined ? '' : `, or pass \`${option}\``
  if (entry.kind === 'exported')
    return new InputError(`the ONNX file of ${id} is not on this machine; ${exportRemedy(entry)}${byOption}`)
  const byHand = sources[0] && `, or download ${sources[0].url} and run "shiftscope models import ${id} FILE"`
  return new InputError(
    `the weights of ${id} are not on this machine; run "${weightsCommand(entry)}"${byHand ?? ''}${byOption}`,
  )
}
