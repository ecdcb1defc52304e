import { parse } from 'node:path'
import { checkNames } from '../checks.js'
import { UsageError } from '../errors.js'
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
import { resolveNetwork } from './resolve.js'

/** How a network is named, and what may go with it. */
export interface NetworkChoice extends LayerChoice, InputOptions {
  /** Id of the catalog (`shiftscope models list`), a path that ends in .onnx, or hf:OWNER/NAME of a pulled model. */
  readonly model: string
  /** A checkpoint in place of the published or embedded weights. */
  readonly weights?: string
}

/**
 * Finds a network and what is read of it, by default the catalog's layers; see `onnxNetwork` for ONNX files.
 * @throws UsageError for an unknown id or layer, or options that do not fit; InputError for missing or damaged weights
 */
export async function chooseNetwork(choice: NetworkChoice): Promise<Network> {
  const { model, layers } = choice
  checkChoice(choice)
  if (isOwnNetwork(model)) {
    const { path, ...known } = await modelFile(model)
    const network = await onnxNetwork(path, { ...choice, ...known })
    return { ...network, id: ownId(model), title: ownId(model) }
  }
  const known = await catalogNetwork(choice)
  const network = layers === undefined ? known : await withLayers(known, { ...choice, layers })
  const classes = await classesOf(asDescribed(network), network.layers)
  return classes === undefined ? network : { ...network, classes }
}

/** The ONNX file of a network, and the catalog's layers of one that has them. @throws as `chooseNetwork` */
export async function describedChoice(
  choice: NetworkChoice,
): Promise<{ readonly described: DescribedModel; readonly layers?: readonly string[] }> {
  checkChoice(choice)
  if (isOwnNetwork(choice.model)) {
    const { path, ...known } = await modelFile(choice.model)
    return { described: await describedModel(path, { ...choice, ...known }) }
  }
  const network = await catalogNetwork(choice)
  return { described: asDescribed(network), layers: network.layers.map(({ name }) => name) }
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

function checkChoice(choice: NetworkChoice): void {
  const { model, weights, pool = 'none' } = choice
  checkNames('pool', [pool], POOLS)
  checkInputOptions(choice)
  if (isOwnNetwork(model)) {
    if (weights !== undefined) throw new UsageError(`${model} holds its own weights; leave \`weights\` out`)
    return
  }
  catalogEntry(model)
  const [given] = Object.keys(inputOptionsOf(choice))
  if (given !== undefined)
    throw new UsageError(`the input of ${model} is known; leave \`${given}\` out, which is for other networks`)
}

function catalogNetwork({ model, weights }: NetworkChoice): Promise<Network> {
  return resolveNetwork(weights === undefined ? { id: model } : { id: model, weights })
}

/** The same network with other layers, also such as lie inside its graph. */
async function withLayers(
  network: Network,
  choice: LayerChoice & { readonly layers: readonly string[] },
): Promise<Network> {
  const wanted = new Set(choice.layers)
  if (wanted.size === 0) throw new UsageError(`no layer of ${network.id} is named; name one, or leave the layers out`)
  const own = network.layers.filter(({ name }) => wanted.has(name))
  if (own.length === wanted.size) return { ...network, layers: own }
  return { ...network, ...(await readLayers(asDescribed(network), choice, await hashedModel(network.onnxPath))) }
}

function asDescribed({ onnxPath, input }: Network): DescribedModel {
  const model = readModelInterface(onnxPath)
  return { path: onnxPath, folders: [], model, input, changes: null, inputSource: 'catalog' }
}
