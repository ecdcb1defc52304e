import { UsageError } from '../../errors.js'
import type { MeanRow } from '../../results/measures/rows.js'

/** Gives the text for the name of a network or layer. */
export type TextOf = (name: string) => string

/** Texts by the names of networks and layers. */
export type DisplayLabels = Readonly<Record<string, string>>

/**
 * Returns the texts that figures and LaTeX tables show. By default, only the names that ONNX exporters make up differ:
 * `/classifier/classifier.1/Gemm_output_0` becomes `classifier.1/Gemm`, or `class scores` if it has the answers.
 * @throws UsageError for a label of neither a network nor a layer
 */
export function displayNames(
  rows: readonly Pick<MeanRow, 'model' | 'layer' | 'metric' | 'variant'>[],
  labels: DisplayLabels,
): TextOf {
  const known = new Set(rows.flatMap(({ model, layer }) => [model, layer]))
  const stray = Object.keys(labels).find((name) => !known.has(name))
  if (stray !== undefined)
    throw UsageError.of`\`labels\` names ${stray}, but the networks and layers are ${[...known].join(', ')}; use these`
  const hasAnswers = ({ metric, variant }: (typeof rows)[number]) =>
    metric === 'answer-agreement' || variant.protocol !== undefined
  const withAnswers = new Set(rows.filter(hasAnswers).map(({ layer }) => layer))
  return (name) => {
    if (Object.hasOwn(labels, name)) return labels[name]!
    if (!/^\/|^output$|^\d+$/.test(name)) return name
    return withAnswers.has(name) ? 'class scores' : withoutPath(name)
  }
}

/** Removes modules that the name of the next module repeats, and the number of the first output. */
function withoutPath(name: string): string {
  const parts = name.replace(/^\/|_output_0$/g, '').split('/')
  return parts.filter((part, i) => !parts[i + 1]?.startsWith(part)).join('/')
}
