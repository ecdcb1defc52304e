import { useMemo, useState } from 'preact/hooks'
import { positionAt } from '../../experiments/grid.js'
import { decimalText } from '../../plot/numberText.js'
import { MAP_DECIMALS } from '../mapCoding.js'
import { cosineText, isolated, probabilityText } from '../text.js'
import { answerAt } from './answers.js'
import { type LoadedMap, shownLayer } from './maps.js'
import { PANEL_IDS } from './readings.js'
import type { Quantity } from './view.js'

const MOST = 11

/** The values of the maps as tables. The tables are made only while the reader has them open. */
export function ValueTables({ maps }: { readonly maps: readonly (LoadedMap | undefined)[] }) {
  const [isOpen, setOpen] = useState(false)
  const tables = useMemo(
    () => (isOpen ? maps.map((map, i) => map && <ValueTable key={PANEL_IDS[i]} map={map} />) : null),
    [isOpen, maps],
  )
  return (
    <details id="values" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>The maps as tables</summary>
      {tables}
    </details>
  )
}

/** A table of some of a map's values, at evenly spaced rows and columns. The first and the last ones are included. */
function ValueTable({ map }: { readonly map: LoadedMap }) {
  const { group, choice } = map.fitted
  const [rows, cols] = [spread(group.rows), spread(group.cols)]
  const caption = `${isolated(choice.model)} ${isolated(shownLayer(map))}: ${TITLES[map.quantity]} at some positions`
  return (
    <section class="scroll" tabIndex={0} aria-label={caption}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">row \ column (px)</th>
            {cols.map((col) => (
              <th key={col} scope="col">
                {decimalText(positionAt(col, group).col, 0)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              <th scope="row">{decimalText(positionAt(row * group.cols, group).row, 0)}</th>
              {cols.map((col) => {
                const at = row * group.cols + col
                return <td key={col}>{map.known?.[at] === 0 ? 'not yet' : textOf(map, at)}</td>
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

const TITLES: Readonly<Record<Quantity, string>> = {
  similarity: 'similarity',
  probability: 'probability of the center’s answer',
  answers: 'the answer and its probability',
  overlap: 'overlap of box and object',
  found: 'whether the object is found',
}

function textOf({ quantity, values, error, answers, regions }: LoadedMap, position: number): string {
  const value = values[position] as number
  if (quantity === 'similarity') return cosineText(value, MAP_DECIMALS, error)
  if (quantity === 'answers' && answers !== undefined) return answerAt(answers, position).answer
  return regions ? (regions.names[value] ?? '') : probabilityText(value)
}

function spread(count: number): readonly number[] {
  const shown = Math.min(count, MOST)
  return Array.from({ length: shown }, (_, i) => (shown === 1 ? 0 : Math.round((i * (count - 1)) / (shown - 1))))
}
