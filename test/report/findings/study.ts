import type { MadeUpFeature } from '../../../src/experiments/foldBaselines.js'
import type { Measure, Metric } from '../../../src/results/metrics.js'
import type { StudyGroup } from '../../../src/results/study.js'
import type { Unit, UnitInputs } from '../../../src/results/unit/schema.js'
import { madeUnit } from '../../results/study.js'

/** A measure's values, one per patch. */
export type Values = readonly (readonly [Measure, readonly number[]])[]

/** Mean similarity of different objects in a made-up group: a similarity of 0.75 is a relative one of 0.5. */
export const NULL_BASELINE = 0.5

/** A group of one layer, `fc`, whose patches have these values; nothing else of it is filled. */
export function groupWith(
  model: string,
  values: Values,
  changes: Partial<UnitInputs> = {},
  baselines: Unit['layers'][number]['baselines'] = null,
): StudyGroup {
  const count = values[0]?.[1].length ?? 0
  const patches = Array.from({ length: count }, (_, i) => `patch ${i}`)
  const units = patches.map((patch) => {
    const { unit } = madeUnit({ model, layers: ['fc'], patch, ...changes })
    return { ...unit, layers: unit.layers.map((layer) => ({ ...layer, baselines })), arrays: {} }
  })
  const { size = 125, stride = 1 } = changes
  const metrics = values.flatMap(([measure, numbers]) =>
    numbers.map((value, i): Metric => ({ model, layer: 'fc', size, patch: patches[i] ?? '', measure, value })),
  )
  return {
    model,
    size,
    rows: 2,
    cols: 2,
    stride,
    frame: 224,
    layers: ['fc'],
    units,
    metrics,
    nullBaseline: [{ same: [], different: [NULL_BASELINE - 0.1, NULL_BASELINE + 0.1] }],
    meanMaps: new Float64Array(20),
  }
}

export const measures = {
  reached: { metric: 'similarity-p5', variant: 'center', anchor: 'center' },
  reachedAtCorner: { metric: 'similarity-p5', variant: 'top-left', anchor: 'top-left' },
  similarity: { metric: 'similarity-mean', variant: 'center' },
  power: (period: number): Measure => ({
    metric: 'grid-spectrum',
    variant: `center vertical ${period}px`,
    anchor: 'center',
    axis: 'vertical',
    period,
  }),
  jaggedness: { metric: 'jaggedness', variant: 'center vertical', anchor: 'center', axis: 'vertical' },
  bias: { metric: 'direction-bias', variant: 'center', anchor: 'center' },
  kept: (confidence: 'confident' | 'unsure'): Measure => ({
    metric: 'answer-kept',
    variant: `center ${confidence}`,
    anchor: 'center',
  }),
  accuracy: (task: string, cv: string): Measure => ({ metric: 'separability-accuracy', variant: `${task} ${cv}` }),
  foldError: (feature: MadeUpFeature): Measure => ({ metric: 'fold-error', variant: feature }),
} as const

/** Numbers around a mean, all within 1 % of it. */
export function around(mean: number, count = 10): readonly number[] {
  return Array.from({ length: count }, (_, i) => mean * (1 + 0.01 * Math.sin(7 * i)))
}
