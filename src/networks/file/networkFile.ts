import { dirname, extname } from 'node:path'
import { InputError, UsageError } from '../../errors.js'
import { withFile } from '../../files/openFile.js'
import type { WeightsFile } from '../../network.js'
import { type HashedOnnx, readHashedOnnx, readOnnxFile } from '../../onnx/format/onnxFile.js'
import { optionsIn } from '../../support/optionChecks.js'
import { graphFile } from '../architectures/graph.js'
import {
  type CatalogEntry,
  catalogEntry,
  checkNotAnother,
  type ModelEntry,
  weightsCommand,
} from '../catalog/catalog.js'
import { type NamedClasses, statedNames } from '../classes/names.js'
import { hubModelFile } from '../hub/manifest.js'
import { imageInput } from '../input/inputAdapter.js'
import { OWN_OPTIONS, type OwnOptions, type Reference } from '../reference/reference.js'
import { recogniseCheckpoint } from './recognition.js'
import { architectureOf, embeddedFile, importedWeights, missingWeights } from './weights.js'

/** A graph, and the file that has its weights: the graph's own file, or the checkpoint that it was built from. */
export interface WeightedOnnx {
  readonly onnx: HashedOnnx
  readonly weights: WeightsFile
}

/** The file that a reference names, read and hashed. */
export interface NetworkFile extends WeightedOnnx {
  readonly reference: Reference
  /** The name that the user gave, the id in the catalog, or the id of the reference. */
  readonly id: string
  /** Name in messages: the file's path, or for a network of the catalog the user's name or the id. */
  readonly name: string
  /** Absent for a network outside the catalog. */
  readonly entry?: CatalogEntry
  /** Folders to search for files that describe the network. */
  readonly folders: readonly string[]
  /** Lists of class names that come with the file. */
  readonly names: readonly NamedClasses[]
}

/**
 * Reads and hashes the ONNX file that a reference names. If it names a checkpoint, its graph is built or found in the
 * cache.
 * @throws UsageError for an unknown network, or options that do not fit the network
 * @throws InputError for missing or damaged files, or an ONNX file that does not take images
 */
export async function networkFile(reference: Reference): Promise<NetworkFile> {
  const { kind, model, weights } = reference
  if (weights !== undefined && kind !== 'catalog')
    throw UsageError.of`${model} already contains weights; leave \`weights\` out`
  const file = kind === 'onnx' || kind === 'hub' ? await ownFile(reference) : await knownFile(reference)
  return { ...file, names: await statedNames(file.onnx, file.folders) }
}

/** The file of a network in the catalog. */
async function knownFile(reference: Reference): Promise<Omit<NetworkFile, 'names'>> {
  const { kind, name, model, weights, weightsOption } = reference
  const entry = catalogEntry(kind === 'checkpoint' ? await recogniseCheckpoint(model) : model)
  const [given] = Object.keys(optionsIn<OwnOptions>(reference, OWN_OPTIONS))
  if (given !== undefined)
    throw UsageError.of`${entry.id} is in the catalog, which defines its input and its output; leave \`${given}\` out`
  const file = await catalogFile(entry, kind === 'checkpoint' ? model : weights, weightsOption)
  const id = name ?? entry.id
  return { reference, id, name: id, folders: [], ...file, entry }
}

/** The file of a network outside the catalog. */
async function ownFile(reference: Reference): Promise<Omit<NetworkFile, 'names'>> {
  const { kind, model, id } = reference
  const { path, folders } = kind === 'hub' ? await hubModelFile(model) : { path: model, folders: [dirname(model)] }
  const onnx = await readHashedOnnx(path, imageInput)
  return { reference, id, name: path, folders, ...withOwnWeights(onnx) }
}

/** An ONNX file that was not built from another file. */
function withOwnWeights(onnx: HashedOnnx): WeightedOnnx {
  const { path, sha256, bytes } = onnx
  return { onnx, weights: { weightsPath: path, weightsSha256: sha256, weightsBytes: bytes } }
}

/**
 * Reads an embedded ONNX file of the catalog, or builds a graph from a checkpoint.
 * @param weights path of a checkpoint to use instead of the imported one
 * @param option the option with which the user can give weights, for error messages
 */
export async function catalogFile(entry: ModelEntry, weights?: string, option?: string): Promise<WeightedOnnx> {
  if (entry.kind === 'embedded') {
    if (weights === undefined) return withOwnWeights(await readHashedOnnx(embeddedFile(entry)))
    throw UsageError.of`${entry.id} is built in and cannot use other weights; leave \`weights\` out`
  }
  const path = weights ?? (await importedWeights(entry))
  if (path === undefined) throw missingWeights(entry, option)
  return checkpointFile(entry, path)
}

/** Hash and weights are read from one open file, so they belong together even if the file is replaced meanwhile. */
function checkpointFile(entry: ModelEntry, weightsPath: string): Promise<WeightedOnnx> {
  return withFile(weightsPath, async (file) => {
    if (extname(weightsPath).toLowerCase() === '.onnx') {
      throw new InputError(
        `${weightsPath} is an ONNX file, but ${entry.id} needs a checkpoint; run "${weightsCommand(entry)}", or use the ONNX file itself as the network`,
      )
    }
    const weightsSha256 = await file.sha256()
    checkNotAnother(entry, weightsPath, weightsSha256)
    const cached = await graphFile(architectureOf(entry), file, weightsSha256)
    return {
      onnx: { ...readOnnxFile(cached.path), ...cached, files: [] },
      weights: { weightsPath, weightsSha256, weightsBytes: file.size },
    }
  })
}
