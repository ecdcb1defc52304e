import { ANCHOR_NAMES, type AnchorName } from '../engine/positions.js'
import { CONFIDENT } from '../experiments/answers.js'
import { type EquivarianceError, ERROR_PARTS } from '../experiments/equivariance.js'
import { MADE_UP_FEATURES, meanAccuracy } from '../experiments/foldBaselines.js'
import { BAND_SCHEMES, FOLD_SCHEMES, TASKS } from '../experiments/folds.js'
import { gridSpectrum } from '../experiments/gridSpectrum.js'
import {
  coverage,
  DIRECTIONS,
  directionBias,
  jaggedness,
  lowestPercentile,
  type MapConsistency,
} from '../experiments/mapMeasures.js'
import { type AxisReadout, READ_AXES } from '../experiments/readout.js'
import type { FoldPrediction } from '../experiments/strideFolds.js'
import { mean } from '../support/statistics.js'
import type { MeasureChart } from './chartKinds.js'
import * as charts from './chartKinds.js'
import * as tables from './tableKinds.js'
import type { Unit } from './unit/schema.js'

export interface Measure {
  readonly name: string
  /** Computes a number per variant from one object's results in a layer; absent if the measure needs other results. */
  readonly of?: (layer: MeasuredLayer) => Numbers
  readonly tables?: readonly MeasureTable[]
  readonly chart?: MeasureChart
}

type Numbers = Iterable<readonly [variant: string, value: number]>

export interface MeasuredLayer extends Omit<Unit['layers'][number], 'measures'> {
  readonly rows: number
  readonly cols: number
  /** Distance between neighbouring positions in pixels. */
  readonly stride: number
  /** Cosine similarity maps, one per anchor, [5, rows, cols]. */
  readonly maps: Float32Array
  readonly consistency: MapConsistency
  /**
   * Mean absolute difference between the layer's fold accuracies and those of a simple feature (`position` or `phase`).
   * Undefined if not measured.
   */
  readonly foldErrors?: FoldPrediction | undefined
  /** Undefined if not measured, or if the layer is not a feature map. */
  readonly equivariance?: readonly EquivarianceError[] | undefined
  readonly readout?: readonly AxisReadout[] | undefined
}

interface MeasureTable {
  readonly kind: tables.TableKind
  /** Returns the keys of a variant's column, such as task and fold scheme; undefined if the table does not show it. */
  readonly column: (variant: string) => readonly string[] | undefined
}

/**
 * Thresholds of the measure "coverage": the share of positions whose similarity to the anchor reaches the threshold.
 */
const COVERAGE_THRESHOLDS = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99] as const

