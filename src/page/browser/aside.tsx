import { useRef } from 'preact/hooks'
import { kindOf } from '../site/groups.js'
import { Badge, cosineDecimals, type MapValue, Place, Swatch, valueTexts } from './mapValues.js'
import type { Regions } from './regions.js'
import { type SmallMove, smallMove, wayOf } from './smallMove.js'
import type { State, ViewerActions } from './state.js'

interface AsideProps {
  readonly state: State
  readonly viewer: ViewerActions
  readonly readings: readonly MapValue[]
  readonly regions: Regions
  /** Says what the maps show. */
  readonly caption: string
}

/** What the networks say here and after a small move, and the button that makes this move. */
export function Aside({ state: { fits }, viewer, readings, regions, caption }: AsideProps) {
  const last = useRef<SmallMove['direction']>(undefined)
  const move = smallMove(readings, last.current)
  const [first] = readings
  const { group } = fits[0]
  const go = () => {
    last.current = move?.direction
    if (move) viewer.moveTo(move.to)
  }
  return (
    <section class="aside" aria-label="The answers here, and after a small move">
      <Place reading={first} place={viewer.actions(0).place} />
      <div class="says">
        {readings.map((reading, i) => (
          <Says key={reading.panel} reading={reading} readings={readings} after={move} i={i} regions={regions} />
        ))}
      </div>
      <button type="button" id="move" disabled={move === undefined} onClick={go}>
        {first && move ? `Move it ${wayOf(first, move.readings[0]!)} ${move.direction.arrow}` : 'Move it'}
      </button>
      <p class="soft hint">{howToMove(group.rows * group.cols, kindOf(group))}</p>
      <p class="soft reads">{caption}</p>
    </section>
  )
}

interface SaysProps extends Pick<AsideProps, 'readings' | 'regions'> {
  readonly reading: MapValue
  readonly after: SmallMove | undefined
  /** Index of the reading among all. */
  readonly i: number
}

/** What one network says here and after the move. */
function Says({ reading, readings, after, i, regions }: SaysProps) {
  const { panel, map } = reading
  const then = after?.readings[i]
  const [value, valueThen] = [valueTexts(readings)[i], then && valueTexts([then], cosineDecimals(readings))[0]]
  return (
    <p class={`say ${panel}`}>
      <Badge panel={panel} />
      <span>
        <Answer id={`${panel}-answer`} reading={reading} regions={regions} />
        {reading.answer && value && ', '}
        {value && `${map.quantity} `}
        {value && <strong id={`${panel}-value`}>{value}</strong>}
        {then && `; ${wayOf(reading, then) || 'there'}: `}
        {then?.answer && then.name === reading.name && 'still '}
        {then && <Answer id={`${panel}-then`} reading={then} regions={regions} />}
        {then?.answer && valueThen && ', '}
        {valueThen}.
      </span>
    </p>
  )
}

interface AnswerProps extends Pick<AsideProps, 'regions'> {
  readonly id: string
  readonly reading: MapValue
}

function Answer({ id, reading: { name, answer }, regions }: AnswerProps) {
  return (
    <>
      {name !== undefined && <Swatch colour={regions.colourOfClass(name)} />} <strong id={id}>{answer}</strong>
    </>
  )
}

function howToMove(positions: number, kind: string): string {
  if (positions === 1) return `The map has only one position, so the ${kind} cannot move.`
  return `Or drag the ${kind}. Or click the frame and use the arrow keys.`
}
