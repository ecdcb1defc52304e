import { useEffect, useState } from 'preact/hooks'
import type { Position } from '../../engine/positions.js'
import type { Sighting } from '../../experiments/boxes.js'
import { indexOf } from '../../experiments/grid.js'
import { roundCosine } from '../mapCoding.js'
import { answerText } from './answers.js'
import { type Fitted, nearestPosition } from './fit.js'
import type { LoadedMap } from './maps.js'
import { cosineText, differenceText, isolated, positionText, wayText } from './text.js'

/** Prefixes of the element ids of the two maps. */
export const PANEL_IDS = ['a', 'b'] as const
export type PanelId = (typeof PANEL_IDS)[number]

/** The values of a map at the position of its grid that is nearest to the cursor, or at its anchor. */
export interface Reading {
  readonly panel: PanelId
  readonly map: LoadedMap
  readonly position: Position
  /** Row-major index, in the map, of `position` or of the position of the grid that is nearest to it. */
  readonly at: number
  /** Cosine similarity to the anchor, even if the map shows another quantity. */
  readonly value: number
  /** Value of the quantity that the map shows. */
  readonly shown: number
  /** Whether the values are those of a nearby position, because this one is not computed yet. */
  readonly isNearby: boolean
  /** Most probable class and its probability, such as "dog 0.91"; empty if not known. */
  readonly answer: string
  /** Probability of the class predicted at the center. */
  readonly ofCenter: number | undefined
  /** What a detector sees. */
  readonly sighting: Sighting | undefined
}

/** Reads the maps at the cursor. If it is on the anchor of one of them, all are read at their own anchors. */
export function readMaps(maps: readonly (LoadedMap | undefined)[], cursor: Position): readonly Reading[] {
  const isOnAnchor = maps.some((map) => map && isSame(map.fitted.anchorPosition, cursor))
  return maps.flatMap((map, i) => {
    if (map === undefined) return []
    const panel = PANEL_IDS[i] as PanelId
    return [isOnAnchor ? readAtAnchor(panel, map) : readNear(panel, map, cursor)]
  })
}

function readNear(panel: PanelId, map: LoadedMap, wanted: Position): Reading {
  const position = nearestPosition(map.fitted.group, wanted)
  const at = indexOf(position, map.fitted.group)
  return {
    panel,
    map,
    position,
    at,
    value: map.similarity[at] as number,
    shown: map.values[at] as number,
    isNearby: map.known?.[at] === 0,
    answer: map.answers === undefined ? '' : answerText(map.answers, at),
    ofCenter: map.answers?.ofCenter[at],
    sighting: map.answers?.sightingAt?.(at),
  }
}

/** The anchor may lie between the positions of the grid. */
function readAtAnchor(panel: PanelId, map: LoadedMap): Reading {
  const position = map.fitted.anchorPosition
  const near = readNear(panel, map, position)
  if (isSame(near.position, position)) return near
  const { answer = '', ofCenter = near.shown, sighting } = map.atAnchor ?? {}
  const shown = map.quantity === 'similarity' ? 1 : map.quantity === 'probability' ? ofCenter : near.shown
  return { ...near, position, value: 1, shown, isNearby: false, answer, ofCenter, sighting }
}

function isSame(a: Position, b: Position): boolean {
  return a.row === b.row && a.col === b.col
}

export function Place({ reading }: { readonly reading: Reading | undefined }) {
  return (
    <p class="where">
      <strong id="at-place">{reading && positionText(reading.position)}</strong>{' '}
      <span id="at-offset" class="soft">
        {reading && offsetText(reading)}
      </span>
    </p>
  )
}

export function Readings({ readings }: { readonly readings: readonly Reading[] }) {
  const [first, second] = readings
  const isApart = first !== undefined && second !== undefined && !isSame(first.position, second.position)
  return (
    <>
      <table class="reading">
        <thead>
          <tr>
            <td />
            <th scope="col">answer{layersText(readings, ({ group }) => group.classes ?? '')}</th>
            <th scope="col">similarity{layersText(readings, ({ choice }) => choice.layer)}</th>
          </tr>
        </thead>
        <tbody>
          {readings.map((reading) => (
            <tr key={reading.panel} id={`${reading.panel}-row`}>
              <th scope="row">
                <Badge panel={reading.panel} />{' '}
                <span id={`${reading.panel}-name`}>{isolated(reading.map.fitted.group.model)}</span>
              </th>
              <td id={`${reading.panel}-answer`}>{reading.answer}</td>
              <td id={`${reading.panel}-value`} class="value">
                {valueText(reading)}
              </td>
            </tr>
          ))}
          {first && second && (
            <tr id="difference-row">
              <th scope="row">difference (B − A)</th>
              <td />
              <td id="difference" class="value">
                {differenceOf(first, second)}
              </td>
            </tr>
          )}
        </tbody>
      </table>
      <p id="apart" class="soft">
        {isApart && apartText(second)}
      </p>
    </>
  )
}

export function Badge({ panel }: { readonly panel: PanelId }) {
  return <span class={`badge ${panel}`}>{panel.toUpperCase()}</span>
}

/** Time without a change, in milliseconds, after which screen readers read the values and the address is updated. */
export const SETTLED = 350

export function SpokenReadings({ readings }: { readonly readings: readonly Reading[] }) {
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

function spokenText(readings: readonly Reading[]): string {
  const [first, second] = readings
  if (first === undefined) return ''
  const values = readings.map(spokenReading)
  const last = second === undefined ? [] : [`difference of similarity ${differenceOf(first, second)}`]
  return `${positionText(first.position)}. ${[...values, ...last].join('; ')}.`
}

export function hereText(reading: Reading): string {
  return `similarity ${valueText(reading)}${reading.answer === '' ? '' : `, answer ${reading.answer}`}`
}

function layersText(readings: readonly Reading[], layerOf: (fitted: Fitted) => string): string {
  const layers = [...new Set(readings.map(({ map }) => layerOf(map.fitted)))].filter((layer) => layer !== '')
  return layers.length === 0 ? '' : ` (${layers.map(isolated).join(', ')})`
}

/** The cosine as text. Until it is computed, the text is ≈ and the cosine at a nearby position. */
function valueText({ value, map: { error }, isNearby }: Reading): string {
  return `${isNearby ? '≈ ' : ''}${cosineText(value, error)}`
}

/** Difference between the two cosines as they are shown, so that a reader who subtracts them gets the same result. */
function differenceOf(first: Reading, second: Reading): string {
  return differenceText(roundCosine(second.value) - roundCosine(first.value), first.map.error + second.map.error)
}

function spokenReading(reading: Reading): string {
  const { group, choice } = reading.map.fitted
  const answer = reading.answer === '' ? '' : `, answer ${reading.answer} (${isolated(group.classes ?? '')})`
  return `${isolated(group.model)}: similarity ${valueText(reading)} (${isolated(choice.layer)})${answer}`
}

function apartText({ position, map }: Reading): string {
  return `B is at ${positionText(position)}, its ${isSame(position, map.fitted.anchorPosition) ? 'anchor' : 'nearest position'}`
}

function offsetText({ position, map }: Reading): string {
  const way = wayText(map.fitted.group, map.fitted.anchorPosition, position)
  return way === '' ? 'at the anchor' : `${way} of the anchor`
}
