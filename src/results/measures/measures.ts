import { ANCHOR_NAMES, type AnchorName, positionRange } from '../../engine/scene/positions.js'
import { CONFIDENT } from '../../experiments/answers/confidence.js'
import type { HeadRow } from '../../experiments/answers/headRow.js'
import { HEADS } from '../../experiments/answers/heads.js'
import { MADE_UP_FEATURES, meanAccuracy } from '../../experiments/classifiers/foldBaselines.js'
import { BAND_SCHEMES, FOLD_SCHEMES, TASKS } from '../../experiments/classifiers/folds.js'
import { ERROR_PARTS } from '../../experiments/maps/equivariance.js'
import { indexOf } from '../../experiments/maps/grid.js'
import { gridSpectrum } from '../../experiments/maps/gridSpectrum.js'
import {
  coverage,
  DIRECTIONS,
  directionBias,
  jaggedness,
  lowestPercentile,
  meanAndMin,
} from '../../experiments/maps/mapMeasures.js'
import { answerAgreement } from '../../experiments/maps/windowAnswers.js'
import { type AxisReadout, READ_AXES } from '../../experiments/readout/readout.js'
import { mean } from '../../support/statistics.js'
import { mapAt } from '../unit/arrays.js'
import type { Unit, UnitInputs } from '../unit/schema.js'
import * as tables from './tableKinds.js'
import { type LayerNumbers, type MetricValues, type Variant, valuesOf, variantText } from './variant.js'

/** Whether higher or lower values of a measure are better, or neither. */
export type Better = 'higher' | 'lower' | 'neither'

export interface Metric {
  readonly name: string
  /** Better is the network whose features and answers depend less on the position, or that is right more often. */
  readonly better: Better
  /** Computes a number per variant from one object's results in a layer; absent if the measure needs other results. */
  readonly of?: (layer: MeasuredLayer) => MetricValues
  readonly tables?: readonly MeasureTable[]
}

export type MeasuredLayer = Unit['layers'][number] &
  Pick<Unit, 'rows' | 'cols' | 'anchors' | 'frame'> &
  Pick<UnitInputs, 'size' | 'stride' | 'category'> & {
    /** Cosine similarity maps, one per anchor, [5, rows, cols]. */
    readonly maps: Float32Array
    /** Class index of the answer at each position, [rows, cols]; undefined for a layer without class scores. */
    readonly answerMap?: Float32Array | undefined
  }

interface MeasureTable {
  readonly kind: tables.TableKind
  /** Returns the keys of a variant's column, such as task and fold scheme; undefined if the table does not show it. */
  readonly column: (variant: Variant) => readonly string[] | undefined
}

/**
 * Thresholds of the measure "coverage": the share of positions whose similarity to the anchor reaches the threshold.
 */
const COVERAGE_THRESHOLDS = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99] as const

const CENTER = { anchor: 'center' } as const

