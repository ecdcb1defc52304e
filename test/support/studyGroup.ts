import type { MadeUpFeature } from '../../src/experiments/foldBaselines.js'
import type { FoldScheme } from '../../src/experiments/folds.js'
import type { PairSimilarities } from '../../src/experiments/nullBaseline.js'
import { groupRows, type RowKey } from '../../src/results/rows.js'
import type { StudyGroup } from '../../src/results/study.js'
import type { UnitInputs } from '../../src/results/unit/schema.js'
import { madeUnit } from './unit.js'

type Measure = Pick<RowKey, 'metric' | 'variant'>

/** A measure's values, one per patch. */
export type Values = readonly (readonly [Measure, readonly number[]])[]

/** Mean similarity of different objects in a made-up group: a similarity of 0.75 is a relative one of 0.5. */
export const NULL_BASELINE = 0.5

/** A group of one layer, `fc`, whose patches have these values; nothing else of it is filled. */
export function groupWith(
  model: string,
  values: Values,
  changes: Partial<UnitInputs> = {},
  baseline: PairSimilarities = { same: [], different: [NULL_BASELINE - 0.1, NULL_BASELINE + 0.1] },
): StudyGroup {
  const units = (values[0]?.[1] ?? []).map((_, i) => {
    const { unit } = madeUnit({ model, layers: ['fc'], patch: `patch ${i}`, ...changes })
    const measures: Record<string, Record<string, number>> = {}
    for (const [{ metric, variant }, numbers] of values)
      measures[metric] = { ...measures[metric], [variant]: numbers[i] as number }
    return { ...unit, layers: unit.layers.map((layer) => ({ ...layer, measures })), arrays: {} }
  })
  const { size = 125, stride = 1 } = changes
  const layers = ['fc']
  return {
    ...{ model, size, rows: 2, cols: 2, stride, frame: 224, layers, units },
    numbers: groupRows({ model, size, layers, units }, [baseline]),
    meanMaps: new Float64Array(20),
  }
}

export const measures = {
  reached: { metric: 'similarity-p5', variant: 'center' },
  reachedAtCorner: { metric: 'similarity-p5', variant: 'top-left' },
  similarity: { metric: 'similarity-mean', variant: 'center' },
  power: (period: number): Measure => ({ metric: 'grid-spectrum', variant: `center vertical ${period}px` }),
  jaggedness: { metric: 'jaggedness', variant: 'center vertical' },
  bias: { metric: 'direction-bias', variant: 'center' },
  kept: (confidence: 'confident' | 'unsure'): Measure => ({ metric: 'answer-kept', variant: `center ${confidence}` }),
  lead: (cv: FoldScheme): Measure => ({ metric: 'separability-lead', variant: cv }),
  phase: { metric: 'phase-accuracy', variant: 'shuffled 32px' },
  foldError: (feature: MadeUpFeature): Measure => ({ metric: 'fold-error', variant: feature }),
} as const

/** Numbers around a mean, all within 1 % of it. */
export function around(mean: number, count = 10): readonly number[] {
  return Array.from({ length: count }, (_, i) => mean * (1 + 0.01 * Math.sin(7 * i)))
}
