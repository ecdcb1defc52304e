import { type CatalogEntry, catalogEntry, catalogModels, type GeneratorEntry } from './catalog.js'
import type { Generator } from './generator.js'
import { expectedWeightBytes } from './library.js'
import type { Network } from './network.js'
import { importedWeights } from './weights.js'

/**
 * Stands in for the SHA-256 of missing weights. No real hash equals it, so a placeholder never matches stored results.
 */
const NO_HASH = 'placeholder'

const NO_FILE = { weightsPath: '', weightsSha256: NO_HASH }

export function isPlaceholder({ weightsSha256 }: Pick<Network, 'weightsSha256'>): boolean {
  return weightsSha256 === NO_HASH
}

export async function lacksWeights(id: string): Promise<boolean> {
  const entry = catalogModels().find((candidate) => candidate.id === id)
  return entry?.kind === 'published' && (await importedWeights(entry)) === undefined
}

/** A published network without its weights. A study can be planned and estimated with it, but it cannot run. */
export function placeholderNetwork(entry: CatalogEntry): Network {
  const { id, title, input } = entry
  const layers = entry.layers.map(({ name, dims }) => ({ name, dims: dims as number }))
  const about = { id, title, onnxPath: '', layers, input, inputSource: 'catalog' }
  return { ...about, ...NO_FILE, weightsBytes: expectedWeightBytes(entry) as number }
}

export function placeholderGenerator(entry: GeneratorEntry): Generator {
  const { id, encoder, layer, feature } = entry
  const { input } = catalogEntry(encoder)
  const weightsBytes = expectedWeightBytes(entry) as number
  const about = { encoder, encoderSha256: null, layer, dims: entry.dims as number, feature, input }
  return { id, onnxPath: '', ...NO_FILE, weightsBytes, ...about }
}
