import { UsageError } from '../errors.js'
import { catalogEntry, catalogModels, type ModelEntry } from './catalog.js'
import type { Network, RunnableGraph, WeightsFile } from './network.js'
import { catalogLayers } from './plan.js'
import type { Reference } from './reference.js'
import { expectedWeightBytes, importedWeights } from './weights.js'

/**
 * Stands in for the SHA-256 of missing weights. No real hash equals it, so a placeholder never matches stored results.
 */
const NO_HASH = 'placeholder'

/** Stands in for the graph and the weights of a published network or generator. */
export function missingFile(entry: ModelEntry): RunnableGraph & WeightsFile {
  return { onnxPath: '', weightsPath: '', weightsSha256: NO_HASH, weightsBytes: expectedWeightBytes(entry) as number }
}

export function isPlaceholder({ weightsSha256 }: Pick<Network, 'weightsSha256'>): boolean {
  return weightsSha256 === NO_HASH
}

/** Whether the weights of a published network or generator are neither given nor on this machine. */
export async function lacksWeights({ id, weights }: Pick<Reference, 'id' | 'weights'>): Promise<boolean> {
  const entry = catalogModels().find((candidate) => candidate.id === id)
  return weights === undefined && entry?.kind === 'published' && (await importedWeights(entry)) === undefined
}

/** A published network without its weights. A study can be planned and estimated with it, but it cannot run. */
export function placeholderNetwork({ id, layers: names }: Reference): Network {
  const entry = catalogEntry(id)
  const { title, input } = entry
  const layers = catalogLayers(entry, names)
  if (layers !== undefined) return { id, title, ...missingFile(entry), layers, input, inputSource: 'catalog' }
  const known = entry.layers.map(({ name }) => name)
  const other = names?.find((name) => !known.includes(name))
  throw new UsageError(
    `cannot check whether ${id} has a layer ${other}, because its weights are not on this machine; run "shiftscope models pull ${id}", or use only its layers ${known.join(', ')}`,
  )
}
