import { UsageError } from '../errors.js'
import { catalogEntry } from './catalog.js'
import type { Network } from './network.js'
import { isCheckpointPath, recogniseCheckpoint } from './recognition.js'
import { resolveNetwork } from './resolve.js'

/** How a network is named: an id of the catalog, or the path of an ONNX file or a checkpoint, and what may go with it. */
export interface NetworkChoice {
  /**
   * Id of the catalog (`shiftscope models list`), a path that ends in .onnx, or a checkpoint whose network is recognised
   * by its tensors.
   */
  readonly model: string
  /** A checkpoint in place of the published or embedded weights. */
  readonly weights?: string
  /**
   * Which features to read; by default all of the catalog's layers, or all outputs of the ONNX file of a network that is
   * exported; required for any other ONNX file.
   */
  readonly layers?: readonly string[]
}

/**
 * Finds a network and restricts it to the wanted layers, in the network's order.
 * @throws UsageError for an unknown id or layer, InputError for missing or damaged weights
 */
export async function chooseNetwork({ model, weights, layers }: NetworkChoice): Promise<Network> {
  if (model.endsWith('.onnx')) {
    if (weights !== undefined) throw new UsageError(`${model} holds its own weights; leave \`weights\` out`)
    return resolveNetwork({ onnxFile: model, layers: layers ?? [] })
  }
  if (await isCheckpointPath(model)) {
    if (weights !== undefined) throw new UsageError(`${model} holds its own weights; leave \`weights\` out`)
    const id = await recogniseCheckpoint(model)
    return chooseNetwork({ model: id, weights: model, ...(layers && { layers }) })
  }
  if (catalogEntry(model).kind === 'exported') return resolveNetwork({ id: model, weights, layers })
  return withLayers(await resolveNetwork(weights === undefined ? { id: model } : { id: model, weights }), layers)
}

/**
 * A network of the catalog restricted to the wanted layers, in its order; all by default.
 * @throws UsageError for an unknown layer, or none
 */
export function withLayers(network: Network, layers: readonly string[] | undefined): Network {
  if (layers === undefined) return network
  const { id } = network
  if (layers.length === 0) throw new UsageError(`no layer of ${id} is named; name one, or leave the layers out`)
  const unknown = layers.find((name) => !network.layers.some((layer) => layer.name === name))
  if (unknown !== undefined) {
    throw new UsageError(`${id} has no layer ${unknown}; it has ${network.layers.map(({ name }) => name).join(', ')}`)
  }
  return { ...network, layers: network.layers.filter(({ name }) => layers.includes(name)) }
}
