import { ANCHOR_NAMES, type AnchorName } from '../engine/positions.js'
import { FOLD_SCHEMES, TASKS } from '../experiments/folds.js'
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

/**
 * One cell of Table 3 or 4: mean over patches of the mean accuracy over folds, and of its population standard deviation
 * over folds.
 */
export interface SeparabilitySummary {
  readonly model: string
  readonly layer: string
  readonly size: number
  readonly task: string
  /** How positions are dealt to the folds. */
  readonly cv: string
  readonly loss: string
  readonly accuracy: number
  readonly std: number
  readonly patches: number
}

/**
 * Null baseline: mean and population standard deviation of the cosine between different patches at the same anchor, over
 * all pairs of patches and all anchors.
 */
export interface NullBaselineSummary {
  readonly model: string
  readonly layer: string
  readonly size: number
  /** Whether the two objects are of the same class. */
  readonly classes: 'same' | 'different'
  readonly mean: number
  readonly std: number
  readonly pairs: number
}

/** What summary.json holds. */
export interface Summary {
  readonly similarity: readonly SimilaritySummary[]
  readonly separability: readonly SeparabilitySummary[]
  readonly nullBaseline: readonly NullBaselineSummary[]
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
  return {
    similarity,
    separability: groups.flatMap(summarizeSeparability),
    nullBaseline: groups.flatMap(summarizeNullBaseline),
  }
}

function summarizeNullBaseline({ model, size, layers, nullBaseline }: StudyGroup): readonly NullBaselineSummary[] {
  return layers.flatMap((layer, i) =>
    (['same', 'different'] as const).flatMap((classes) => {
      const values = nullBaseline[i]?.[classes] ?? []
      const pairs = values.length / ANCHOR_NAMES.length
      return pairs === 0 ? [] : [{ model, layer, size, classes, ...meanAndStd(values), pairs }]
    }),
  )
}

function summarizeSeparability({ model, size, layers, units }: StudyGroup): readonly SeparabilitySummary[] {
  const classifiers = units.flatMap(({ inputs }) => inputs.separability ?? [])
  const [classifier] = classifiers
  if (classifier === undefined) return []
  const { loss } = classifier
  const schemes = FOLD_SCHEMES.filter((scheme) => classifiers.some(({ cv }) => cv.includes(scheme)))
  return layers.flatMap((layer, i) =>
    schemes.flatMap((cv) =>
      TASKS.map((task) => {
        const results = units.flatMap((unit) => unit.layers[i]?.separability[cv]?.[task] ?? [])
        const accuracy = meanAndStd(results.map(({ mean }) => mean)).mean
        const std = meanAndStd(results.map((result) => result.std)).mean
        return { model, layer, size, task, cv, loss, accuracy, std, patches: results.length }
      }),
    ),
  )
}

function meanAndStd(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, std: Math.sqrt(variance) }
}
