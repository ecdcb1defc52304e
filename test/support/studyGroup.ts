import { ANCHOR_NAMES } from '../../src/engine/scene/positions.js'
import type { MadeUpFeature } from '../../src/experiments/classifiers/foldBaselines.js'
import type { FoldScheme } from '../../src/experiments/classifiers/folds.js'
import type { PairSimilarities } from '../../src/experiments/maps/nullBaseline.js'
import { groupRows, type RowKey } from '../../src/results/measures/rows.js'
import type { Variant } from '../../src/results/measures/variant.js'
import type { NetworkPair } from '../../src/results/store/pairs.js'
import type { StudyGroup } from '../../src/results/store/study.js'
import type { UnitInputs } from '../../src/results/unit/schema.js'
import { madeUnit } from './unit.js'

type Measure = Pick<RowKey, 'metric' | 'variant'>

/** A measure's values, one per patch. */
export type Values = readonly (readonly [Measure, readonly number[]])[]

/**
 * Mean similarity of different objects in a made-up group. With it, a similarity of 0.75 is a relative similarity of
 * 0.5.
 */
const NULL_BASELINE = 0.5

/** A group with one layer, `fc`, whose patches have these values. Everything else in it is empty. */
export function groupWith(
  model: string,
  values: Values,
  changes: Partial<UnitInputs> = {},
  baseline: PairSimilarities = { same: [], different: [NULL_BASELINE - 0.1, NULL_BASELINE + 0.1] },
): StudyGroup {
  const units = (values[0]?.[1] ?? []).map((_, i) => {
    const { unit } = madeUnit({ model, layers: ['fc'], patch: `patch ${i}`, ...changes })
    return { ...unit, arrays: {} }
  })
  const numbers = units.map(({ inputs: { patch } }, i) => {
    const measures: Record<string, [Variant, number][]> = {}
    for (const [{ metric, variant }, ofPatches] of values)
      if (i < ofPatches.length) measures[metric] = [...(measures[metric] ?? []), [variant, ofPatches[i] as number]]
    return { patch, numbers: [measures] }
  })
  const { size = 125, stride = 1 } = changes
  const layers = ['fc']
  return {
    model,
    size,
    rows: 8,
    cols: 8,
    stride,
    frame: 224,
    layers,
    units,
    numbers: groupRows({ model, size, layers }, numbers, [baseline]),
    varieties: [],
    meanMaps: new Float64Array(5 * 8 * 8),
  }
}

export const measures = {
  reached: { metric: 'similarity-p5', variant: { anchor: 'center' } },
  reachedAtCorner: { metric: 'similarity-p5', variant: { anchor: 'top-left' } },
  similarity: { metric: 'similarity-mean', variant: { anchor: 'center' } },
  power: (period: number): Measure => ({
    metric: 'grid-spectrum',
    variant: { anchor: 'center', direction: 'vertical', period },
  }),
  jaggedness: { metric: 'jaggedness', variant: { anchor: 'center', direction: 'vertical' } },
  bias: { metric: 'direction-bias', variant: { anchor: 'center' } },
  agreement: (confidence: 'confident' | 'unsure'): Measure => ({
    metric: 'answer-agreement',
    variant: { confidence },
  }),
  relativeAgreement: { metric: 'answer-relative-agreement', variant: { confidence: 'confident' } },
  lead: (cv: FoldScheme): Measure => ({ metric: 'separability-lead', variant: { scheme: cv } }),
  phase: { metric: 'phase-accuracy', variant: { scheme: 'shuffled', period: 32 } },
  foldError: (feature: MadeUpFeature): Measure => ({ metric: 'fold-error', variant: { feature } }),
} as const

/** Numbers close to a mean, at most 1 % away from it. */
export function around(mean: number, count = 10): readonly number[] {
  return Array.from({ length: count }, (_, i) => mean * (1 + 0.01 * Math.sin(7 * i)))
}

