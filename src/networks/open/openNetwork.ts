import { UsageError } from '../../errors.js'
import type { Network } from '../../network.js'
import { catalogEntry } from '../catalog/catalog.js'
import { networkFile } from '../file/networkFile.js'
import { lacksWeights, missingFile } from '../file/weights.js'
import { type GivenReference, parseReference, type Reference } from '../reference/reference.js'
import { catalogLayers, networkPlan } from './plan.js'

/**
 * Finds a network and decides which layers to read. By default, these are the layers that the catalog lists. For a
 * network outside the catalog, they are the embedding and the class scores (see `defaultLayers`).
 *
 * An ONNX file must have one input of square images, [N, 3, rows, cols] or [N, rows, cols, 3], as float32, float16,
 * float64 or uint8.
 * @param withPlaceholder whether to return a placeholder for a published network without weights (see `isPlaceholder`)
 */
export async function chooseNetwork(given: GivenReference, withPlaceholder = false): Promise<Network> {
  const reference = parseReference(given)
  if (withPlaceholder && (await lacksWeights(reference))) return placeholderNetwork(reference)
  const file = await networkFile(reference)
  const { id, weights, entry } = file
  const plan = await networkPlan(file)
  return { id, title: entry?.title ?? id, ...(entry && { catalogId: entry.id }), ...plan, ...weights }
}

/** A published network without its weights. A study can be planned and estimated with it, but it cannot run. */
function placeholderNetwork({ id, model, layers: names }: Reference): Network {
  const entry = catalogEntry(model)
  const { title, input } = entry
  const layers = catalogLayers(entry, names)
  if (layers !== undefined)
    return { id, title, catalogId: model, ...missingFile(entry), layers, input, inputSource: 'catalog' }
  const known = entry.layers.map(({ name }) => name)
  const other = names?.find((name) => !known.includes(name))
  throw new UsageError(
    `cannot check whether ${id} has a layer ${other}, because its weights are not on this machine; run "shiftscope models pull ${model}", or use only its layers ${known.join(', ')}`,
  )
}
