import { ANCHOR_NAMES, type AnchorName } from '../engine/positions.js'
import { CONFIDENT } from '../experiments/answers.js'
import { directionBias } from '../experiments/directionBias.js'
import { MADE_UP_FEATURES } from '../experiments/foldBaselines.js'
import { FOLD_SCHEMES, TASKS } from '../experiments/folds.js'
import { gridSpectrum } from '../experiments/gridSpectrum.js'
import { AXES, type Axis, coverage, jaggedness, lowestPercentile } from '../experiments/mapMeasures.js'
import { csvCell } from './csv.js'
import type { Unit } from './unit/schema.js'

/** What a number measures. Which of the keys there are depends on the metric. */
export interface Measure {
  readonly metric: string
  /** The keys in one text: an anchor, with an axis, a period or a threshold; a task and fold scheme. */
  readonly variant: string
  readonly anchor?: AnchorName
  /** Along which the object moves. */
  readonly axis?: Axis
  /** Of coverage: the similarity that counts as the same. */
  readonly threshold?: number
  /** Of the grid spectrum, in pixels. */
  readonly period?: number
  /** Of neighbours, in pixels. */
  readonly distance?: number
}

/** A row of metrics.csv: one number about one patch, size, network and layer. */
export interface Metric {
  readonly model: string
  readonly layer: string
  readonly size: number
  readonly patch: string
  readonly measure: Measure
  readonly value: number
}

/** Thresholds of coverage: the share of positions at least this similar to the anchor. */
export const COVERAGE_THRESHOLDS = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99] as const

/** A number and what it measures. */
export type Measured = readonly [Measure, number]

/**
 * What is measured of each of a unit's layers. What its stride cannot show is left out: jaggedness is of 1-pixel
 * neighbours, and the grid spectrum has the periods that its positions can tell apart. Neighbours of consistency are one
 * stride apart, as the variant says.
 * @param maps cosine maps, [layers, 5, rows, cols]
 */
export function measureLayers(unit: Unit, maps: Float32Array): readonly (readonly Measured[])[] {
  return unit.layers.map((layer, i) => {
    const length = ANCHOR_NAMES.length * unit.rows * unit.cols
    return [
      ...ofMaps(unit, layer, maps.subarray(i * length, (i + 1) * length)),
      ...ofNeighbours(unit, layer),
      ...ofAnswers(layer),
      ...ofClassifiers(layer),
      ...ofFoldErrors(layer),
    ]
  })
}

/**
 * The rows of metrics.csv about a unit.
 * @param measured of each layer, by `measureLayers`, also in another thread
 */
export function unitMetrics(unit: Unit, measured: readonly (readonly Measured[])[]): readonly Metric[] {
  const { model, size, patch } = unit.inputs
  return unit.layers.flatMap(({ name: layer }, i) =>
    (measured[i] as readonly Measured[]).map(([measure, value]) => ({
      model,
      layer,
      size,
      patch,
      measure: sameMeasure(measure),
      value,
    })),
  )
}

type Layer = Unit['layers'][number]

/** @param maps of one layer, [5, rows, cols] */
function ofMaps(unit: Unit, { similarity }: Layer, maps: Float32Array): readonly Measured[] {
  const { stride } = unit.inputs
  const positions = unit.rows * unit.cols
  return ANCHOR_NAMES.flatMap((anchor, j): readonly Measured[] => {
    const map = maps.subarray(j * positions, (j + 1) * positions)
    const { mean, min } = similarity[anchor]
    const bias = directionBias(map, unit, stride, similarity[anchor])
    const covered = coverage(map, COVERAGE_THRESHOLDS)
    const steps = stride === 1 ? jaggedness(map, unit) : undefined
    return [
      [measure('similarity-mean', anchor), mean],
      [measure('similarity-min', anchor), min],
      [measure('similarity-p5', anchor, { anchor }), lowestPercentile(map, 5)],
      ...COVERAGE_THRESHOLDS.map(
        (threshold, k) =>
          [measure('coverage', `${anchor}>=${threshold}`, { anchor, threshold }), covered[k] as number] as const,
      ),
      ...(steps === undefined
        ? []
        : AXES.map((axis) => [measure('jaggedness', `${anchor} ${axis}`, { anchor, axis }), steps[axis]] as const)),
      ...gridSpectrum(map, unit, stride).map(
        ({ axis, period, power }) =>
          [measure('grid-spectrum', `${anchor} ${axis} ${period}px`, { anchor, axis, period }), power] as const,
      ),
      ...(bias === undefined ? [] : [[measure('direction-bias', anchor, { anchor }), bias] as const]),
    ]
  })
}

