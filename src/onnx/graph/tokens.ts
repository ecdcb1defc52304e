import type { FeatureLayer, Pool, Tokens } from '../../network.js'
import type { TypedTensor } from '../format/onnxFile.js'
import type { GraphAnalysis } from './analysis.js'
import type { ShownTensor } from './shownTensor.js'

/**
 * Finds the map among the tokens of a tensor [N, T, C] or [N, C, T]: rows and columns that the graph joins, after class
 * and register tokens that it puts before them.
 * @param before number of tokens before the map, if the user states it
 * @returns undefined if the tensor has no tokens, if the graph does not tell their map, or if the tokens after the
 * stated ones do not form a square
 */
export function tokensOf(
  { name, shape }: Pick<TypedTensor, 'name'> & Pick<ShownTensor, 'shape'>,
  { spacings, tensors }: GraphAnalysis,
  before?: number,
): Tokens | undefined {
  if (shape.length !== 3) return undefined
  const isLike = (other: string, axis?: number) => axis === 1 && tensors.get(other)?.shape[1] === shape[1]
  // Attention itself computes tokens in the order of those that it reads.
  const [, like] = [...spacings].find(([other, { tokens }]) => isLike(other, tokens?.axis)) ?? []
  const found = spacings.get(name)?.tokens ?? like?.tokens ?? undefined
  if (before === undefined) return found
  const squares = [found?.axis ?? 1, 1, 2].map((axis) => ({
    axis,
    before,
    side: Math.sqrt((shape[axis] ?? 0) - before),
  }))
  return squares.find(({ side }) => Number.isInteger(side) && side > 0)
}

/** The tokens of a map and those before it, such as `1 + 14×14`. */
export function tokensText({ before, side }: Tokens): string {
  return `${before} + ${side}×${side}`
}

/** The tokens of each layer; undefined if no layer has tokens. */
export function allTokensText(layers: readonly FeatureLayer[]): string | undefined {
  const texts = layers.map(({ tokens }) => (tokens ? tokensText(tokens) : 'none'))
  return layers.some(({ tokens }) => tokens) ? texts.join(', ') : undefined
}

/** How layers were pooled, such as `mean (1 + 14×14 tokens)`. */
export function poolText({ pool, tokens }: { readonly pool?: Pool | undefined; readonly tokens?: string | undefined }) {
  return pool && tokens ? `${pool} (${tokens} tokens)` : (pool ?? 'none')
}
