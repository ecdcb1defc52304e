import { element } from './dom.js'
import { extremes } from './limits.js'
import type { LoadedMap } from './maps.js'
import { baselineOf, PANEL_IDS, PROBABILITY_LIMITS } from './panel.js'
import { drawProfile, type ProfileLine } from './profileChart.js'
import type { Reading } from './readout.js'

/** Draws the row and the column through the cursor, both panels in one chart. */
export function drawProfiles(readings: readonly Reading[]): void {
  const [first] = readings
  if (first === undefined) return
  const { anchorPosition } = first.map.fitted
  // Of regions, too, the probability is what has a profile.
  const isSimilarity = readings.every(({ map }) => map.quantity === 'similarity')
  const ends = isSimilarity ? extremes(readings.map(({ map }) => map)) : PROBABILITY_LIMITS
  const [quantity, lines] = isSimilarity ? ['cosine', curves(similarityOf)] : ['probability', curves(probabilityOf)]
  drawProfile(element('row-profile', HTMLElement), {
    ...ends,
    quantity,
    lines: readings.map(lines.row),
    axis: 'column (px)',
    cursor: first.position.col,
    anchor: anchorPosition.col,
  })
  drawProfile(element('col-profile', HTMLElement), {
    ...ends,
    quantity,
    lines: readings.map(lines.column),
    axis: 'row (px)',
    cursor: first.position.row,
    anchor: anchorPosition.row,
  })
  element('row-profile-title', HTMLElement).textContent = `Along row ${first.position.row}`
  element('col-profile-title', HTMLElement).textContent = `Along column ${first.position.col}`
}

interface Curves {
  readonly row: (reading: Reading) => ProfileLine
  readonly column: (reading: Reading) => ProfileLine
}

/** What has a profile, and the level that it can be read against. */
type Profiled = (map: LoadedMap) => { readonly values: Float64Array; readonly baseline: number | null }

const similarityOf: Profiled = (map) => ({ values: map.similarity, baseline: baselineOf(map.fitted) })
const probabilityOf: Profiled = (map) => ({ values: map.answers?.ofCenter ?? new Float64Array(0), baseline: null })

function curves(profiled: Profiled): Curves {
  const line = ({ panel, map }: Reading, indices: (cols: number, rows: number) => readonly number[]): ProfileLine => {
    const { rows, cols, stride } = map.fitted.group
    const { values, baseline } = profiled(map)
    const along = values.length === 0 ? [] : indices(cols, rows).map((i) => values[i] as number)
    return { panel: PANEL_IDS[panel] as string, values: along, stride, baseline }
  }
  return {
    row: (reading) =>
      line(reading, (cols) => Array.from({ length: cols }, (_, i) => reading.at - (reading.at % cols) + i)),
    column: (reading) =>
      line(reading, (cols, rows) => Array.from({ length: rows }, (_, i) => (reading.at % cols) + i * cols)),
  }
}