/** A group with every measure, and a different map for each anchor. `level` changes all its values. */
function wholeGroup(model: string, size: number, level: number): StudyGroup {
  const schemes = ['ordered', 'shuffled'] as const
  const tasks = [
    ['left-right', 0.95],
    ['top-bottom', 0.85],
  ] as const
  const ofFolds = (metric: string, variant: Variant, value: number) => [
    [{ metric, variant }, around(value * level)] as const,
  ]
  const values: Values = [
    ...ANCHOR_NAMES.map(
      (anchor, i) => [{ metric: 'similarity-mean', variant: { anchor } }, around(level - i / 100)] as const,
    ),
    [measures.reached, around(level - 0.1)],
    [measures.reachedAtCorner, around(level - 0.2)],
    [{ metric: 'coverage', variant: { anchor: 'center', threshold: 0.9 } }, around(level)],
    [{ metric: 'coverage', variant: { anchor: 'center', threshold: 0.95 } }, around(level / 2)],
    [measures.jaggedness, around(level / 100)],
    [{ metric: 'jaggedness', variant: { anchor: 'center', direction: 'horizontal' } }, around(level / 200)],
    [measures.power(8), around((1 - level) / 1000)],
    [measures.power(16), around((1 - level) / 500)],
    [
      { metric: 'grid-spectrum', variant: { anchor: 'center', direction: 'horizontal', period: 8 } },
      around((1 - level) / 2000),
    ],
    [measures.bias, around(level - 0.92)],
    [{ metric: 'neighbour-consistency', variant: { direction: 'vertical', distance: 4 } }, around(level / 2)],
    [{ metric: 'neighbour-consistency', variant: { direction: 'horizontal', distance: 4 } }, around(level / 1.5)],
    [measures.relativeAgreement, around(level)],
    [measures.agreement('confident'), around(level)],
    [measures.agreement('unsure'), around(level / 2, 4)],
    [{ metric: 'answer-right', variant: { anchor: 'center' } }, [1, 1, 1, 0, 0, 1, 1, 1, 1, 1]],
    [{ metric: 'answer-probability', variant: { anchor: 'center' } }, around(level / 1.2)],
    [{ metric: 'answer-fall', variant: { anchor: 'center' } }, around(level / 3)],
    ...[1, 2, 4].flatMap((dx) => [
      [{ metric: 'equivariance-error', variant: { distance: dx, part: 'border' } }, around((dx * level) / 20)] as const,
      [
        { metric: 'equivariance-error', variant: { distance: dx, part: 'aliasing' } },
        around(dx === 4 ? 0 : level),
      ] as const,
    ]),
    ...schemes.flatMap((cv) =>
      tasks.flatMap(([task, accuracy]) => [
        ...ofFolds('separability-accuracy', { task, scheme: cv }, accuracy),
        ...ofFolds('separability-std', { task, scheme: cv }, 0.02),
        ...[1, 2, 3, 4, 5].flatMap((fold) =>
          ofFolds('fold-accuracy', { task, scheme: cv, fold }, accuracy - fold / 50),
        ),
      ]),
    ),
    [{ metric: 'not-converged', variant: { task: 'top-bottom', scheme: 'shuffled' } }, [1, 1]],
    [measures.lead('ordered'), around(level / 10)],
    [measures.phase, around(0.4)],
    [measures.foldError('position'), around(0.02)],
    [measures.foldError('phase'), around(level / 3)],
    [{ metric: 'readout-error', variant: { axis: 'row', test: '16px bands' } }, around(2 - level)],
    [{ metric: 'readout-prediction', variant: { axis: 'row', test: '16px bands', at: 4 } }, around(5 - level)],
    [{ metric: 'readout-prediction', variant: { axis: 'col', test: '16px bands', at: 0 } }, around(level)],
  ]
  const folds = { 'left-right': Array(5).fill(1), 'top-bottom': [0.75, 1, 1, 1, 0.75] }
  const baselines = { period: 32, position: { ordered: folds, shuffled: folds }, phase: { shuffled: folds } }
  const separability = { loss: 'hinge' as const, C: 1, seed: 7, cv: [...schemes] }
  const group = groupWith(model, values, { size, stride: 4, separability })
  return {
    ...group,
    units: group.units.map((unit) => ({ ...unit, layers: unit.layers.map((layer) => ({ ...layer, baselines })) })),
    meanMaps: group.meanMaps.map((_, i) => level + i / 3200),
  }
}

/** The pairs of made-up studies: `net` and its versions. */
export const PAIRS: readonly NetworkPair[] = [
  { kind: 'anti-aliasing', plain: 'net', variant: 'net-aa' },
  { kind: 'no-flips', plain: 'net', variant: 'net-noflip' },
  { kind: 'given', plain: 'net', variant: 'net-new' },
]

/** A network, its two versions and another network, with large and small objects. */
export const WHOLE_STUDY: readonly StudyGroup[] = [
  wholeGroup('net', 125, 0.93),
  wholeGroup('net', 75, 0.95),
  wholeGroup('net-aa', 125, 0.97),
  wholeGroup('net-noflip', 125, 0.94),
  wholeGroup('<b>"other"|', 125, 0.9),
]
