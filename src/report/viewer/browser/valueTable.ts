import { html, isolated } from './dom.js'
import { mapIndex } from './fit.js'
import type { LoadedMap } from './maps.js'
import { cosineText } from './numbers.js'

/** Rows and columns of the table at most. */
const MOST = 11

/** A map in words: some of its rows and columns, first and last included. */
export function valueTable({ fitted, values }: LoadedMap): HTMLElement {
  const { group, choice } = fitted
  const rows = spread(group.rows).map((row) => row * group.stride)
  const cols = spread(group.cols).map((col) => col * group.stride)
  const head = html('tr', {}, html('th', { scope: 'col' }, 'row \\ column (px)'))
  for (const col of cols) head.append(html('th', { scope: 'col' }, String(col)))
  const lines = rows.map((row) => {
    const line = html('tr', {}, html('th', { scope: 'row' }, String(row)))
    for (const col of cols) line.append(html('td', {}, cosineText(values[mapIndex(group, { row, col })] as number)))
    return line
  })
  const caption = `${isolated(choice.model)} ${isolated(choice.layer)}, similarity at some of the positions`
  return html(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    html('table', {}, html('caption', {}, caption), html('thead', {}, head), html('tbody', {}, ...lines)),
  )
}

function spread(count: number): readonly number[] {
  const shown = Math.min(count, MOST)
  return Array.from({ length: shown }, (_, i) => (shown === 1 ? 0 : Math.round((i * (count - 1)) / (shown - 1))))
}
