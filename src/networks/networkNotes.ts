import { assumedInput } from './input/recipe.js'
import type { Network, RunnableGraph } from './network.js'

/** Notes about a network for the user before it runs, one line each. */
export function networkNotes(network: Network): readonly string[] {
  return [assumedInput(network) ?? [], optimizationNotes(network)].flat()
}

/** A note if a graph runs at a lower level of optimisation than usual. */
export function optimizationNotes({
  id,
  optimization = 'all',
}: Pick<RunnableGraph, 'optimization'> & { readonly id: string }): readonly string[] {
  if (optimization === 'all') return []
  return [
    `${id}: ONNX Runtime crashes when it optimises this graph fully; it runs at the level "${optimization}" instead, which may be slower`,
  ]
}
