import { checkNames } from '../checks.js'
import { UsageError } from '../errors.js'
import { catalogEntry } from './catalog.js'
import { classesOf } from './classes.js'
import { type DescribedModel, describedModel } from './describedModel.js'
import { checkInputOptions, type InputOptions, inputOptionsOf } from './input/options.js'
import { type Network, POOLS } from './network.js'
import { hashedModel } from './onnx/cachedCopy.js'
import { readModelInterface } from './onnx/interface.js'
import { type LayerChoice, onnxNetwork, readLayers } from './onnxNetwork.js'
import { resolveNetwork } from './resolve.js'

/** How a network is named: an id of the catalog or the path of an ONNX file, and what may go with it. */
export interface NetworkChoice extends LayerChoice, InputOptions {
  /** Id of the catalog (`shiftscope models list`) or a path that ends in .onnx. */
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
  if (isOnnxFile(model)) return onnxNetwork(model, choice)
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
  if (isOnnxFile(choice.model)) return { described: await describedModel(choice.model, choice) }
  const network = await catalogNetwork(choice)
  return { described: asDescribed(network), layers: network.layers.map(({ name }) => name) }
}

/** Whether a network is named by its ONNX file, not by an id. */
export function isOnnxFile(model: string): boolean {
  return model.toLowerCase().endsWith('.onnx')
}

function checkChoice(choice: NetworkChoice): void {
  const { model, weights, pool = 'none' } = choice
  checkNames('pool', [pool], POOLS)
  checkInputOptions(choice)
  if (isOnnxFile(model)) {
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