/** All measures, in the order in which files, tables and charts list them. */
export const MEASURES: readonly Measure[] = [
  {
    name: 'answer-kept',
    of: ({ answers }) => {
      if (answers === null) return []
      const confidence = answers.center.probability >= CONFIDENT ? 'confident' : 'unsure'
      return ['center', `center ${confidence}`].map((variant) => [variant, answers.kept])
    },
    tables: answerColumn('answer-kept'),
  },
  {
    name: 'answer-right',
    of: ({ answers }) => (answers === null || answers.right === null ? [] : [['center', Number(answers.right)]]),
    tables: answerColumn('answer-right'),
  },
  {
    name: 'answer-probability',
    of: ({ answers }) => (answers === null ? [] : [['center', answers.center.probability]]),
    tables: answerColumn('answer-probability'),
  },
  {
    name: 'answer-fall',
    of: ({ answers }) =>
      answers === null ? [] : [['center', Math.max(0, answers.center.probability - answers.least)]],
    tables: answerColumn('answer-fall'),
  },
  {
    name: 'similarity-mean',
    of: ({ similarity }) => ANCHOR_NAMES.map((anchor) => [anchor, similarity[anchor].mean]),
    tables: [{ kind: tables.SIMILARITY, column: (anchor) => [anchor] }],
    chart: charts.SIMILARITY_AND_BASELINE,
  },
  {
    name: 'similarity-min',
    of: ({ similarity }) => ANCHOR_NAMES.map((anchor) => [anchor, similarity[anchor].min]),
  },
  {
    name: 'similarity-p5',
    of: (layer) => eachMap(layer, (map, anchor) => [[anchor, lowestPercentile(map, 5)]]),
  },
  {
    name: 'coverage',
    of: (layer) =>
      eachMap(layer, (map, anchor) =>
        coverage(map, COVERAGE_THRESHOLDS).map((share, i) => [`${anchor}>=${COVERAGE_THRESHOLDS[i]}`, share]),
      ),
    chart: charts.COVERAGE,
  },
  {
    name: 'jaggedness',
    // Jaggedness compares positions that are one pixel apart, so it is measured only at stride 1.
    of: (layer) =>
      layer.stride > 1
        ? []
        : eachMap(layer, (map, anchor) => {
            const steps = jaggedness(map, layer)
            return DIRECTIONS.map((direction) => [`${anchor} ${direction}`, steps[direction]])
          }),
    chart: charts.JAGGEDNESS,
  },
  {
    name: 'grid-spectrum',
    of: (layer) =>
      eachMap(layer, (map, anchor) =>
        gridSpectrum(map, layer, layer.stride).map(({ direction, period, power }) => [
          `${anchor} ${direction} ${period}px`,
          power,
        ]),
      ),
    chart: charts.GRID_SPECTRUM,
  },
  {
    name: 'direction-bias',
    of: (layer) =>
      eachMap(layer, (map, anchor) => {
        const bias = directionBias(map, layer, layer.stride, layer.similarity[anchor])
        return bias === undefined ? [] : [[anchor, bias]]
      }),
  },
  {
    name: 'consistency',
    of: ({ consistency, stride }) =>
      DIRECTIONS.flatMap((direction) => {
        const share = consistency[direction]
        return share === null ? [] : [[`${direction} ${stride}px`, share] as const]
      }),
    chart: charts.CONSISTENCY,
  },
  {
    name: 'equivariance-error',
    of: ({ equivariance = [] }) =>
      equivariance.flatMap((error) => ERROR_PARTS.map((part) => [`${error.dx}px ${part}`, error[part]] as const)),
    chart: charts.EQUIVARIANCE,
  },
  {
    name: 'separability-accuracy',
    of: (layer) => eachTask(layer, ({ mean }, variant) => [[variant, mean]]),
    tables: [{ kind: tables.SEPARABILITY, column: (variant) => variant.split(' ') }],
  },
  { name: 'separability-std', of: (layer) => eachTask(layer, ({ std }, variant) => [[variant, std]]) },
  {
    name: 'fold-accuracy',
    of: (layer) =>
      eachTask(layer, ({ folds }, variant) => folds.map((accuracy, i) => [`${variant} ${i + 1}`, accuracy])),
    tables: [{ kind: tables.BY_FOLD, column: bandColumn }],
  },
  {
    name: 'not-converged',
    of: ({ separability }) =>
      FOLD_SCHEMES.flatMap((cv) =>
        TASKS.flatMap((task) => {
          const failed = separability[cv]?.[task].notConverged.length ?? 0
          return failed === 0 ? [] : [[`${task} ${cv}`, failed] as const]
        }),
      ),
  },
  {
    // The lead is the accuracy for left-right minus that for top-bottom. This measure is the lead with the layer's
    // features minus the lead with a feature that contains only the position. It is left out if a classifier did not
    // converge.
    name: 'separability-lead',
    of: ({ separability, baselines }) =>
      FOLD_SCHEMES.flatMap((cv) => {
        const [ahead, behind] = TASKS.map((task) => separability[cv]?.[task].mean ?? null)
        const byPosition = baselines?.position[cv]
        if (ahead == null || behind == null || byPosition === undefined) return []
        const [left, top] = TASKS.map((task) => mean(byPosition[task].map((accuracy) => accuracy ?? Number.NaN)))
        const lead = ahead - behind - ((left as number) - (top as number))
        return Number.isFinite(lead) ? [[cv, lead] as const] : []
      }),
  },
  {
    name: 'phase-accuracy',
    of: ({ baselines }) => {
      const shuffled = baselines?.phase.shuffled
      const accuracy = shuffled ? meanAccuracy(shuffled) : Number.NaN
      return baselines && Number.isFinite(accuracy) ? [[`shuffled ${baselines.period}px`, accuracy]] : []
    },
  },
  {
    name: 'fold-error',
    of: ({ foldErrors }) => (foldErrors ? MADE_UP_FEATURES.map((name) => [name, foldErrors[name]]) : []),
  },
  {
    name: 'readout-error',
    of: (layer) => eachReadout(layer, ({ error }) => error),
    tables: [{ kind: tables.READOUT_ERROR, column: readoutColumn }],
  },
  { name: 'readout-distance', of: (layer) => eachReadout(layer, ({ distance }) => distance) },
  {
    name: 'readout-prediction',
    of: ({ readout = [] }) =>
      READ_AXES.flatMap((axis) => {
        const shown = SHOWN_BANDS.flatMap((test) => readout.filter((one) => one.axis === axis && one.test === test))[0]
        return (shown?.predictions ?? []).map(
          ({ at, predicted }) => [`${axis} ${shown?.test} ${at}px`, Math.round(100 * predicted) / 100] as const,
        )
      }),
    chart: charts.READOUT,
  },
  { name: 'null-baseline', tables: [{ kind: tables.NULL_BASELINE, column: (classes) => [classes] }] },
  {
    name: 'arithmetic-exact',
    tables: [{ kind: tables.ARITHMETIC_EXACT, column: kindColumn }, ...accuracyColumn('exact')],
  },
  { name: 'arithmetic-recall', tables: accuracyColumn('recall') },
  { name: 'arithmetic-false-objects', tables: accuracyColumn('false objects') },
  { name: 'arithmetic-left-over' },
  { name: 'arithmetic-phantoms' },
]

