import { catalog } from './catalog.js'
import { assumedInput } from './input/recipe.js'
import type { Network, RunnableGraph } from './network.js'

/** A sentence about the answers of the embedded networks; undefined for other networks. */
export function answersNote({ weightsSha256 }: Pick<Network, 'weightsSha256'>): string | undefined {
  // Only embedded networks have this hash in the catalog.
  const isEmbedded = catalog().some(({ sha256 }) => sha256 === weightsSha256)
  return isEmbedded ? 'This network knows emoji only, so its answers to a photograph mean nothing.' : undefined
}

export function networkNotes(network: Network): readonly string[] {
  return [assumedInput(network) ?? [], optimizationNotes(network)].flat()
}

export function optimizationNotes({
  id,
  optimization = 'all',
}: Pick<RunnableGraph, 'optimization'> & { readonly id: string }): readonly string[] {
  if (optimization === 'all') return []
  return [
    `${id}: ONNX Runtime crashes when it optimises this network fully, so Shiftscope uses the optimisation level "${optimization}", which may be slower`,
  ]
}
