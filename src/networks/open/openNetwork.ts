import type { Network } from '../../network.js'
import { networkFile } from '../file/networkFile.js'
import { type GivenReference, parseReference } from '../reference/reference.js'
import { setUpNetwork } from './setUpNetwork.js'

/**
 * Finds a network and decides which layers to read. By default, these are the layers that the catalog lists. For a
 * network outside the catalog, they are the embedding and the class scores (see `defaultLayers`).
 *
 * An ONNX file must have one input of square images, [N, 3, rows, cols] or [N, rows, cols, 3], as float32, float16,
 * float64 or uint8.
 */
export async function chooseNetwork(given: GivenReference): Promise<Network> {
  const file = await networkFile(parseReference(given))
  const { id, weights, entry } = file
  const setup = await setUpNetwork(file)
  return { id, title: entry?.title ?? id, ...(entry && { catalogId: entry.id }), ...setup, ...weights }
}
