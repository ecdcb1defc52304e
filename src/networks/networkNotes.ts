import { assumedInput } from './input/recipe.js'
import type { Network, RunnableGraph } from './network.js'

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