/** Computes all measures of a layer for unit.json. The result has a number for each measure and variant. */
export function measureLayer(layer: MeasuredLayer): Unit['layers'][number]['measures'] {
  const entries = MEASURES.flatMap(({ name, of }) => {
    const numbers = Object.fromEntries(of?.(layer) ?? [])
    return Object.keys(numbers).length === 0 ? [] : [[name, numbers] as const]
  })
  return Object.fromEntries(entries)
}

function eachMap(
  { maps, rows, cols }: MeasuredLayer,
  measure: (map: Float32Array, anchor: AnchorName) => readonly (readonly [string, number])[],
): Numbers {
  const length = rows * cols
  return ANCHOR_NAMES.flatMap((anchor, i) => measure(maps.subarray(i * length, (i + 1) * length), anchor))
}

/** Calls `measure` for each combination of task and fold scheme whose classifiers all converged. */
function eachTask(
  { separability }: MeasuredLayer,
  measure: (
    result: { readonly mean: number; readonly std: number; readonly folds: readonly number[] },
    variant: string,
  ) => readonly (readonly [string, number])[],
): Numbers {
  return FOLD_SCHEMES.flatMap((cv) =>
    TASKS.flatMap((task) => {
      const { mean, std, folds } = separability[cv]?.[task] ?? { mean: null, std: null, folds: [] }
      const solved = folds.flatMap((accuracy) => accuracy ?? [])
      return mean === null || std === null ? [] : measure({ mean, std, folds: solved }, `${task} ${cv}`)
    }),
  )
}

/**
 * Tests whose bands are so wide that they show whether features contain the position or only its phase (the position
 * modulo a period). Predictions are stored only for the first of these tests that the grid of positions allows.
 */
const SHOWN_BANDS = ['16px bands', '32px bands', '64px bands'] as const

function eachReadout({ readout = [] }: MeasuredLayer, value: (one: AxisReadout) => number): Numbers {
  return readout.map((one) => [`${one.axis} ${one.test}`, value(one)])
}

/** Splits a variant such as "row 8px bands" into the two keys of its column: axis and test. */
function readoutColumn(variant: string): readonly string[] {
  const [axis = '', ...test] = variant.split(' ')
  return [axis, test.join(' ')]
}

function answerColumn(metric: string): readonly MeasureTable[] {
  const columnOf = (variant: string) => {
    const column = tables.ANSWER_COLUMNS[`${metric} ${variant}`]
    return column && [column.name]
  }
  return [{ kind: tables.ANSWERS, column: columnOf }]
}

function bandColumn(variant: string): readonly string[] | undefined {
  const [task = '', cv = '', fold = ''] = variant.split(' ')
  return BAND_SCHEMES.some((scheme) => scheme === cv) ? [cv, task, fold] : undefined
}

/** Names that tables show for the entries of JUDGED and REFERENCES. */
export const JUDGED_NAMES = { zero: 'from zero', blank: 'from blank', control: 'no arithmetic' } as const
const REFERENCE_NAMES = { features: 'features', decoded: 'decoded scenes', pixels: 'pixels' } as const

type ArithmeticVariant = [judged: keyof typeof JUDGED_NAMES, reference: keyof typeof REFERENCE_NAMES, kind: string]

/** A variant's column in the table ARITHMETIC_EXACT; undefined for the control and for comparisons with pixels. */
function kindColumn(variant: string): readonly string[] | undefined {
  const [judged, reference, kind] = variant.split(' ') as ArithmeticVariant
  if (judged === 'control' || reference === 'pixels') return undefined
  return [JUDGED_NAMES[judged], REFERENCE_NAMES[reference], kind]
}

/** Columns of a measure in the table of accuracies. The table shows only the kind `all`: all expressions together. */
function accuracyColumn(measure: string): readonly MeasureTable[] {
  const column = (variant: string) => {
    const [judged, reference, kind] = variant.split(' ') as ArithmeticVariant
    return kind === 'all' ? [JUDGED_NAMES[judged], REFERENCE_NAMES[reference], measure] : undefined
  }
  return [{ kind: tables.ARITHMETIC_ACCURACY, column }]
}
