import { ANCHOR_NAMES, type AnchorName } from '../engine/positions.js'
import type { StudyGroup } from './study.js'

/** One cell of Table 1 or 2: mean and population standard deviation over patches of each patch's mean cosine. */
export interface SimilaritySummary {
  readonly model: string
  readonly layer: string
  readonly size: number
  readonly anchor: AnchorName
  readonly mean: number
  readonly std: number
  readonly patches: number
}

/** What summary.json holds. */
export interface Summary {
  readonly similarity: readonly SimilaritySummary[]
}

/** The paper's statistics (SPEC section 1, tables) from the units of a study. */
export function summarize(groups: readonly StudyGroup[]): Summary {
  const similarity = groups.flatMap((group) =>
    group.layers.flatMap((layer, i) =>
      ANCHOR_NAMES.map((anchor) => {
        const means = group.units.map(
          (unit) => (unit.layers[i] as (typeof unit.layers)[number]).similarity[anchor].mean,
        )
        return { model: group.model, layer, size: group.size, anchor, ...meanAndStd(means), patches: means.length }
      }),
    ),
  )
  return { similarity }
}

function meanAndStd(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, std: Math.sqrt(variance) }
}
