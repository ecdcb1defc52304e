import { ANCHOR_NAMES, type AnchorName } from '../engine/positions.js'
import { FOLD_SCHEMES, TASKS } from '../experiments/folds.js'
import type { ArithmeticAccuracySummary, ArithmeticSummary } from './arithmeticSummary.js'
import type { Measure } from './metrics.js'
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

/** Patches that a cell of Table 3 or 4 leaves out, since one of their classifiers did not converge. */
export type UnsolvedSummary = Pick<SeparabilitySummary, 'model' | 'layer' | 'size' | 'task' | 'cv' | 'patches'>

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

/** A measure beside the paper's (docs/results.md has a table of them): mean and population standard deviation over patches. */
export interface MeasureSummary extends Measure {
  readonly model: string
  readonly layer: string
  readonly size: number
  readonly mean: number
  readonly std: number
  readonly patches: number
}

/** What a network's numbers say about a claim, in one sentence; findings.json has the evidence. */
export interface FindingSummary {
  readonly model: string
  readonly claim: string
  readonly verdict: 'supported' | 'not supported' | 'cannot be judged'
  readonly sentence: string
}

/** What summary.json holds. */
export interface Summary {
  readonly similarity: readonly SimilaritySummary[]
  readonly separability: readonly SeparabilitySummary[]
  /** Absent where all classifiers converged. */
  readonly notConverged?: readonly UnsolvedSummary[]
  readonly nullBaseline: readonly NullBaselineSummary[]
  /** Coverage, jaggedness, grid spectrum, direction bias, consistency and answers, by the names of metrics.csv. */
  readonly measures: readonly MeasureSummary[]
  /** Of folders that hold units, the most telling first. */
  readonly findings?: readonly FindingSummary[]
  /** Of folders that hold arithmetic: each scene's errors, and the accuracy on random expressions. */
  readonly arithmetic?: readonly ArithmeticSummary[]
  readonly arithmeticAccuracy?: readonly ArithmeticAccuracySummary[]
}

/** The paper's statistics (Tables 1 to 4) and the measures beside them, from the units of a study. */
export function summarize(groups: readonly StudyGroup[]): Summary {
  const similarity = groups.flatMap((group) =>
    group.layers.flatMap((layer, i) =>
      ANCHOR_NAMES.map((anchor) => {
        const means = group.units.map(
          (unit) => (unit.layers[i] as (typeof unit.layers)[number]).similarity[anchor].mean,
        )
        const cell = { model: group.model, layer, size: group.size, anchor, ...meanAndStd(means) }
        return { ...cell, patches: means.length }
      }),
    ),
  )
  const cells = groups.flatMap(separabilityCells)
  const notConverged = cells.flatMap(unsolvedOf)
  return {
    similarity,
    separability: cells.flatMap(summarizeSeparability),
    ...(notConverged.length > 0 && { notConverged }),
    nullBaseline: groups.flatMap(summarizeNullBaseline),
    measures: groups.flatMap(summarizeMeasures),
  }
}

/** Metrics that the tables have already. */
const IN_TABLES = /^(?:similarity-mean|separability-)/

function summarizeMeasures({ model, size, layers, metrics }: StudyGroup): readonly MeasureSummary[] {
  const byLayer = new Map(layers.map((layer) => [layer, new Map<Measure, number[]>()]))
  for (const { layer, measure, value } of metrics) {
    if (IN_TABLES.test(measure.metric)) continue
    const values = byLayer.get(layer)?.get(measure)
    if (values === undefined) byLayer.get(layer)?.set(measure, [value])
    else values.push(value)
  }
  return [...byLayer].flatMap(([layer, measures]) =>
    [...measures].map(([measure, values]) => ({
      model,
      layer,
      size,
      ...measure,
      ...meanAndStd(values),
      patches: values.length,
    })),
  )
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

/** One cell of Table 3 or 4 before the means are taken. */
interface SeparabilityCell extends Omit<SeparabilitySummary, 'accuracy' | 'std' | 'patches'> {
  /** One of each patch. */
  readonly results: readonly { readonly mean: number | null; readonly std: number | null }[]
}

function separabilityCells({ model, size, layers, units }: StudyGroup): readonly SeparabilityCell[] {
  const classifiers = units.flatMap(({ inputs }) => inputs.separability ?? [])
  const [classifier] = classifiers
  if (classifier === undefined) return []
  const { loss } = classifier
  const schemes = FOLD_SCHEMES.filter((scheme) => classifiers.some(({ cv }) => cv.includes(scheme)))
  return layers.flatMap((layer, i) =>
    schemes.flatMap((cv) =>
      TASKS.map((task) => {
        const results = units.flatMap((unit) => unit.layers[i]?.separability[cv]?.[task] ?? [])
        return { model, layer, size, task, cv, loss, results }
      }),
    ),
  )
}

function summarizeSeparability({ results, ...cell }: SeparabilityCell): readonly SeparabilitySummary[] {
  const means = results.flatMap(({ mean }) => mean ?? [])
  if (means.length === 0) return []
  const accuracy = meanAndStd(means).mean
  const std = meanAndStd(results.flatMap((result) => result.std ?? [])).mean
  return [{ ...cell, accuracy, std, patches: means.length }]
}

function unsolvedOf({ results, loss: _, ...cell }: SeparabilityCell): readonly UnsolvedSummary[] {
  const patches = results.filter(({ mean }) => mean === null).length
  return patches === 0 ? [] : [{ ...cell, patches }]
}

/** Mean and population standard deviation. */
export function meanAndStd(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return { mean, std: Math.sqrt(variance) }
}
