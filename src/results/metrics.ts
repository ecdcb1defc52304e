import { ANCHOR_NAMES } from '../engine/positions.js'
import { FOLD_SCHEMES, TASKS } from '../experiments/folds.js'
import { coverage, jaggedness } from '../experiments/mapMeasures.js'
import type { Unit } from './unit.js'

/** A row of metrics.csv: one number about one patch, size, network and layer. */
export interface Metric {
  readonly model: string
  readonly layer: string
  readonly size: number
  readonly patch: string
  readonly metric: string
  /** What the metric is taken of: an anchor, with an axis or a threshold; a task and fold scheme. */
  readonly variant: string
  readonly value: number
}

/** Thresholds of coverage: the share of positions at least this similar to the anchor. */
const COVERAGE_THRESHOLDS = [0.9, 0.95, 0.99]

/**
 * All metrics of a unit.
 * Jaggedness is of 1-pixel neighbours: units of a coarser stride have none.
 * @param maps cosine maps, [layers, 5, rows, cols]
 */
export function unitMetrics({ inputs, rows, cols, layers }: Unit, maps: Float32Array): readonly Metric[] {
  const positions = rows * cols
  const { model, size, patch } = inputs
  return layers.flatMap(({ name, similarity, separability }, i) => {
    const row = (metric: string, variant: string, value: number): Metric => ({
      model,
      layer: name,
      size,
      patch,
      metric,
      variant,
      value,
    })
    const ofMaps = ANCHOR_NAMES.flatMap((anchor, j) => {
      const start = (i * ANCHOR_NAMES.length + j) * positions
      const map = maps.subarray(start, start + positions)
      const { mean, min } = similarity[anchor]
      const rowsOfMap = [
        row('similarity-mean', anchor, mean),
        row('similarity-min', anchor, min),
        ...COVERAGE_THRESHOLDS.map((threshold) => row('coverage', `${anchor}>=${threshold}`, coverage(map, threshold))),
      ]
      if (inputs.stride !== 1) return rowsOfMap
      const { vertical, horizontal } = jaggedness(map, rows, cols)
      return [
        ...rowsOfMap,
        row('jaggedness', `${anchor} vertical`, vertical),
        row('jaggedness', `${anchor} horizontal`, horizontal),
      ]
    })
    const ofClassifiers = FOLD_SCHEMES.flatMap((cv) =>
      TASKS.flatMap((task) => {
        const result = separability[cv]?.[task]
        if (result === undefined) return []
        return [
          row('separability-accuracy', `${task} ${cv}`, result.mean),
          row('separability-std', `${task} ${cv}`, result.std),
        ]
      }),
    )
    return [...ofMaps, ...ofClassifiers]
  })
}

/** metrics.csv: tidy, one value a row. */
export function metricsCsv(metrics: readonly Metric[]): string {
  const lines = metrics.map(({ model, layer, size, patch, metric, variant, value }) =>
    [model, layer, size, patch, metric, variant, value].map(csvCell).join(','),
  )
  return `${['model,layer,size,patch,metric,variant,value', ...lines].join('\n')}\n`
}

/** A cell by RFC 4180: quoted if it holds a comma, a quote or a line break. */
export function csvCell(value: string | number): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
