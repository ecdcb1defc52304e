import { AXES } from '../experiments/mapMeasures.js'
import { FEWEST_PAIRS, FEWEST_PATCHES, type Row } from './rows.js'

/** A chart of a measure, drawn for each patch size: dots, a row for each network and layer, or lines, a panel for each network. */
export type MeasureChart = { readonly title: string; readonly note: Note } & (DotChart | LineChart)

/** How to read it. The rows are those of the measure. */
type Note = string | ((rows: readonly Row[]) => string)

export interface DotChart {
  readonly kind: 'dots'
  readonly axis: string
  readonly scale: 'linear' | 'log'
  /** Values that the scale has in any case. */
  readonly within?: readonly number[]
  /** No value and no ± reaches beyond it. */
  readonly most?: number
  readonly series: readonly {
    readonly name: string
    /** Rows of the study, of any measure, that are one dot together. */
    readonly has: (row: Row) => boolean
    /** Values from which on ± is shown; absent: it is not. */
    readonly spreadFrom?: number
  }[]
}

export interface LineChart {
  readonly kind: 'lines'
  readonly x: { readonly title: string; readonly of: (variant: string) => number; readonly isOctaves?: boolean }
  readonly y: { readonly title: string; readonly scale: 'share' | 'log' }
  /** One line for each of these words, which variants have; the second one is dashed. One line of all variants, if absent. */
  readonly lines?: readonly string[]
}

export const SIMILARITY_AND_BASELINE: MeasureChart = {
  kind: 'dots',
  title: 'Similarity against the null baseline',
  note: 'Each row: the mean similarity of one object at two positions (mean over anchors and patches), beside the similarity of different objects at the same position (± standard deviation over pairs). Where the marks lie close together, a high similarity says little: the features hardly tell objects apart either.',
  axis: 'cosine similarity',
  scale: 'linear',
  within: [1],
  most: 1,
  series: [
    { name: 'one object, two positions', has: ({ metric }) => metric === 'similarity-mean' },
    ...(['different', 'same'] as const).map((classes) => ({
      name: classes === 'different' ? 'objects of different classes' : 'objects of the same class',
      has: ({ metric, variant }: Row) => metric === 'null-baseline' && variant === `${classes} class`,
      spreadFrom: FEWEST_PAIRS,
    })),
  ],
}

export const COVERAGE: MeasureChart = {
  kind: 'lines',
  title: 'Coverage',
  note: 'The share of positions (upwards) whose similarity to the anchor is at least the threshold (to the right), mean over anchors and patches. A network that is globally invariant has a line along the top; the farther left a line falls, the less invariant the layer.',
  x: { title: 'similarity at least', of: (variant) => Number(variant.split('>=')[1]) },
  y: { title: 'share of positions', scale: 'share' },
}

export const JAGGEDNESS: MeasureChart = {
  kind: 'dots',
  title: 'Local jaggedness',
  note: 'How much the similarity jumps when the object moves by one pixel: mean |difference| between neighbours, mean over anchors and patches. Farther left is smoother; compare a network with its anti-aliased version.',
  axis: 'mean |difference| of similarity per pixel',
  scale: 'log',
  series: axesOf('jaggedness'),
}

export const GRID_SPECTRUM: MeasureChart = {
  kind: 'lines',
  title: 'Grid spectrum',
  note: 'How strongly the similarity rises and falls with a period of so many pixels: the mean square of that part of the maps, mean over anchors and patches; solid along rows, dashed along columns. A grid in the heatmaps is a high point at its period. A tenth of the power is the same grid at a third of its height. Towards long periods the map’s smooth slope counts too.',
  x: { title: 'period in pixels', of: pixelsOf, isOctaves: true },
  y: { title: 'power (log)', scale: 'log' },
  lines: AXES,
}

export const CONSISTENCY: MeasureChart = {
  kind: 'dots',
  title: 'Consistency',
  note: (rows) => {
    const steps = [...new Set(rows.map(({ variant }) => pixelsOf(variant)))]
    return `How often the strongest unit stays the same when the object moves by ${steps.join(' or ')} pixel${steps.join() === '1' ? '' : 's'} (± standard deviation over patches); in a layer of classes, how often the network’s answer does. Farther right is steadier.`
  },
  axis: 'share of neighbours with the same top-1',
  scale: 'linear',
  within: [1],
  most: 1,
  series: axesOf('consistency'),
}

function axesOf(name: string): DotChart['series'] {
  return AXES.map((axis) => ({
    name: axis,
    has: ({ metric, variant }) => metric === name && variant.split(' ').includes(axis),
    spreadFrom: FEWEST_PATCHES,
  }))
}

/** Of a variant such as "center vertical 8px". */
export function pixelsOf(variant: string): number {
  return Number(/(\d+)px$/.exec(variant)?.[1])
}