function ofNeighbours({ inputs }: Unit, { consistency }: Layer): readonly Measured[] {
  const distance = inputs.stride
  return AXES.flatMap((axis): readonly Measured[] => {
    const share = consistency[axis]
    return share === null ? [] : [[measure('consistency', `${axis} ${distance}px`, { axis, distance }), share]]
  })
}

/** What the network takes the object for at the center, and elsewhere. */
function ofAnswers({ answers }: Layer): readonly Measured[] {
  if (answers === null) return []
  const anchor = 'center'
  const { center, right, kept, least } = answers
  const confidence = center.probability >= CONFIDENT ? 'confident' : 'unsure'
  return [
    [measure('answer-kept', anchor, { anchor }), kept],
    [measure('answer-kept', `${anchor} ${confidence}`, { anchor }), kept],
    ...(right === null ? [] : [[measure('answer-right', anchor, { anchor }), Number(right)] as const]),
    [measure('answer-probability', anchor, { anchor }), center.probability],
    [measure('answer-fall', anchor, { anchor }), Math.max(0, center.probability - least)],
  ]
}

function ofClassifiers({ separability }: Layer): readonly Measured[] {
  return FOLD_SCHEMES.flatMap((cv) =>
    TASKS.flatMap((task): readonly Measured[] => {
      const result = separability[cv]?.[task]
      if (result === undefined || result.mean === null || result.std === null) return []
      return [
        [measure('separability-accuracy', `${task} ${cv}`), result.mean],
        [measure('separability-std', `${task} ${cv}`), result.std],
      ]
    }),
  )
}

/** How far the folds are from what position alone, or phase alone, predicts. */
function ofFoldErrors({ foldErrors }: Layer): readonly Measured[] {
  if (foldErrors === null) return []
  return MADE_UP_FEATURES.map((feature) => [measure('fold-error', feature), foldErrors[feature]] as const)
}

function measure(metric: string, variant: string, keys: Omit<Measure, 'metric' | 'variant'> = {}): Measure {
  return { metric, variant, ...keys }
}

const knownMeasures = new Map<string, Measure>()

/** The same object for the same measure, since a study has hundreds of thousands of numbers of a hundred measures. */
function sameMeasure(measure: Measure): Measure {
  const name = `${measure.metric} ${measure.variant}`
  const known = knownMeasures.get(name)
  if (known !== undefined) return known
  knownMeasures.set(name, measure)
  return measure
}

/** Rows of metrics.csv that are put into one piece of text. */
const ROWS_PER_PIECE = 10_000

/** metrics.csv: tidy, one value a row; in consecutive pieces. */
export function* metricsCsv(metrics: readonly Metric[]): Iterable<Uint8Array> {
  yield Buffer.from('model,layer,size,patch,metric,variant,value\n')
  for (let start = 0; start < metrics.length; start += ROWS_PER_PIECE) {
    const lines = metrics
      .slice(start, start + ROWS_PER_PIECE)
      .map(({ model, layer, size, patch, measure: { metric, variant }, value }) =>
        [model, layer, size, patch, metric, variant, value].map(csvCell).join(','),
      )
    yield Buffer.from(`${lines.join('\n')}\n`)
  }
}
