import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '../errors.js'
import { withFile } from '../files/openFile.js'
import { packageFolder } from '../files/package.js'
import { architectures } from './architectures/architectures.js'
import { graphFile } from './architectures/graphFile.js'
import type { Architecture } from './architectures/layer.js'
import { weightsFolder } from './cache.js'
import { checkNotAnother, type ModelEntry, weightsCommand } from './catalog.js'
import { exportRemedy } from './exported.js'
import type { WeightsFile } from './network.js'
import { type HashedModel, type OnnxModel, readOnnxFile } from './onnx/onnxFile.js'

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

export async function importedWeights(id: string): Promise<string | undefined> {
  const names = await readdir(weightsFolder()).catch((): string[] => [])
  const name = names.sort().find((candidate) => candidate.startsWith(`${id}.`))
  return name === undefined ? undefined : join(weightsFolder(), name)
}

/** Hash and weights are read from one open file, so they belong together even if the file is replaced meanwhile. */
export function checkpointGraph(
  entry: ModelEntry,
  weightsPath: string,
): Promise<WeightsFile & { readonly graph: HashedModel }> {
  return withFile(weightsPath, async (file) => {
    const weightsSha256 = await file.sha256()
    checkNotAnother(entry, weightsPath, weightsSha256)
    const cached = await graphFile(architectureOf(entry), file, weightsSha256)
    const graph = { ...readOnnxFile(cached.path), ...cached, files: [] }
    return { weightsPath, weightsSha256, weightsBytes: file.size, graph }
  })
}

export function missingWeights(entry: ModelEntry, option?: string): InputError {
  const { id, sources } = entry
  const byOption = option === undefined ? '' : `, or pass \`${option}\``
  if (entry.kind === 'exported')
    return new InputError(`the ONNX file of ${id} is not on this machine; ${exportRemedy(entry)}${byOption}`)
  const byHand = sources[0] && `, or download ${sources[0].url} and run "shiftscope models import ${id} FILE"`
  return new InputError(
    `the weights of ${id} are not on this machine; run "${weightsCommand(entry)}"${byHand ?? ''}${byOption}`,
  )
}
