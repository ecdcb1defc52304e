import { UsageError } from '../errors.js'
import type { MeanRow } from '../results/rows.js'

/** Texts that figures and LaTeX tables show instead of names of networks and layers. */
export type GivenLabels = Readonly<Record<string, string>>

/**
 * Returns a function that gives the text for a network or layer. By default, only the names that ONNX exporters make up
 * change: `/classifier/classifier.1/Gemm_output_0` becomes `class scores` if the layer gives the network's answer, and
 * else `classifier.1/Gemm`.
 * @throws UsageError for a label of neither a network nor a layer
 */
export function displayNames(
  rows: readonly Pick<MeanRow, 'model' | 'layer' | 'metric'>[],
  given: GivenLabels,
): (name: string) => string {
  const known = new Set(rows.flatMap(({ model, layer }) => [model, layer]))
  const stray = Object.keys(given).find((name) => !known.has(name))
  if (stray !== undefined)
    throw new UsageError(`\`labels\` names ${stray}, but the networks and layers are ${[...known].join(', ')}`)
  const scores = new Set(rows.flatMap(({ layer, metric }) => (metric === 'answer-kept' ? [layer] : [])))
  return (name) => {
    if (Object.hasOwn(given, name)) return given[name] as string
    if (!name.startsWith('/')) return name
    return scores.has(name) ? 'class scores' : withoutPath(name)
  }
}

/** Removes what says nothing: the number of the first output, and modules that the next module's name repeats. */
function withoutPath(name: string): string {
  const parts = name.replace(/_output_0$/, '').split('/').slice(1)
  return parts.filter((part, i) => !parts[i + 1]?.startsWith(part)).join('/')
}
