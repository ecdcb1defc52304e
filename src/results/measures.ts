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

/**
 * Everything that is measured of a unit, and how it is shown. Each entry is one measure: its name in metrics.csv and
 * summary.json, how it is computed from a layer, and the tables and the chart that show it.
 */
export interface Measure {
  readonly name: string
  /**
   * Its numbers for one layer, each with its variant. Numbers that the stride cannot show, or that the layer does not
   * have, are left out. Absent if the numbers do not belong to single units.
   */
  readonly of?: (layer: MeasuredLayer) => Numbers
  readonly tables?: readonly MeasureTable[]
  readonly chart?: MeasureChart
}

type Numbers = Iterable<readonly [variant: string, value: number]>

/** A layer of a unit before its measures are known. */
export interface MeasuredLayer extends Omit<Unit['layers'][number], 'measures'> {
  readonly rows: number
  readonly cols: number
  /** Distance of neighbouring positions in pixels. */
  readonly stride: number
  /** Cosine maps, [5, rows, cols]. */
  readonly maps: Float32Array
  readonly consistency: MapConsistency
  /**
   * Difference between the fold accuracies and those of made-up features, `position` and `phase`; null if not measured.
   */
  readonly foldErrors: Pick<FoldPrediction, 'position' | 'phase'> | null
  /** Errors of a layer that is a map, if they were measured. */
  readonly equivariance?: readonly EquivarianceError[] | undefined
  /** Undefined if not measured. */
  readonly readout?: readonly AxisReadout[] | undefined
}

interface MeasureTable {
  readonly kind: tables.TableKind
  /**
   * The table's column for a variant, as one value for each key of the table; undefined if the table has no such
   * column.
   */
  readonly column: (variant: string) => readonly string[] | undefined
}

/** Thresholds of coverage: the share of positions at least this similar to the anchor. */
const COVERAGE_THRESHOLDS = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99] as const

/** The measures in their order in files. Tables and charts follow the same order. */
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
    // Jaggedness compares neighbours that are one pixel apart, so it needs stride 1.
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
    // Lead of left-right over top-bottom, minus the lead that the position alone gives. Left out if a classifier did
    // not converge.
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
    of: ({ foldErrors }) => (foldErrors === null ? [] : MADE_UP_FEATURES.map((name) => [name, foldErrors[name]])),
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
        // Hundredths of a pixel are enough for a chart.
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

/** All measures of a layer, as unit.json holds them: numbers by metric and variant. */
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

/** Accuracies of each task and fold scheme whose classifiers all converged. */
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
 * Bands whose predictions are kept: the first of these that a grid has. They tell a phase of 8 to 32 px from the
 * position.
 */
const SHOWN_BANDS = ['16px bands', '32px bands', '64px bands'] as const

function eachReadout({ readout = [] }: MeasuredLayer, value: (one: AxisReadout) => number): Numbers {
  return readout.map((one) => [`${one.axis} ${one.test}`, value(one)])
}

/** Column of a variant such as "row 8px bands". */
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

/**
 * Names of the judged vectors of arithmetic. `REFERENCE_NAMES` names the references by which objects are looked for.
 */
export const JUDGED_NAMES = { zero: 'from zero', blank: 'from blank', control: 'no arithmetic' } as const
const REFERENCE_NAMES = { features: 'features', decoded: 'decoded scenes', pixels: 'pixels' } as const

type ArithmeticVariant = [judged: keyof typeof JUDGED_NAMES, reference: keyof typeof REFERENCE_NAMES, kind: string]

/** Column of one kind of expressions, for the tables of decoded scenes and of features. */
function kindColumn(variant: string): readonly string[] | undefined {
  const [judged, reference, kind] = variant.split(' ') as ArithmeticVariant
  if (judged === 'control' || reference === 'pixels') return undefined
  return [JUDGED_NAMES[judged], REFERENCE_NAMES[reference], kind]
}

/** Column of all kinds of expressions together. */
function accuracyColumn(measure: string): readonly MeasureTable[] {
  const column = (variant: string) => {
    const [judged, reference, kind] = variant.split(' ') as ArithmeticVariant
    return kind === 'all' ? [JUDGED_NAMES[judged], REFERENCE_NAMES[reference], measure] : undefined
  }
  return [{ kind: tables.ARITHMETIC_ACCURACY, column }]
}
