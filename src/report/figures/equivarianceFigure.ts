import { ERROR_PARTS } from '../../experiments/equivariance.js'
import type { Row } from '../../results/rows.js'
import type { StudyGroup } from '../../results/study.js'
import type { Figure, PanelMap } from './panels.js'

/** Both parts of the equivariance error of all networks and layers at one size; undefined where it was not measured. */
export function equivarianceFigure(groups: readonly StudyGroup[]): Figure | undefined {
  const errors = groups.flatMap(({ numbers }) => numbers.filter(({ metric }) => metric === 'equivariance-error'))
  if (errors.length === 0) return undefined
  const largest = errors.reduce((most, { values }) => Math.max(most, ...values.values()), 0)
  const rows = groups.flatMap(({ model, layers }) =>
    layers.flatMap((layer) => {
      const own = errors.filter((row) => row.model === model && row.layer === layer)
      const maps = ERROR_PARTS.map((part) => {
        const ofPart = own.filter(({ variant }) => variant.endsWith(part))
        return errorMap(ofPart, Math.ceil(100 * largest) + 1)
      })
      return own.length === 0 ? [] : [{ label: [model, layer], maps }]
    }),
  )
  const size = groups[0]?.size
  return {
    name: `equivariance-${size}`,
    title: `Equivariance error, objects of ${size} px`,
    caption:
      'The error hangs from the top. A map that moves with its object is black everywhere. Aliasing is zero where the object has moved by whole cells of the map. Colours are shares of objects with a larger error.',
    limits: { low: 0, high: 1 },
    columns: ERROR_PARTS,
    rows,
    axes: 'distance (px) to the right, error (%) downwards',
  }
}

/** Share of objects with a larger error, [0 to `percents` − 1 %, 0 px to the last distance]. @param rows by distance, from 1 px on */
function errorMap(rows: readonly Row[], percents: number): PanelMap {
  const cols = rows.length + 1
  const values = Float64Array.from({ length: percents * cols }, (_, i) => {
    const errors = [...(rows[(i % cols) - 1]?.values.values() ?? [])]
    return errors.filter((error) => 100 * error > Math.floor(i / cols)).length / Math.max(1, errors.length)
  })
  return { values, rows: percents, cols, stride: 1 }
}
