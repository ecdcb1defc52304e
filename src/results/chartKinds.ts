import { ANCHOR_NAMES } from '../engine/positions.js'
import { CONFIDENT } from '../experiments/answers.js'
import { MADE_UP_FEATURES } from '../experiments/foldBaselines.js'
import { FOLD_SCHEMES, TASKS } from '../experiments/folds.js'
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
  /** Where an upright line is. */
  readonly reference?: number
  /** No value and no ± reaches beyond it. */
  readonly most?: number
  /** Charts side by side, each of the rows whose variant has this word; one chart of all rows, if absent. */
  readonly split?: readonly string[]
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

export const DIRECTION_BIAS: MeasureChart = {
  kind: 'dots',
  title: 'Direction bias',
  note: (rows) =>
    `Horizontal minus vertical similarity at equal distance from the anchor (± standard deviation over patches). To the right of the line, features stay more similar when the object moves sideways; to the left, when it moves up and down.${unmeasuredAnchors(rows)}`,
  axis: 'horizontal minus vertical similarity',
  scale: 'linear',
  within: [0],
  reference: 0,
  series: ['center anchor', 'corner anchors'].map((name, i) => ({
    name,
    has: ({ metric, variant }) => metric === 'direction-bias' && (variant === 'center') === (i === 0),
    spreadFrom: FEWEST_PATCHES,
  })),
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

export const SEPARABILITY: MeasureChart = {
  kind: 'dots',
  title: 'Separability under each fold scheme',
  note: 'Accuracy of a linear classifier of the object’s half, one chart for each way to deal positions to folds. The last rows show the same classifiers on nothing but the position, or nothing but its phase in the network’s stride.',
  axis: 'accuracy',
  scale: 'linear',
  within: [0.85, 1],
  split: FOLD_SCHEMES,
  series: TASKS.map((task) => ({
    name: task,
    has: ({ metric, variant }) => metric === 'separability-accuracy' && variant.startsWith(task),
  })),
}

export const FOLD_ERRORS: MeasureChart = {
  kind: 'dots',
  title: 'Folds explained by position or by phase',
  note: 'How far the network’s accuracies are from those of features that are nothing but the position, or nothing but its phase in the network’s stride (± standard deviation over patches). Farther left explains the folds better.',
  axis: 'mean difference of accuracies',
  scale: 'linear',
  within: [0],
  series: MADE_UP_FEATURES.map((feature) => ({
    name: `by ${feature}`,
    has: ({ metric, variant }) => metric === 'fold-error' && variant === feature,
    spreadFrom: FEWEST_PATCHES,
  })),
}

export const ANSWERS_KEPT: MeasureChart = {
  kind: 'dots',
  title: 'Answers kept',
  note: `At how many positions the network gives the answer that it gives with the object at the center, right or wrong (± standard deviation over patches). The network is confident of an object if that answer has a probability of at least ${CONFIDENT}. Farther right is steadier.`,
  axis: 'share of positions that keep the answer',
  scale: 'linear',
  within: [1],
  most: 1,
  series: [
    ['all objects', 'center'],
    ['confident objects', 'center confident'],
    ['other objects', 'center unsure'],
  ].map(([name = '', wanted]) => ({
    name,
    has: ({ metric, variant }) => metric === 'answer-kept' && variant === wanted,
    spreadFrom: FEWEST_PATCHES,
  })),
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

/** A note on anchors without a direction bias: a coarse stride may leave out their row or their column alone. */
function unmeasuredAnchors(rows: readonly Row[]): string {
  const missing = [...new Set(rows.map(({ size }) => size))].flatMap((size) => {
    const own = rows.filter((row) => row.size === size)
    const names = ANCHOR_NAMES.filter((name) => !own.some(({ variant }) => variant === name))
    return names.length === 0 ? [] : [`${names.join(', ').replace(/, ([^,]*)$/, ' and $1')} (patches of ${size} px)`]
  })
  if (missing.length === 0) return ''
  return ` Not measured at ${missing.join(', ')}: at this stride no positions beside and above these anchors are equally far away. Stride 1 has every anchor’s row and column.`
}
