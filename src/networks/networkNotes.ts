import { assumedInput } from './input/recipe.js'
import type { Network, RunnableGraph } from './network.js'

/** Notes to show before a network runs, one line each. */
export function networkNotes(network: Network): readonly string[] {
  return [assumedInput(network) ?? [], optimizationNotes(network)].flat()
}

/** A note if ONNX Runtime cannot use its highest optimization level for a graph. */
export function optimizationNotes({
  id,
  optimization = 'all',
}: Pick<RunnableGraph, 'optimization'> & { readonly id: string }): readonly string[] {
  if (optimization === 'all') return []
  return [
    `${id}: ONNX Runtime crashes when it optimises this network fully, so Shiftscope uses the optimisation level "${optimization}", which may be slower`,
  ]
}
