import { classesOf } from './classes.js'
import type { Network } from './network.js'
import { type NetworkFile, networkFile } from './networkFile.js'
import { lacksWeights, placeholderNetwork } from './placeholder.js'
import { networkPlan } from './plan.js'
import { type GivenReference, parseReference } from './reference.js'

/**
 * Finds a network and decides which layers to read. By default, these are the layers that the catalog lists. If it
 * lists none, they are the last output and the input of the last fully connected layer.
 *
 * An ONNX file must have one input of square images, [N, 3, rows, cols] or [N, rows, cols, 3], as float32, float16,
 * float64 or uint8.
 * @param withPlaceholder whether to return a placeholder for a published network without weights (see `isPlaceholder`)
 */
export async function chooseNetwork(given: GivenReference, withPlaceholder = false): Promise<Network> {
  const reference = parseReference(given)
  if (withPlaceholder && (await lacksWeights(reference))) return placeholderNetwork(reference)
  return networkOf(await networkFile(reference))
}

export async function networkOf(file: NetworkFile): Promise<Network> {
  const { id, title, weights } = file
  const plan = await networkPlan(file)
  const classes = await classesOf(file, plan.layers)
  return { id, title, ...plan, ...(classes && { classes }), ...weights }
}
