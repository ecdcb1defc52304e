import { UsageError } from '../errors.js'
import { classesOf } from './classes.js'
import { readLayers } from './layers.js'
import type { Network } from './network.js'
import { type NetworkChoice, type NetworkSource, networkSource } from './source.js'

/**
 * Opens a network and decides which layers to read. By default, these are the layers that the catalog lists. If it
 * lists none, they are the last output and the input of the last fully connected layer.
 *
 * An ONNX file must have one input of square images, [N, 3, rows, cols] or [N, rows, cols, 3], as float32, float16,
 * float64 or uint8.
 */
export async function chooseNetwork(choice: NetworkChoice): Promise<Network> {
  return networkOf(await networkSource(choice), choice)
}

export async function networkOf(source: NetworkSource, choice: NetworkChoice): Promise<Network> {
  const { id, title, inputSource, weights } = source
  const reading = ownLayers(source, choice) ?? (await readLayers(source, choice))
  const classes = await classesOf(source, reading.layers, choice.scores)
  return { id, title, ...reading, ...(classes && { classes }), inputSource, ...weights }
}

/** The chosen layers, if the catalog describes all of them. If undefined, a trial run must find their shapes. */
function ownLayers(
  { layers, model, input, id }: NetworkSource,
  { layers: names }: NetworkChoice,
): Pick<Network, 'onnxPath' | 'layers' | 'input'> | undefined {
  if (layers === null) return undefined
  const read = names === undefined ? layers : namedLayers({ id, layers }, names)
  if (names !== undefined && read.length < new Set(names).size) return undefined
  return { onnxPath: model.path, layers: read, input }
}

/** Returns a network of the catalog with only the named layers, in the network's order; by default with all of them. */
export function withOwnLayers(network: Network, layers: readonly string[] | undefined): Network {
  if (layers === undefined) return network
  const own = namedLayers(network, layers)
  const other = layers.find((name) => !own.some((layer) => layer.name === name))
  if (other === undefined) return { ...network, layers: own }
  throw new UsageError(
    `cannot check whether ${network.id} has a layer ${other}, because its weights are not on this machine; run "shiftscope models pull ${network.id}", or use only its layers ${network.layers.map(({ name }) => name).join(', ')}`,
  )
}

function namedLayers({ id, layers }: Pick<Network, 'id' | 'layers'>, names: readonly string[]): Network['layers'] {
  if (names.length === 0) throw new UsageError(`\`layers\` is empty; leave it out, or name a layer of ${id}`)
  return layers.filter(({ name }) => names.includes(name))
}
