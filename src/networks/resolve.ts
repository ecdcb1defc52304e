import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError, UsageError } from '../errors.js'
import { packageFolder } from '../files/package.js'
import { sha256OfFile } from '../files/sha256.js'
import { architectures } from './architectures/architectures.js'
import { graphFile } from './architectures/graphFile.js'
import { type Architecture, featuresOf } from './architectures/layer.js'
import { weightsFolder } from './cache.js'
import {
  type CatalogEntry,
  catalogEntry,
  checkNotAnother,
  isGenerator,
  type ModelEntry,
  weightsCommand,
} from './catalog.js'
import { fileSize } from './checkpoint/fileBytes.js'
import { exportedNetwork, exportRemedy } from './exported.js'
import type { Network } from './network.js'
import { readModelInterface } from './onnx/interface.js'
import { type LayerChoice, type OnnxChoice, onnxNetwork } from './onnxNetwork.js'
import { layersOf } from './statedLayers.js'

/**
 * Names a network: one of the catalog, with the weights that were imported or those of the file `weights`, and where it is
 * exported, with what is read of it; or an ONNX file with what is read of it.
 */
export type NetworkReference =
  | ({ readonly id: string } & WeightsChoice & LayerChoice)
  | ({ readonly onnxFile: string } & OnnxChoice)

/** Weights to use instead of the imported ones. */
export interface WeightsChoice {
  /** Path of a checkpoint to use instead of the catalog's weights. */
  readonly weights?: string | undefined
  /** Option that names a file of weights, for error messages, such as `weights FILE`. */
  readonly weightsOption?: string | undefined
}

/**
 * Makes a network ready to run. For a checkpoint the ONNX graph is built, or taken from the cache.
 *
 * @throws UsageError for an unknown id or layer; InputError when weights are missing, damaged or of another network
 */
export async function resolveNetwork(reference: NetworkReference): Promise<Network> {
  if ('onnxFile' in reference) return onnxNetwork(reference.onnxFile, reference)
  const entry = catalogEntry(reference.id)
  if (entry.kind === 'embedded') {
    if (reference.weights !== undefined)
      throw new UsageError(`${entry.id} is built in and takes no other weights; leave out \`weights\``)
    return embeddedNetwork(entry)
  }
  const weightsPath = reference.weights ?? (await importedWeights(entry.id))
  if (weightsPath === undefined) throw missingWeights(entry, reference.weightsOption)
  if (entry.kind === 'exported') return exportedNetwork(entry, weightsPath, reference)
  return publishedNetwork(entry, weightsPath)
}

/** Path of the ONNX file of an embedded network or generator. */
export function embeddedFile(entry: ModelEntry): string {
  return join(packageFolder(), entry.file as string)
}

/** The architecture of a published network or generator. */
export function architectureOf(entry: ModelEntry): Architecture {
  const architecture = architectures.find(({ id }) => id === entry.id)
  if (!architecture) throw new Error(`the catalog has ${entry.id}, which no architecture describes`)
  return architecture
}

/** Path of the imported weights of a network or generator; undefined when there are none. */
export async function importedWeights(id: string): Promise<string | undefined> {
  const names = await readdir(weightsFolder()).catch((): string[] => [])
  const name = names.sort().find((candidate) => candidate.startsWith(`${id}.`))
  return name === undefined ? undefined : join(weightsFolder(), name)
}

async function embeddedNetwork(entry: CatalogEntry): Promise<Network> {
  const path = embeddedFile(entry)
  const names = entry.layers.map(({ name }) => name)
  return {
    id: entry.id,
    title: entry.title,
    onnxPath: path,
    layers: layersOf(path, readModelInterface(path).outputs, names),
    input: entry.input,
    inputSource: 'catalog',
    weightsPath: path,
    weightsSha256: await sha256OfFile(path),
    weightsBytes: await fileSize(path),
  }
}

async function publishedNetwork(entry: CatalogEntry, weightsPath: string): Promise<Network> {
  const weightsBytes = await fileSize(weightsPath)
  const weightsSha256 = await sha256OfFile(weightsPath)
  checkNotAnother(entry, weightsPath, weightsSha256)
  const architecture = architectureOf(entry)
  return {
    id: entry.id,
    title: entry.title,
    onnxPath: await graphFile(architecture, weightsPath, weightsSha256),
    layers: featuresOf(architecture.layers),
    input: entry.input,
    inputSource: 'catalog',
    weightsPath,
    weightsSha256,
    weightsBytes,
  }
}

/** @param option that a file of weights is given by, as of `WeightsChoice` */
export function missingWeights(entry: ModelEntry, option?: string): InputError {
  const { id, sources } = entry
  const byOption = option === undefined ? '' : `, or pass \`${option}\``
  if (entry.kind === 'exported' && !isGenerator(entry))
    return new InputError(`${id} is not here; ${exportRemedy(entry)}${byOption}`)
  const byHand = sources[0] && `, or download ${sources[0].url} and run "shiftscope models import ${id} FILE"`
  return new InputError(`${id} has no weights here; run "${weightsCommand(entry)}"${byHand ?? ''}${byOption}`)
}
