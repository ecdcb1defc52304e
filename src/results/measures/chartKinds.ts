import { DIRECTIONS } from '../../experiments/maps/mapMeasures.js'
import { READ_AXES } from '../../experiments/readout/readout.js'
import { FEWEST_PATCH_PAIRS, FEWEST_PATCHES, type Row } from './rows.js'
import type { Variant } from './variant.js'

/**
 * A chart, drawn once per patch size. A dot chart has one row per network and layer. A line chart has one panel per
 * network.
 */
export type MetricChart = { readonly title: string; readonly note: Note } & (DotChart | LineChart)

type Note = string | ((rows: readonly Row[]) => string)

export interface DotChart {
  readonly kind: 'dots'
  readonly axis: string
  readonly scale: 'linear' | 'log'
  /** Values that the scale always includes. */
  readonly within?: readonly number[]
  /** Largest possible value. Error bars are cut there. */
  readonly most?: number
  readonly series: readonly {
    readonly name: string
    /** Whether this series includes a row of results. A dot is the mean over the included rows of a layer. */
    readonly has: (row: Row) => boolean
    /**
     * A dot has an error bar if it is the mean of at least this many values. If absent, no error bars are drawn.
     */
    readonly spreadFrom?: number
  }[]
}

export interface LineChart {
  readonly kind: 'lines'
  readonly x: {
    readonly title: string
    readonly of: (variant: Variant) => number | undefined
    readonly isOctaves?: boolean
  }
  readonly y: { readonly title: string; readonly scale: 'share' | 'linear' | 'log' }
  /**
   * Splits a layer's variants into several lines. Each line shows the variants that have its part. All lines but the
   * first are dashed. By default, one line shows all variants.
   */
  readonly lines?: readonly Variant[]
}

export const SIMILARITY_AND_BASELINE: MetricChart = {
  kind: 'dots',
  title: 'Similarity against the null baseline',
  note: 'Each row compares the mean similarity of one object at two positions with that of different objects at the same position. Bars show the standard deviation over pairs of objects. If the two marks are close together, a high similarity says little, because different objects are almost as similar.',
  axis: 'cosine similarity',
  scale: 'linear',
  within: [1],
  most: 1,
  series: [
    { name: 'one object, two positions', has: ({ metric }) => metric === 'similarity-mean' },
    ...(['different', 'same'] as const).map((classes) => ({
      name: classes === 'different' ? 'objects of different classes' : 'objects of the same class',
      has: ({ metric, variant }: Row) => metric === 'null-baseline' && variant.classes === classes,
      spreadFrom: FEWEST_PATCH_PAIRS,
    })),
  ],
}

export const COVERAGE: MetricChart = {
  kind: 'lines',
  title: 'Coverage',
  note: 'The vertical axis is the share of positions whose similarity to the anchor reaches the threshold on the horizontal axis. It is the mean over anchors and objects. A shift-invariant network would have a line along the top. The farther left a line falls, the less invariant the layer is.',
  x: { title: 'threshold of similarity', of: ({ threshold }) => threshold },
  y: { title: 'share of positions', scale: 'share' },
}

export const JAGGEDNESS: MetricChart = {
  kind: 'dots',
  title: 'Jaggedness',
  note: 'Jaggedness is the mean absolute change of similarity when the object moves by one pixel, over all anchors and objects. Farther left is smoother. Compare a network with its anti-aliased version.',
  axis: 'mean absolute change of similarity per pixel',
  scale: 'log',
  series: axesOf('jaggedness'),
}

export const GRID_SPECTRUM: MetricChart = {
  kind: 'lines',
  title: 'Grid spectrum',
  note: 'The chart shows how strongly similarity fluctuates at each period. Power is the mean square of these fluctuations, over all anchors and objects. Solid lines run along rows, dashed lines along columns. A grid pattern on the maps is a peak at its period. A tenth of the power means a third of the amplitude. At long periods, the smooth fall of similarity adds to the power.',
  x: { title: 'period (px)', of: ({ period }) => period, isOctaves: true },
  y: { title: 'power', scale: 'log' },
  lines: DIRECTIONS.map((direction) => ({ direction })),
}

export const READOUT: MetricChart = {
  kind: 'lines',
  title: 'Position read-out',
  note: 'A ridge regression reads the object’s position out of the features. It was not trained on the rows (columns) shown here. The vertical axis is the median prediction for them, mean over objects. Solid lines are rows, dashed lines are columns. If features code the position smoothly, the line is the diagonal. If they repeat with the stride of the network, the line has teeth or is level.',
  x: { title: 'true row or column (px)', of: ({ at }) => at },
  y: { title: 'predicted (px)', scale: 'linear' },
  lines: READ_AXES.map((axis) => ({ axis })),
}

export const CONSISTENCY: MetricChart = {
  kind: 'dots',
  title: 'Consistency',
  note: (rows) => {
    const steps = [...new Set(rows.map(({ variant }) => variant.distance))]
    return `The chart shows how often the strongest feature stays the same when the object moves by ${steps.join(' or ')} px. In the output layer, the strongest feature is the answer. Bars show the standard deviation over objects. Farther right means fewer changes.`
  },
  axis: 'share of neighbouring positions with the same strongest feature',
  scale: 'linear',
  within: [1],
  most: 1,
  series: axesOf('neighbour-consistency'),
}

export const EQUIVARIANCE: MetricChart = {
  kind: 'lines',
  title: 'Equivariance error',
  note: 'A layer that is a map should move with its object. The relative error measures how far it departs from that (0: moves exactly, about 1.4: unrelated). Solid lines show the whole error, dashed lines the error that the borders of the frame cause. Both meet where the object has moved by whole cells of the map. Between these distances, subsampling causes the rest (aliasing).',
  x: { title: 'distance that the object moves (px)', of: ({ distance }) => distance, isOctaves: true },
  y: { title: 'equivariance error', scale: 'linear' },
  lines: [{ part: 'total' }, { part: 'border' }],
}

function axesOf(name: string): DotChart['series'] {
  return DIRECTIONS.map((direction) => ({
    name: direction,
    has: ({ metric, variant }) => metric === name && variant.direction === direction,
    spreadFrom: FEWEST_PATCHES,
  }))
}
