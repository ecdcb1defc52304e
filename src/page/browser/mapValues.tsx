import { useEffect, useState } from 'preact/hooks'
import { isSamePosition, type Position } from '../../engine/scene/positions.js'
import { indexOf, positionAt } from '../../experiments/maps/grid.js'
import { decimalText } from '../../plot/numberText.js'
import { correspondingPosition } from '../site/groups.js'
import type { SiteGroup } from '../site/siteIndex.js'
import { PANEL_IDS, type PanelId } from '../site/view.js'
import { cosineText, decimalsFor, isolated, positionText, probabilityText } from '../text/text.js'
import { type AnswerAt, answerAt } from './answers.js'
import { nearestPosition } from './fit.js'
import type { LoadedMap } from './maps.js'
import type { Colour } from './regions.js'

/** The values of a map at the position of its grid that is nearest to the cursor, or at its anchor. */
export interface MapValue extends AnswerAt {
  readonly panel: PanelId
  readonly map: LoadedMap
  readonly position: Position
  /** Row-major index, in the map, of `position` or of the position of the grid that is nearest to it. */
  readonly at: number
  /** Value of the quantity that the map shows. */
  readonly shown: number
  /** Whether the values are those of a nearby position, because this one is not computed yet. */
  readonly isNearby: boolean
}

/** The answer is empty where it is not known. */
const NO_ANSWER = { answer: '', name: undefined, sighting: undefined } as const

/**
 * Reads the maps at the cursor. If it is on the anchor of one of them, all are read at their own anchors.
 * @param of the group whose pixels the cursor is in
 */
export function readMaps(
  maps: readonly (LoadedMap | undefined)[],
  cursor: Position,
  of: SiteGroup,
): readonly MapValue[] {
  const cursorIn = ({ fitted: { group } }: LoadedMap) => correspondingPosition(cursor, of, group)
  const isOnAnchor = maps.some((map) => map && isClose(map.fitted.anchorPosition, cursorIn(map)))
  return maps.flatMap((map, i) => {
    if (map === undefined) return []
    const panel = PANEL_IDS[i]!
    return [isOnAnchor ? readAtAnchor(panel, map) : readNear(panel, map, cursorIn(map))]
  })
}

/** Whether two positions differ by rounding only. */
function isClose(a: Position, b: Position): boolean {
  return Math.hypot(a.row - b.row, a.col - b.col) < 1e-6
}

function readNear(panel: PanelId, map: LoadedMap, wanted: Position): MapValue {
  const position = nearestPosition(map.fitted.group, wanted)
  const at = indexOf(position, map.fitted.group)
  return {
    panel,
    map,
    position,
    at,
    shown: map.values[at]!,
    isNearby: map.known?.[at] === 0,
    ...(map.answers ? answerAt(map.answers, at) : { ...NO_ANSWER, ofCenter: Number.NaN }),
  }
}

/** The anchor may lie between the positions of the grid. */
function readAtAnchor(panel: PanelId, map: LoadedMap): MapValue {
  const position = map.fitted.anchorPosition
  const near = readNear(panel, map, position)
  if (isSamePosition(near.position, position)) return near
  const own = map.atAnchor ?? { ...NO_ANSWER, ofCenter: near.shown }
  const shown = map.quantity === 'similarity' ? 1 : map.quantity === 'probability' ? own.ofCenter : near.shown
  return { ...near, ...own, position, shown, isNearby: false }
}

interface PlaceProps {
  readonly reading: MapValue | undefined
  /** Moves the cursor to the position of the grid that is nearest to the given one. */
  readonly place: (position: Position) => void
}

/** The position of the cursor. The user may type another one. */
export function Place({ reading, place }: PlaceProps) {
  /** What to say about a typed position, as long as the cursor is at the position `at`. */
  const [answer, setAnswer] = useState<{ readonly words: string; readonly at: Position }>()
  const words = reading && answer && isSamePosition(answer.at, reading.position) ? answer.words : ''
  return (
    <div class="where">
      <strong id="at-place" class="hidden">
        {reading && positionText(reading.position)}
      </strong>
      {reading &&
        (['row', 'col'] as const).map((axis) => (
          <PlaceField key={axis} axis={axis} reading={reading} place={place} say={setAnswer} />
        ))}
      <span id="at-fault" class="fault" role="status">
        {words}
      </span>
    </div>
  )
}

interface PlaceFieldProps extends Pick<PlaceProps, 'place'> {
  readonly axis: keyof Position
  readonly reading: MapValue
  readonly say: (answer: { readonly words: string; readonly at: Position } | undefined) => void
}

