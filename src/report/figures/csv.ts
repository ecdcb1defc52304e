import { csvCell } from '../../results/csv.js'
import type { PanelGrid, PanelMap } from './panels.js'

/**
 * The maps of a figure in consecutive pieces: a row for each position of the patch in pixels of the frame, a column for each
 * map; empty where a map has no such position.
 */
export function* figureCsv({ columns, rows }: PanelGrid): Iterable<Uint8Array> {
  const maps = rows.flatMap(({ label, maps: own }) =>
    own.flatMap((map, i) => (map === undefined ? [] : [{ name: [...label, columns[i]].join(', '), map }])),
  )
  yield line(['row', 'col', ...maps.map(({ name }) => name)])
  const cols = placesOf(maps.map(({ map: { cols, stride } }) => [cols, stride]))
  for (const row of placesOf(maps.map(({ map: { rows, stride } }) => [rows, stride]))) {
    yield Buffer.concat(cols.map((col) => line([row, col, ...maps.map(({ map }) => valueAt(map, row, col))])))
  }
}

function line(cells: readonly (string | number)[]): Uint8Array {
  return Buffer.from(`${cells.map(csvCell).join(',')}\n`)
}

/** All places of so many positions with such distances, rising. */
function placesOf(axes: readonly (readonly [positions: number, stride: number])[]): readonly number[] {
  const places = axes.flatMap(([positions, stride]) => Array.from({ length: positions }, (_, i) => i * stride))
  return [...new Set(places)].sort((a, b) => a - b)
}

/** As many digits as float32 has. */
function valueAt({ values, rows, cols, stride }: PanelMap, row: number, col: number): number | string {
  const [r, c] = [row / stride, col / stride]
  if (!Number.isInteger(r) || !Number.isInteger(c) || r >= rows || c >= cols) return ''
  return Number((values[r * cols + c] as number).toPrecision(7))
}
