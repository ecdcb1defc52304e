import { UsageError } from '../../../errors.js'
import { printable } from '../../../support/text.js'
import type { FeatureLayer, Pool, Tokens } from '../../network.js'
import type { ShownTensor } from '../featureNodes.js'
import type { GraphAnalysis } from './analysis.js'

/**
 * Finds the map among the tokens of a tensor [N, T, C] or [N, C, T]: rows and columns that the graph joins, after class
 * and register tokens that it puts before them.
 * @param before number of tokens before the map, if the user states it
 * @returns undefined if the tensor has no tokens, or if the graph does not tell their map
 * @throws UsageError if the tokens after the stated ones do not form a square
 */
export function tokensOf(
  { name, shape }: Pick<ShownTensor, 'shape'> & { readonly name: string },
  { spacings, tensors }: GraphAnalysis,
  before?: number,
): Tokens | undefined {
  if (shape.length !== 3) return undefined
  const isLike = (other: string, axis?: number) => axis === 1 && tensors.get(other)?.shape[1] === shape[1]
  // Attention itself computes tokens in the order of those that it reads.
  const [, like] = [...spacings].find(([other, { tokens }]) => isLike(other, tokens?.axis)) ?? []
  const found = spacings.get(name)?.tokens ?? like?.tokens ?? undefined
  if (before === undefined) return found
  const [square] = [found?.axis ?? 1, 1, 2].flatMap((axis) => squareAfter(before, axis, shape))
  if (square !== undefined) return square
  const count = shape[found?.axis ?? 1] ?? 0
  const side = Math.floor(Math.sqrt(count))
  throw new UsageError(
    `layer "${printable(name)}" has ${count} tokens, and those after the first ${before} do not form a square map; use \`tokens ${count - side * side}\` for a map of ${side}×${side}`,
  )
}

function squareAfter(before: number, axis: number, shape: readonly number[]): readonly Tokens[] {
  const side = Math.sqrt((shape[axis] ?? 0) - before)
  return Number.isInteger(side) && side > 0 ? [{ axis, before, side }] : []
}

/** The tokens of each layer, such as `1 + 14×14`; undefined if no layer has tokens. */
export function tokensText(layers: readonly FeatureLayer[]): string | undefined {
  const texts = layers.map(({ tokens }) => (tokens ? `${tokens.before} + ${tokens.side}×${tokens.side}` : 'none'))
  return layers.some(({ tokens }) => tokens) ? texts.join(', ') : undefined
}

/** How layers were pooled, such as `mean (1 + 14×14 tokens)`. */
export function poolText({ pool, tokens }: { readonly pool?: Pool | undefined; readonly tokens?: string | undefined }) {
  return pool && tokens ? `${pool} (${tokens} tokens)` : (pool ?? 'none')
}
