import type { Position } from '../../engine/positions.js'
import { answerText } from './answers.js'
import { element, isolated } from './dom.js'
import { mapIndex, nearestPosition } from './fit.js'
import type { LoadedMap } from './maps.js'
import { cosineText, differenceText } from './numbers.js'
import { PANEL_IDS } from './panel.js'

/** A panel's similarity at the position of its grid that is nearest to the cursor. */
export interface Reading {
  /** 0 or 1. */
  readonly panel: number
  readonly map: LoadedMap
  readonly position: Position
  /** Index of the position. */
  readonly at: number
  /** Similarity, whatever the map shows. */
  readonly value: number
  /** "dog 0.91"; empty: not known. */
  readonly answer: string
}

export function readAt(panel: number, map: LoadedMap, cursor: Position): Reading {
  const position = nearestPosition(map.fitted.group, cursor)
  const at = mapIndex(map.fitted.group, position)
  const answer = map.answers === undefined ? '' : answerText(map.answers, at)
  return { panel, map, position, at, value: map.similarity[at] as number, answer }
}

/** Writes the numbers at the cursor. */
export function showReadings(readings: readonly Reading[]): void {
  const [first, second] = readings
  element('at-place', HTMLElement).textContent = first === undefined ? '' : positionText(first.position)
  element('at-offset', HTMLElement).textContent = first === undefined ? '' : offsetText(first)
  for (const [i, id] of PANEL_IDS.entries()) {
    const reading = readings.find(({ panel }) => panel === i)
    element(`${id}-row`, HTMLElement).hidden = reading === undefined
    // On a narrow screen the readout is far from the map.
    const here = element(`${id}-here`, HTMLElement)
    here.textContent = reading === undefined ? '' : `${hereText(reading)} at the cursor,`
    const tag = element(`${id}-tag`, HTMLElement)
    tag.textContent = reading?.answer ?? ''
    tag.hidden = tag.textContent === ''
    if (reading === undefined) continue
    element(`${id}-answer`, HTMLElement).textContent = reading.answer
    element(`${id}-name`, HTMLElement).textContent = panelName(reading)
    element(`${id}-value`, HTMLElement).textContent = valueText(reading)
  }
  element('difference-row', HTMLElement).hidden = second === undefined
  if (first === undefined || second === undefined) return
  element('difference', HTMLElement).textContent = differenceOf(first, second)
  const apart = first.position.row !== second.position.row || first.position.col !== second.position.col
  element('apart', HTMLElement).textContent = apart
    ? `B at ${positionText(second.position)}, the nearest that it has`
    : ''
}

function hereText({ value, answer, map, at }: Reading): string {
  return [valueText({ value, map, at }), ...(answer === '' ? [] : [answer])].join(', ')
}

/** The cosine; of a position that is not computed yet, that of one near it. */
function valueText({ value, map: { error, known }, at }: Pick<Reading, 'value' | 'map' | 'at'>): string {
  return `${known?.[at] === 0 ? '≈ ' : ''}${cosineText(value, error)}`
}

/** Of the numbers as they are shown, so that a reader who subtracts gets the same. */
function differenceOf(first: Reading, second: Reading): string {
  return differenceText(second.value - first.value, first.map.error + second.map.error)
}

/** The same in a sentence, for those who hear it. */
export function spokenReadings(readings: readonly Reading[]): string {
  const [first, second] = readings
  if (first === undefined) return ''
  const values = readings.map((reading) => `${panelName(reading)}: ${spokenValue(reading)}`)
  const last = second === undefined ? [] : [`difference ${differenceOf(first, second)}`]
  return `${positionText(first.position)}. ${[...values, ...last].join('; ')}.`
}

function spokenValue({ value, answer, map, at }: Reading): string {
  return [valueText({ value, map, at }), ...(answer === '' ? [] : [`answer ${answer}`])].join(', ')
}

function panelName({ map: { fitted } }: Reading): string {
  const { choice, group } = fitted
  return `${isolated(group.model)} ${isolated(choice.layer)}`
}

export function positionText({ row, col }: Position): string {
  return `row ${row}, column ${col}`
}

/** How far the patch has moved from the anchor. */
function offsetText({ position, map }: Reading): string {
  const { anchorPosition } = map.fitted
  const [down, right] = [position.row - anchorPosition.row, position.col - anchorPosition.col]
  if (down === 0 && right === 0) return 'at the anchor'
  const parts = [
    ...(down === 0 ? [] : [`${Math.abs(down)} px ${down > 0 ? 'down' : 'up'}`]),
    ...(right === 0 ? [] : [`${Math.abs(right)} px ${right > 0 ? 'right' : 'left'}`]),
  ]
  return `${parts.join(', ')} of the anchor`
}