/** All measures, in the order in which files, tables and charts list them. */
export const MEASURES: readonly Metric[] = [
  { name: 'answer-relative-agreement', better: 'higher', tables: answerColumn('answer-relative-agreement') },
  {
    name: 'answer-agreement',
    better: 'higher',
    of: (layer) => byConfidence(layer, {}, answerAgreement),
    tables: answerColumn('answer-agreement'),
  },
  { name: 'answer-chance', better: 'neither', tables: answerColumn('answer-chance') },
  { name: 'answer-distinct', better: 'neither', tables: answerColumn('answer-distinct') },
  { name: 'answer-effective', better: 'neither', tables: answerColumn('answer-effective') },
  { name: 'answer-constant', better: 'neither', tables: answerColumn('answer-constant') },
  {
    name: 'answer-kept',
    better: 'higher',
    of: (layer) => byConfidence(layer, CENTER, (answers) => keptShare(answers, layer)),
  },
  {
    name: 'answer-right',
    better: 'higher',
    of: ({ answers }) => (answers === null || answers.right === null ? [] : [[CENTER, Number(answers.right)]]),
    tables: answerColumn('answer-right'),
  },
  {
    name: 'answer-probability',
    better: 'neither',
    of: ({ answers }) => (answers === null ? [] : [[CENTER, answers.anchors.center.probability]]),
    tables: answerColumn('answer-probability'),
  },
  {
    name: 'answer-fall',
    better: 'lower',
    of: ({ answers }) => (answers === null ? [] : [[CENTER, Math.max(0, answers.center.probability - answers.least)]]),
    tables: answerColumn('answer-fall'),
  },
  ...Object.values(HEADS).flatMap(seenMeasures),
  {
    name: 'similarity-mean',
    better: 'higher',
    of: (layer) => eachMap(layer, (map, anchor) => [[{ anchor }, meanAndMin(map).mean]]),
    tables: [{ kind: tables.SIMILARITY, column: (variant) => valuesOf(variant, 'anchor') }],
  },
  {
    name: 'similarity-min',
    better: 'higher',
    of: (layer) => eachMap(layer, (map, anchor) => [[{ anchor }, meanAndMin(map).min]]),
  },
  {
    name: 'similarity-p5',
    better: 'higher',
    of: (layer) => eachMap(layer, (map, anchor) => [[{ anchor }, lowestPercentile(map, 5)]]),
  },
  {
    name: 'coverage',
    better: 'higher',
    of: (layer) =>
      eachMap(layer, (map, anchor) =>
        coverage(map, COVERAGE_THRESHOLDS).map((share, i) => [
          { anchor, threshold: COVERAGE_THRESHOLDS[i] as number },
          share,
        ]),
      ),
  },
  {
    name: 'jaggedness',
    better: 'lower',
    // Jaggedness compares positions that are one pixel apart, so it is measured only at stride 1.
    of: (layer) =>
      layer.stride > 1
        ? []
        : eachMap(layer, (map, anchor) => {
            const steps = jaggedness(map, layer)
            return DIRECTIONS.map((direction) => [{ anchor, direction }, steps[direction]])
          }),
  },
  {
    name: 'grid-spectrum',
    better: 'lower',
    of: (layer) =>
      eachMap(layer, (map, anchor) =>
        gridSpectrum(map, layer, layer.stride).map(({ direction, period, power }) => [
          { anchor, direction, period },
          power,
        ]),
      ),
  },
  {
    name: 'direction-bias',
    better: 'neither',
    of: (layer) =>
      eachMap(layer, (map, anchor) => {
        const [at, first] = [layer.anchors[anchor], layer.anchors['top-left']]
        const fromFirst = { row: at.row - first.row, col: at.col - first.col }
        const bias = directionBias(map, layer, layer.stride, fromFirst)
        return bias === undefined ? [] : [[{ anchor }, bias]]
      }),
  },
  {
    name: 'neighbour-consistency',
    better: 'higher',
    of: ({ consistency, stride }) =>
      DIRECTIONS.flatMap((direction) => {
        const share = consistency[direction]
        return share === null ? [] : [[{ direction, distance: stride }, share] as const]
      }),
  },
  {
    name: 'equivariance-error',
    better: 'lower',
    of: ({ equivariance = [] }) =>
      equivariance.flatMap(({ dx: distance, ...error }) =>
        ERROR_PARTS.flatMap((part) => {
          const value = error[part]
          return value === null ? [] : [[{ distance, part }, value] as const]
        }),
      ),
  },
  {
    name: 'separability-accuracy',
    better: 'neither',
    of: (layer) => eachTask(layer, ({ mean }, variant) => [[variant, mean]]),
    tables: [{ kind: tables.SEPARABILITY, column: (variant) => valuesOf(variant, 'task', 'scheme') }],
  },
  {
    name: 'separability-std',
    better: 'neither',
    of: (layer) => eachTask(layer, ({ std }, variant) => [[variant, std]]),
  },
  {
    name: 'fold-accuracy',
    better: 'neither',
    of: (layer) =>
      eachTask(layer, ({ folds }, variant) => folds.map((accuracy, i) => [{ ...variant, fold: i + 1 }, accuracy])),
    tables: [{ kind: tables.BY_FOLD, column: bandColumn }],
  },
  {
    name: 'not-converged',
    better: 'neither',
    of: ({ separability }) =>
      FOLD_SCHEMES.flatMap((scheme) =>
        TASKS.flatMap((task) => {
          const failed = separability[scheme]?.[task].notConverged.length ?? 0
          return failed === 0 ? [] : [[{ task, scheme }, failed] as const]
        }),
      ),
  },
  {
    // The lead is the accuracy for left-right minus that for top-bottom. This measure is the lead with the layer's
    // features minus the lead with a feature that contains only the position. It is left out if a classifier did not
    // converge.
    name: 'separability-lead',
    better: 'neither',
    of: ({ separability, baselines }) =>
      FOLD_SCHEMES.flatMap((scheme) => {
        const [ahead, behind] = TASKS.map((task) => separability[scheme]?.[task].mean ?? null)
        const byPosition = baselines?.position[scheme]
        if (ahead == null || behind == null || byPosition === undefined) return []
        const [left, top] = TASKS.map((task) => mean(byPosition[task].map((accuracy) => accuracy ?? Number.NaN)))
        const lead = ahead - behind - (left! - top!)
        return Number.isFinite(lead) ? [[{ scheme }, lead] as const] : []
      }),
  },
  {
    name: 'phase-accuracy',
    better: 'neither',
    of: ({ baselines }) => {
      const shuffled = baselines?.phase.shuffled
      const accuracy = shuffled ? meanAccuracy(shuffled) : Number.NaN
      return baselines && Number.isFinite(accuracy)
        ? [[{ scheme: 'shuffled', period: baselines.period }, accuracy]]
        : []
    },
  },
  {
    name: 'fold-error',
    better: 'neither',
    of: ({ foldErrors }) => (foldErrors ? MADE_UP_FEATURES.map((feature) => [{ feature }, foldErrors[feature]]) : []),
  },
  {
    name: 'readout-error',
    better: 'neither',
    of: (layer) => eachReadout(layer, ({ error }) => error),
    tables: [{ kind: tables.READOUT_ERROR, column: (variant) => valuesOf(variant, 'axis', 'test') }],
  },
  { name: 'readout-distance', better: 'neither', of: (layer) => eachReadout(layer, ({ distance }) => distance) },
  {
    name: 'readout-prediction',
    better: 'neither',
    of: ({ readout = [] }) =>
      READ_AXES.flatMap((axis) => {
        const shown = SHOWN_BANDS.flatMap((test) => readout.filter((one) => one.axis === axis && one.test === test))[0]
        if (shown === undefined) return []
        const { test, predictions } = shown
        return predictions.map(({ at, predicted }) => [{ axis, test, at }, Math.round(100 * predicted) / 100] as const)
      }),
  },
  {
    name: 'null-baseline',
    better: 'neither',
    tables: [{ kind: tables.NULL_BASELINE, column: (variant) => [variantText(variant)] }],
  },
  {
    name: 'arithmetic-exact',
    better: 'higher',
    tables: [{ kind: tables.ARITHMETIC_EXACT, column: kindColumn }, ...accuracyColumn('exact')],
  },
  { name: 'arithmetic-recall', better: 'higher', tables: accuracyColumn('recall') },
  { name: 'arithmetic-false-objects', better: 'lower', tables: accuracyColumn('false objects') },
  { name: 'arithmetic-left-over', better: 'lower' },
  { name: 'arithmetic-phantoms', better: 'lower' },
]