function PlaceField({ axis, reading: { position, map }, place, say }: PlaceFieldProps) {
  /** Text in the field until it is a position and the user leaves the field or presses Enter. */
  const [typed, setTyped] = useState<string>()
  useEffect(() => setTyped(undefined), [position[axis]])
  const { group } = map.fitted
  const isInvalid = typed !== undefined && faultOf(typed, group, axis) !== ''
  const take = (text: string) => {
    const fault = faultOf(text, group, axis)
    if (fault !== '') return say({ words: fault, at: position })
    const wanted = { ...position, [axis]: pixelsIn(text) }
    const at = nearestPosition(group, wanted)
    setTyped(undefined)
    say({ words: elsewhereText(wanted, at, axis), at })
    place(wanted)
  }
  return (
    <label>
      {AXIS_NAMES[axis]}{' '}
      <input
        id={`at-${axis}`}
        inputMode="numeric"
        size={4}
        autocomplete="off"
        value={typed ?? decimalText(position[axis], 0)}
        aria-invalid={isInvalid}
        aria-describedby="at-fault"
        title="Position in px. Press Enter to move there."
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onChange={({ currentTarget }) => take(currentTarget.value)}
        onBlur={() => isInvalid || setTyped(undefined)}
      />
    </label>
  )
}

const AXIS_NAMES = { row: 'row', col: 'column' } as const

/** Says why a text is no row or column of the frame; empty if it is one. */
function faultOf(text: string, group: SiteGroup, axis: keyof Position): string {
  const pixels = pixelsIn(text)
  // The grid may end before the last position, where the anchors at the edge are.
  const grid = [0, group.rows * group.cols - 1].map((index) => positionAt(index, group)[axis])
  const all = [...grid, ...group.anchors.map((anchor) => anchor[axis])]
  const [low, high] = [Math.min(...all), Math.max(...all)]
  if (pixels !== undefined && pixels >= low && pixels <= high) return ''
  return `The ${AXIS_NAMES[axis]} must be a whole number from ${decimalText(low, 0)} to ${decimalText(high, 0)}.`
}

/** Says that the map has no such position, and which one is shown instead; empty if the map has it. */
function elsewhereText(wanted: Position, at: Position, axis: keyof Position): string {
  if (wanted[axis] === at[axis]) return ''
  const name = AXIS_NAMES[axis]
  return `The map has no ${name} ${decimalText(wanted[axis], 0)}. The nearest is ${name} ${decimalText(at[axis], 0)}.`
}

/** Reads whole pixels, such as "80" or "−32"; undefined for any other text. */
export function pixelsIn(text: string): number | undefined {
  const digits = text.trim().replace('−', '-')
  return /^-?\d{1,5}$/.test(digits) ? Number(digits) : undefined
}

/** Tells the networks apart without colours, which stand for classes: A is round, B is square. */
export function Badge({ panel }: { readonly panel: PanelId }) {
  return <span class={`badge ${panel}`}>{panel.toUpperCase()}</span>
}

/** The colour of a class, beside its name. */
export function Swatch({ colour }: { readonly colour: Colour }) {
  return <span class="swatch" style={{ background: `rgb(${colour.join(' ')})` }} />
}

/** Time without a change, in milliseconds, after which screen readers read the values and the address is updated. */
export const SETTLED = 350

export function SpokenReadings({ readings }: { readonly readings: readonly MapValue[] }) {
  const [spoken, speak] = useState('')
  const sentence = spokenText(readings)
  useEffect(() => {
    const timer = setTimeout(() => speak(sentence), SETTLED)
    return () => clearTimeout(timer)
  }, [sentence])
  return (
    <p id="live" class="hidden" aria-live="polite">
      {spoken}
    </p>
  )
}

export function spokenText(readings: readonly MapValue[]): string {
  const [first] = readings
  if (first === undefined) return ''
  const texts = valueTexts(readings)
  const spoken = readings.map(({ map: { fitted, quantity }, answer }, i) => {
    const words = [texts[i] && `${quantity} ${texts[i]}`, answer && `answer ${answer}`].filter(Boolean)
    return `${isolated(fitted.group.model)}: ${words.join(', ')}`
  })
  return `${positionText(first.position)}. ${spoken.join('; ')}.`
}

/**
 * For each map, its value at the cursor; empty if it shows classes. Until the value is computed, the text is ≈ and the
 * value at a nearby position. Only a similarity of exactly 1 is shown as 1.
 */
export function valueTexts(readings: readonly MapValue[], decimals = cosineDecimals(readings)): readonly string[] {
  return readings.map(({ map: { quantity, regions, error }, shown, isNearby }) => {
    if (regions !== undefined) return ''
    const text = quantity === 'similarity' ? cosineText(shown, decimals, error) : probabilityText(shown)
    return `${isNearby ? '≈ ' : ''}${text}`
  })
}

/** Decimals with which the similarities of all maps differ from 1 and from each other, if they do. */
export function cosineDecimals(readings: readonly MapValue[]): number {
  const cosines = readings.filter(({ map }) => map.quantity === 'similarity').map(({ shown }) => shown)
  return decimalsFor([1, ...cosines])
}
