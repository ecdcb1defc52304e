import { parse } from 'node:path'
import { UsageError } from '../errors.js'
import { checkNames } from '../support/checks.js'
import { catalogEntry } from './catalog.js'
import { classesOf } from './classes.js'
import { type DescribedModel, describedModel } from './describedModel.js'
import { hubModelFile } from './hub/pulled.js'
import { isHubReference } from './hub/reference.js'
import { checkInputOptions, type InputOptions, inputOptionsOf } from './input/options.js'
import { type Network, POOLS } from './network.js'
import { hashedModel } from './onnx/cachedCopy.js'
import { readModelInterface } from './onnx/interface.js'
import { type LayerChoice, onnxNetwork, readLayers } from './onnxNetwork.js'
import { isCheckpointPath, recogniseCheckpoint } from './recognition.js'
import { resolveNetwork, type WeightsChoice } from './resolve.js'

/** A network and how to read it. */
export interface NetworkChoice extends WeightsChoice, LayerChoice, InputOptions {
  /**
   * Id in the catalog (`shiftscope models list`), path of an .onnx file, `hf:OWNER/NAME` of a pulled model, or path of
   * a checkpoint of a catalog network.
   */
  readonly model: string
}

/**
 * Finds a network and what is read of it, by default the catalog's layers; see `onnxNetwork` for ONNX files.
 * @throws UsageError for an unknown id or layer, or options that do not fit; InputError for missing or damaged weights
 */
export async function chooseNetwork(given: NetworkChoice): Promise<Network> {
  const choice = await checkedChoice(given)
  const { model, layers } = choice
  if (isOwnNetwork(model)) {
    const { path, ...known } = await modelFile(model)
    const network = await onnxNetwork(path, { ...choice, ...known })
    return { ...network, id: ownId(model), title: ownId(model) }
  }
  const network = await catalogNetwork(choice)
  if (catalogEntry(model).kind === 'exported') return network
  const read = layers === undefined ? network : await withLayers(network, { ...choice, layers })
  const classes = await classesOf(asDescribed(read), read.layers)
  return classes === undefined ? read : { ...read, classes }
}

/** The ONNX file of a network, and the catalog's layers of one that has them. @throws as `chooseNetwork` */
export async function describedChoice(
  given: NetworkChoice,
): Promise<{ readonly described: DescribedModel; readonly layers?: readonly string[] }> {
  const choice = await checkedChoice(given)
  const { model } = choice
  if (isOwnNetwork(model)) {
    const { path, ...known } = await modelFile(model)
    return { described: await describedModel(path, { ...choice, ...known }) }
  }
  const network = await catalogNetwork(choice)
  if (catalogEntry(model).kind !== 'exported')
    return { described: asDescribed(network), layers: network.layers.map(({ name }) => name) }
  const { rows } = network.input
  const recipe = { ...network.input, size: rows, layout: null, source: network.inputSource }
  return { described: await describedModel(network.weightsPath, { recipe }) }
}

/** Whether a network is none of the catalog: it is named by its ONNX file, or as a model of the hub. */
export function isOwnNetwork(model: string): boolean {
  return isHubReference(model) || model.toLowerCase().endsWith('.onnx')
}

/** Id of a network that is none of the catalog. */
export function ownId(model: string): string {
  return isHubReference(model) ? model : parse(model).name
}

/** Its file, and where files may lie that describe it. */
async function modelFile(model: string): Promise<{ readonly path: string; readonly folders?: readonly string[] }> {
  if (!isHubReference(model)) return { path: model }
  const { path, folders } = await hubModelFile(model)
  return { path, folders }
}

/** The same choice with the id of the catalog in the place of a checkpoint. */
async function checkedChoice(choice: NetworkChoice): Promise<NetworkChoice> {
  const { model, weights, pool = 'none' } = choice
  checkNames('pool', [pool], POOLS)
  checkInputOptions(choice)
  const isCheckpoint = !isOwnNetwork(model) && (await isCheckpointPath(model))
  if (weights !== undefined && (isCheckpoint || isOwnNetwork(model)))
    throw new UsageError(`${model} holds its own weights; leave \`weights\` out`)
  if (isOwnNetwork(model)) return choice
  const id = isCheckpoint ? await recogniseCheckpoint(model) : catalogEntry(model).id
  const [given] = Object.keys(inputOptionsOf(choice))
  if (given !== undefined)
    throw new UsageError(`the input of ${id} is known; leave \`${given}\` out, which is for other networks`)
  return isCheckpoint ? { ...choice, model: id, weights: model } : choice
}

function catalogNetwork({ model: id, weights, weightsOption, layers, pool, signal }: NetworkChoice): Promise<Network> {
  return resolveNetwork({ id, weights, weightsOption, layers, pool, signal })
}

/** The same network with other layers, also such as lie inside its graph. */
async function withLayers(
  network: Network,
  choice: LayerChoice & { readonly layers: readonly string[] },
): Promise<Network> {
  const own = ownLayers(network, choice.layers)
  if (own.length === new Set(choice.layers).size) return { ...network, layers: own }
  return { ...network, ...(await readLayers(asDescribed(network), choice, await hashedModel(network.onnxPath))) }
}

/**
 * A network of the catalog restricted to some of its own layers, in its order; all by default.
 * @throws UsageError for another layer, or none
 */
export function withOwnLayers(network: Network, layers: readonly string[] | undefined): Network {
  if (layers === undefined) return network
  const own = ownLayers(network, layers)
  const other = layers.find((name) => !own.some((layer) => layer.name === name))
  if (other === undefined) return { ...network, layers: own }
  throw new UsageError(
    `${network.id} is not here, so that only ${network.layers.map(({ name }) => name).join(', ')} of its layers are known, not ${other}`,
  )
}

/** @throws UsageError where none is named */
function ownLayers({ id, layers }: Network, names: readonly string[]): Network['layers'] {
  if (names.length === 0) throw new UsageError(`no layer of ${id} is named; name one, or leave the layers out`)
  return layers.filter(({ name }) => names.includes(name))
}

function asDescribed({ id, onnxPath, input }: Network): DescribedModel {
  const model = readModelInterface(onnxPath)
  return { path: onnxPath, name: id, folders: [], model, input, changes: null, inputSource: 'catalog' }
}
