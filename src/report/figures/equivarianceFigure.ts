import { ERROR_PARTS } from '../../experiments/equivariance.js'
import type { Row } from '../../results/rows.js'
import type { StudyGroup } from '../../results/study.js'
import type { Figure, PanelMap } from './panels.js'

/** Both parts of the equivariance error of all networks and layers at one size; undefined where it was not measured. */
export function equivarianceFigure(groups: readonly StudyGroup[]): Figure | undefined {
  const rows = groups.flatMap(({ model, layers, numbers }) =>
    layers.flatMap((layer) => {
      const own = numbers.filter((row) => row.metric === 'equivariance-error' && row.layer === layer)
      const maps = ERROR_PARTS.map((part) => errorMap(own.filter(({ variant }) => variant.endsWith(part))))
      return own.length === 0 ? [] : [{ label: [model, layer], maps }]
    }),
  )
  if (rows.length === 0) return undefined
  const size = groups[0]?.size
  return {
    name: `equivariance-${size}`,
    title: `Equivariance error, objects of ${size} px`,
    caption:
      'The error hangs from the top. A map that moves with its object is black everywhere. Aliasing is zero where the object has moved by whole cells of the map. Colours are shares of objects with at least this error.',
    limits: { low: 0, high: 1 },
    columns: ERROR_PARTS,
    rows,
    axes: 'distance that the object moves to the right (px), error downwards (%)',
  }
}

/** Share of objects with at least this error, [0 to 100 %, 0 px to the last distance]. @param rows by distance, from 1 px on */
function errorMap(rows: readonly Row[]): PanelMap {
  const cols = rows.length + 1
  const values = Float64Array.from({ length: 101 * cols }, (_, i) => {
    const errors = [...(rows[(i % cols) - 1]?.values.values() ?? [])]
    return errors.filter((error) => 100 * error > Math.floor(i / cols)).length / Math.max(1, errors.length)
  })
  return { values, rows: 101, cols, stride: 1 }
}