/** Names the measures. Stored numbers are used only if it is the same. */
export const MEASURES_VERSION = MEASURES.filter(({ of }) => of !== undefined)
  .map(({ name }) => name)
  .join(', ')

export function measureLayer(layer: MeasuredLayer): LayerNumbers {
  const entries = MEASURES.flatMap(({ name, of }) => {
    const numbers = of?.(layer) ?? []
    return numbers.length === 0 ? [] : [[name, numbers] as const]
  })
  return Object.fromEntries(entries)
}

function eachMap(layer: MeasuredLayer, measure: (map: Float32Array, anchor: AnchorName) => MetricValues): MetricValues {
  return ANCHOR_NAMES.flatMap((anchor, i) => measure(mapAt(layer.maps, layer, 0, i), anchor))
}

/** Calls `measure` for each combination of task and fold scheme whose classifiers all converged. */
function eachTask(
  { separability }: MeasuredLayer,
  measure: (
    result: { readonly mean: number; readonly std: number; readonly folds: readonly number[] },
    variant: Variant,
  ) => MetricValues,
): MetricValues {
  return FOLD_SCHEMES.flatMap((scheme) =>
    TASKS.flatMap((task) => {
      const { mean, std, folds } = separability[scheme]?.[task] ?? { mean: null, std: null, folds: [] }
      const solved = folds.flatMap((accuracy) => accuracy ?? [])
      return mean === null || std === null ? [] : measure({ mean, std, folds: solved }, { task, scheme })
    }),
  )
}

