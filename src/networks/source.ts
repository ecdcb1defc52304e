import { dirname, parse } from 'node:path'
import { UsageError } from '../errors.js'
import { checkNames } from '../support/checks.js'
import { parseOptions } from '../support/optionChecks.js'
import { type CatalogEntry, catalogEntry } from './catalog.js'
import { checkFrame, readExported } from './exported.js'
import { hubModelFile } from './hub/manifest.js'
import { isHubReference } from './hub/reference.js'
import type { InputOptions } from './input/options.js'
import { type InputRecipe, inputRecipe } from './input/recipe.js'
import { type FeatureLayer, POOLS, type Pool, type WeightsFile } from './network.js'
import { imageInput, type PlannedInput, plannedInput } from './onnx/imageInput.js'
import { type HashedModel, readHashedOnnx } from './onnx/onnxFile.js'
import { OWN_OPTIONS, type OwnOptions, ownOptionsOf } from './ownOptions.js'
import { isCheckpointPath, isOwnNetwork, recogniseCheckpoint } from './recognition.js'
import { catalogGraph, requireWeights, statedDims, weightsOf } from './weights.js'

/** Layers to read from a network. */
export interface LayerChoice {
  /**
   * Tensors to read as features. By default, all layers that the catalog lists; for an ONNX file, the last output and
   * the input of the last fully connected layer.
   */
  readonly layers?: readonly string[] | undefined
  /**
   * Reduces each feature map to one value per channel: `mean`, `max` or `center`. By default (`none`), maps are
   * flattened.
   */
  readonly pool?: Pool | undefined
  /** Stops the trial runs of the graph. The call with these options rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A network and which of its layers to read. */
export interface NetworkChoice extends LayerChoice, OwnOptions {
  /**
   * Which network to open: an id in the catalog (see `shiftscope models list`), the path of an .onnx file,
   * `hf:OWNER/NAME` of a pulled model, or the path of a checkpoint of a catalog network.
   */
  readonly model: string
  /** Path of a checkpoint to use instead of the catalog's weights. */
  readonly weights?: string | undefined
  /** The option with which the user can give weights, such as `weights FILE`. Error messages suggest it. */
  readonly weightsOption?: string | undefined
}

/**
 * A network whose file has been read: its graph, how pixels become its input, and the layers that the catalog lists.
 */
export interface NetworkSource extends PlannedInput {
  readonly id: string
  readonly title: string
  readonly model: HashedModel
  /** Name in messages: the file's path, or the id in the catalog. */
  readonly name: string
  /** Folders to search for files that describe the network. */
  readonly folders: readonly string[]
  readonly inputSource: string
  readonly weights: WeightsFile
  /** Layers that the catalog lists; null if they must be found in the graph. */
  readonly layers: readonly FeatureLayer[] | null
  readonly entry?: CatalogEntry
}

export async function networkSource(choice: NetworkChoice): Promise<NetworkSource> {
  const { model, weights, pool = 'none' } = choice
  checkNames('pool', [pool], POOLS)
  const ownOptions = ownOptionsOf(choice)
  parseOptions(ownOptions, OWN_OPTIONS)
  const isOwn = isOwnNetwork(model)
  const isCheckpoint = await isCheckpointPath(model)
  if (weights !== undefined && (isCheckpoint || isOwn))
    throw new UsageError(`${model} already contains weights; leave \`weights\` out`)
  if (isOwn) return ownSource(choice)
  const entry = catalogEntry(isCheckpoint ? await recogniseCheckpoint(model) : model)
  const [given] = Object.keys(ownOptions)
  if (given !== undefined)
    throw new UsageError(
      `${entry.id} is in the catalog, which defines its input and its output; leave \`${given}\` out`,
    )
  return catalogSource(entry, isCheckpoint ? { ...choice, weights: model } : choice)
}

export function ownId(model: string): string {
  return isHubReference(model) ? model : parse(model).name
}

async function ownSource(choice: NetworkChoice): Promise<NetworkSource> {
  const { model } = choice
  const { path, folders } = isHubReference(model)
    ? await hubModelFile(model)
    : { path: model, folders: [dirname(model)] }
  const id = ownId(model)
  return { id, title: id, ...(await fileSource(await readHashedOnnx(path, imageInput), folders, choice)) }
}

async function catalogSource(entry: CatalogEntry, choice: NetworkChoice): Promise<NetworkSource> {
  const { id, title, input, layers } = entry
  const { weights: given, weightsOption } = choice
  if (entry.kind === 'exported') {
    const path = await requireWeights(entry, given, weightsOption)
    const recipe = { ...input, size: input.rows, layout: null, source: 'catalog' }
    const source = await fileSource(await readExported(entry, path), [dirname(path)], {}, recipe)
    checkFrame(entry, path, source.input)
    return { id, title, ...source, entry }
  }
  const { graph: model, ...weights } = await catalogGraph(entry, given, weightsOption)
  const read = layers.map(({ name }) => ({ name, dims: statedDims(model, name) }))
  const about = { id, title, name: id, folders: [], changes: null, input, inputSource: 'catalog' }
  return { ...about, model, weights, layers: read, entry }
}

async function fileSource(
  model: HashedModel,
  folders: readonly string[],
  options: InputOptions,
  known?: InputRecipe,
): Promise<Omit<NetworkSource, 'id' | 'title'>> {
  const image = imageInput(model)
  const recipe = known ?? (await inputRecipe(model, folders, options, image.type === 'uint8'))
  const planned = plannedInput(model, image, recipe, options.inputSize)
  const { path: name } = model
  return { model, name, folders, ...planned, inputSource: recipe.source, weights: weightsOf(model), layers: null }
}
