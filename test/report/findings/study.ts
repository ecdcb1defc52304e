import type { Measure, Metric } from '../../../src/results/metrics.js'
import type { StudyGroup } from '../../../src/results/study.js'
import type { UnitInputs } from '../../../src/results/unit/schema.js'
import { madeUnit } from '../../results/study.js'

/** A measure's values, one a patch. */
export type Values = readonly (readonly [Measure, readonly number[]])[]

/** A group of one layer, `fc`, whose patches have these values; nothing else of it is filled. */
export function groupWith(model: string, values: Values, changes: Partial<UnitInputs> = {}): StudyGroup {
  const count = values[0]?.[1].length ?? 0
  const patches = Array.from({ length: count }, (_, i) => `patch ${i}`)
  const units = patches.map((patch) => ({ ...madeUnit({ model, layers: ['fc'], patch, ...changes }).unit, arrays: {} }))
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
    nullBaseline: [{ same: [], different: [0.4, 0.6] }],
    meanMaps: new Float64Array(20),
  }
}

export const measures = {
  covered: { metric: 'coverage', variant: 'center>=0.95', anchor: 'center', threshold: 0.95 },
  coveredAtCorner: { metric: 'coverage', variant: 'top-left>=0.95', anchor: 'top-left', threshold: 0.95 },
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
  answer: (what: 'kept' | 'probability' | 'fall'): Measure => ({
    metric: `answer-${what}`,
    variant: 'center',
    anchor: 'center',
  }),
  accuracy: (task: string, cv: string): Measure => ({ metric: 'separability-accuracy', variant: `${task} ${cv}` }),
} as const

/** Numbers around a mean, all within 1 % of it. */
export function around(mean: number, count = 10): readonly number[] {
  return Array.from({ length: count }, (_, i) => mean * (1 + 0.01 * Math.sin(7 * i)))
}