/**
 * Tests whose bands are so wide that they show whether features contain the position or only its phase (the position
 * modulo a period). Predictions are stored only for the first of these tests that the grid of positions allows.
 */
const SHOWN_BANDS = ['16px bands', '32px bands', '64px bands'] as const

function eachReadout({ readout = [] }: MeasuredLayer, value: (one: AxisReadout) => number): MetricValues {
  return readout.map((one) => [{ axis: one.axis, test: one.test }, value(one)])
}

/** A number of the answers at all positions, once for all objects, and once for those with this confidence. */
function byConfidence(
  { answers, answerMap }: MeasuredLayer,
  variant: Variant,
  of: (answerMap: Float32Array) => number,
): MetricValues {
  if (answers === null || answerMap === undefined) return []
  const value = of(answerMap)
  const confidence = answers.anchors.center.probability >= CONFIDENT ? 'confident' : 'unsure'
  return [
    [variant, value],
    [{ ...variant, confidence }, value],
  ]
}

/**
 * Share of positions with the same answer as at the position nearest to the center. The center itself may lie between
 * the positions, and its answer may be one that no position has.
 */
function keptShare(answers: Float32Array, { rows, cols, stride, frame, size, anchors }: MeasuredLayer): number {
  const { first } = positionRange(frame, size)
  const atCenter = answers[indexOf(anchors.center, { rows, cols, stride, first })]
  return answers.reduce((count, answer) => count + Number(answer === atCenter), 0) / answers.length
}

function answerColumn(metric: string): readonly MeasureTable[] {
  const columnOf = ({ confidence }: Variant) => {
    const column = tables.ANSWER_COLUMNS.find((one) => one.metric === metric && one.confidence === confidence)
    return column && [column.name]
  }
  return [{ kind: tables.ANSWERS, column: columnOf }]
}

/** The measures of what a head sees of objects. */
function seenMeasures({ measures, table }: HeadRow): readonly Metric[] {
  const kind = table && tables.seenTable(table)
  return measures.map(({ name, better }) => ({
    ...{ name, better },
    of: ({ answers }) => [answers?.seen?.[name] ?? []].flat().map((value) => [{}, value]),
    ...(kind && { tables: [{ kind, column: () => [name] }] }),
  }))
}

function bandColumn(variant: Variant): readonly string[] | undefined {
  const isBand = BAND_SCHEMES.some((scheme) => scheme === variant.scheme)
  return isBand ? valuesOf(variant, 'scheme', 'task', 'fold') : undefined
}

/** Names that tables show for the entries of JUDGED and REFERENCES. */
export const JUDGED_NAMES = { zero: 'from zero', blank: 'from blank', control: 'no arithmetic' } as const
const REFERENCE_NAMES = { features: 'features', decoded: 'decoded scenes', pixels: 'pixels' } as const

/** A variant's column in the table ARITHMETIC_EXACT; undefined for the control and for comparisons with pixels. */
function kindColumn({ judged, reference, kind }: Variant): readonly string[] | undefined {
  if (judged === undefined || reference === undefined || kind === undefined) return undefined
  if (judged === 'control' || reference === 'pixels') return undefined
  return [JUDGED_NAMES[judged], REFERENCE_NAMES[reference], kind]
}

/** Columns of a measure in the table of accuracies. The table shows only the kind `all`: all expressions together. */
function accuracyColumn(measure: string): readonly MeasureTable[] {
  const column = ({ judged, reference, kind }: Variant) => {
    if (judged === undefined || reference === undefined || kind !== 'all') return undefined
    return [JUDGED_NAMES[judged], REFERENCE_NAMES[reference], measure]
  }
  return [{ kind: tables.ARITHMETIC_ACCURACY, column }]
}
