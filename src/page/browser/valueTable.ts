import { answerText } from './answers.js'
import { html, isolated } from './dom.js'
import { mapIndex } from './fit.js'
import type { LoadedMap } from './maps.js'
import { cosineText, probabilityText } from './numbers.js'

/** Rows and columns of the table at most. */
const MOST = 11

/** A map in words: some of its rows and columns, first and last included. */
export function valueTable(map: LoadedMap): HTMLElement {
  const { group, choice } = map.fitted
  const { title, textAt } = contents(map)
  const rows = spread(group.rows).map((row) => row * group.stride)
  const cols = spread(group.cols).map((col) => col * group.stride)
  const head = html('tr', {}, html('th', { scope: 'col' }, 'row \\ column (px)'))
  for (const col of cols) head.append(html('th', { scope: 'col' }, String(col)))
  const lines = rows.map((row) => {
    const line = html('tr', {}, html('th', { scope: 'row' }, String(row)))
    for (const col of cols) line.append(html('td', {}, textAt(mapIndex(group, { row, col }))))
    return line
  })
  const caption = `${isolated(choice.model)} ${isolated(choice.layer)}, ${title} at some of the positions`
  return html(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    html('table', {}, html('caption', {}, caption), html('thead', {}, head), html('tbody', {}, ...lines)),
  )
}

function contents({ known, ...map }: LoadedMap): Contents {
  const { title, textAt } = knownContents(map)
  return { title, textAt: (index) => (known?.[index] === 0 ? 'not yet' : textAt(index)) }
}

interface Contents {
  readonly title: string
  readonly textAt: (index: number) => string
}

function knownContents({ quantity, values, error, answers }: LoadedMap): Contents {
  const valueAt = (index: number) => values[index] as number
  if (quantity === 'similarity') return { title: 'similarity', textAt: (index) => cosineText(valueAt(index), error) }
  if (quantity === 'answers' && answers !== undefined)
    return { title: 'answer and its probability', textAt: (index) => answerText(answers, index) }
  return { title: 'probability of the center’s answer', textAt: (index) => probabilityText(valueAt(index)) }
}

function spread(count: number): readonly number[] {
  const shown = Math.min(count, MOST)
  return Array.from({ length: shown }, (_, i) => (shown === 1 ? 0 : Math.round((i * (count - 1)) / (shown - 1))))
}
