import { element } from './dom.js'
import { extremes } from './limits.js'
import { baselineOf, PANEL_IDS } from './panel.js'
import { drawProfile, type ProfileLine } from './profileChart.js'
import type { Reading } from './readout.js'

/** Draws the row and the column through the cursor, both panels in one chart. */
export function drawProfiles(readings: readonly Reading[]): void {
  const [first] = readings
  if (first === undefined) return
  const { anchorPosition } = first.map.fitted
  const ends = extremes(readings.map(({ map }) => map))
  drawProfile(element('row-profile', HTMLElement), {
    ...ends,
    lines: readings.map(rowLine),
    axis: 'column (px)',
    cursor: first.position.col,
    anchor: anchorPosition.col,
  })
  drawProfile(element('col-profile', HTMLElement), {
    ...ends,
    lines: readings.map(columnLine),
    axis: 'row (px)',
    cursor: first.position.row,
    anchor: anchorPosition.row,
  })
  element('row-profile-title', HTMLElement).textContent = `Along row ${first.position.row}`
  element('col-profile-title', HTMLElement).textContent = `Along column ${first.position.col}`
}

function rowLine({ panel, map, position }: Reading): ProfileLine {
  const { cols, stride } = map.fitted.group
  const start = (position.row / stride) * cols
  return {
    panel: PANEL_IDS[panel] as string,
    values: [...map.values.subarray(start, start + cols)],
    stride,
    baseline: baselineOf(map.fitted),
  }
}

function columnLine({ panel, map, position }: Reading): ProfileLine {
  const { rows, cols, stride } = map.fitted.group
  const values = Array.from({ length: rows }, (_, row) => map.values[row * cols + position.col / stride] as number)
  return { panel: PANEL_IDS[panel] as string, values, stride, baseline: baselineOf(map.fitted) }
}
