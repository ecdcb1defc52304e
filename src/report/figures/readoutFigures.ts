import { READ_AXES } from '../../experiments/readout.js'
import { pixelsOf } from '../../results/chartKinds.js'
import type { StudyGroup } from '../../results/study.js'
import type { Figure } from './figures.js'
import type { PanelMap } from './panels.js'

/** Predicted against true rows and columns of all networks and layers that were read out, a figure for each size. */
export function readoutFigures(groups: readonly StudyGroup[]): readonly Figure[] {
  const read = groups.flatMap((group) =>
    group.layers.map((layer) => ({
      size: group.size,
      label: [group.model, layer],
      maps: READ_AXES.map((axis) => predictionMap(group, layer, axis)),
    })),
  )
  const rows = read.filter(({ maps }) => maps.some((map) => map !== undefined))
  const sizes = [...new Set(rows.map(({ size }) => size))].sort((a, b) => b - a)
  return sizes.map((size) => ({
    name: `readout-${size}`,
    title: `Position read-out: predicted against true position, objects of ${size} px`,
    caption:
      'The read-out was not trained on the rows (columns) that have a mark. A smooth code of the position gives a diagonal from the top left to the bottom right. A code that repeats with the network’s stride gives teeth or a level line. Colours are shares of objects.',
    limits: { low: 0, high: 1 },
    columns: ['row', 'column'],
    rows: rows.filter((row) => row.size === size),
    axes: 'true position to the right, predicted position downwards (px)',
  }))
}

/** Share of objects with each prediction, [predicted, true], both in steps of the stride. */
function predictionMap(
  { numbers, rows, cols, stride }: StudyGroup,
  layer: string,
  axis: (typeof READ_AXES)[number],
): PanelMap | undefined {
  const own = numbers.filter(
    (row) => row.metric === 'readout-prediction' && row.layer === layer && row.variant.startsWith(`${axis} `),
  )
  if (own.length === 0) return undefined
  const side = axis === 'row' ? rows : cols
  const values = new Float64Array(side * side)
  for (const { variant, values: predictions } of own) {
    for (const predicted of predictions.values()) {
      // Predictions beyond the frame are drawn at its border.
      const at = Math.min(side - 1, Math.max(0, Math.round(predicted / stride))) * side + pixelsOf(variant) / stride
      values[at] = (values[at] as number) + 1 / predictions.size
    }
  }
  return { values, rows: side, cols: side, stride }
}
