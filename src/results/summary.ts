import { ANCHOR_NAMES, type AnchorName } from '../engine/positions.js'
import { MADE_UP_FEATURES } from '../experiments/foldBaselines.js'
import { FOLD_SCHEMES, FOLDS, type FoldScheme, TASKS, type Task } from '../experiments/folds.js'
import type { ArithmeticAccuracySummary, ArithmeticSummary } from './arithmeticSummary.js'
import type { Measure } from './metrics.js'
import type { StudyGroup } from './study.js'

/** Fewer patches than this have no spread worth showing, and decide nothing. */
export const FEWEST_PATCHES = 5
export const FEWEST_PAIRS = (FEWEST_PATCHES * (FEWEST_PATCHES - 1)) / 2

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
  /** Mean over patches of the accuracy on each fold. */
  readonly folds: readonly number[]
  readonly patches: number
}

/** Accuracy by features that are nothing but the position, or nothing but its phase, on a grid of the study. */
export interface FoldBaselineSummary {
  readonly feature: 'position' | 'phase'
  /** Of the phase, in pixels; null: it is the position. */
  readonly period: number | null
  readonly size: number
  /** Positions along each axis. */
  readonly rows: number
  readonly cols: number
  readonly task: string
  readonly cv: string
  readonly accuracy: number
  readonly folds: readonly number[]
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
  /** The claim as a plain clause. */
  readonly title: string
  readonly verdict: 'supported' | 'not supported' | 'cannot be judged'
  readonly sentence: string
  /** Why the verdict is so. */
  readonly reason: string
  /** Of the network, of the size that has most. */
  readonly objects: number
}

/** What summary.json holds. */
export interface Summary {
  readonly similarity: readonly SimilaritySummary[]
  readonly separability: readonly SeparabilitySummary[]
  /** What the folds alone do, once for each grid and period. */
  readonly foldBaselines: readonly FoldBaselineSummary[]
  /** Absent where all classifiers converged. */
  readonly notConverged?: readonly UnsolvedSummary[]
  readonly nullBaseline: readonly NullBaselineSummary[]
  /** Coverage, jaggedness, grid spectrum, direction bias, consistency and answers, by the names of metrics.csv. */
  readonly measures: readonly MeasureSummary[]
  /** Of folders that hold units, claim by claim. */
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
    foldBaselines: summarizeBaselines(groups),
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

type TaskResult = NonNullable<StudyGroup['units'][number]['layers'][number]['separability'][FoldScheme]>[Task]

/** One cell of Table 3 or 4 before the means are taken. */
interface SeparabilityCell extends Omit<SeparabilitySummary, 'accuracy' | 'std' | 'folds' | 'patches'> {
  /** One of each patch. */
  readonly results: readonly TaskResult[]
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
  const solved = results.filter(({ mean }) => mean !== null)
  if (solved.length === 0) return []
  const meanOf = (value: (result: TaskResult) => number | null | undefined) =>
    meanAndStd(solved.map((result) => value(result) ?? 0)).mean
  const folds = Array.from({ length: FOLDS }, (_, fold) => meanOf((result) => result.folds[fold]))
  return [
    { ...cell, accuracy: meanOf(({ mean }) => mean), std: meanOf(({ std }) => std), folds, patches: solved.length },
  ]
}

function summarizeBaselines(groups: readonly StudyGroup[]): readonly FoldBaselineSummary[] {
  const found = new Map<string, FoldBaselineSummary>()
  for (const { size, rows, cols, units } of groups) {
    for (const { baselines } of units.flatMap(({ layers }) => layers)) {
      if (baselines === null) continue
      for (const feature of MADE_UP_FEATURES) {
        for (const cv of FOLD_SCHEMES) {
          for (const task of TASKS) {
            const folds = baselines[feature][cv]?.[task].flatMap((accuracy) => accuracy ?? []) ?? []
            if (folds.length < FOLDS) continue
            const period = feature === 'phase' ? baselines.period : null
            const key = { feature, period, size, rows, cols, task, cv }
            found.set(JSON.stringify(key), { ...key, accuracy: meanAndStd(folds).mean, folds })
          }
        }
      }
    }
  }
  return [...found.values()]
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
