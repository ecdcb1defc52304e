import { useRef } from 'preact/hooks'
import { isSamePosition, type Position } from '../../engine/scene/positions.js'
import { SEES_NOTHING } from '../../experiments/answers/headRow.js'
import { indexOf, type PixelGrid, positionAt } from '../../experiments/maps/grid.js'
import { centerOf, kindOf } from '../site/groups.js'
import type { AnswerSummary, SiteAnswer, SiteGroup } from '../site/siteIndex.js'
import { agreementText, classText, isolated, probabilityText, shareText, wayText } from '../text/text.js'
import { element } from './dom.js'
import type { Fitted } from './fit.js'
import { Badge } from './mapValues.js'

/**
 * Positions of the grid on the way from `start` to `end`: along their row or column or, if they share neither, along
 * the straight line. `start` is not part of the result, because it may lie between positions. `end` is its last entry.
 */
export function wayBetween(start: Position, end: Position, grid: PixelGrid): readonly Position[] {
  const from = positionAt(indexOf(start, grid), grid)
  const [down, right] = [(end.row - from.row) / grid.stride, (end.col - from.col) / grid.stride]
  const count = Math.max(1, Math.abs(down), Math.abs(right))
  return Array.from({ length: count }, (_, i) => ({
    row: from.row + Math.round((down * (i + 1)) / count) * grid.stride,
    col: from.col + Math.round((right * (i + 1)) / count) * grid.stride,
  }))
}

function answerOf({ group, unit }: Fitted): AnswerSummary | undefined {
  return unit === null ? undefined : group.units[unit]?.answer
}

/** The way from the center to the nearest position with another confident answer; empty if there is none. */
export function wayToFlip(fitted: Fitted): readonly Position[] {
  const flip = answerOf(fitted)?.flip
  return flip === undefined ? [] : wayBetween(centerOf(fitted.group), flip, fitted.group)
}

/** Time before the object moves by itself, and time for its way, in milliseconds. */
const BEFORE = 1000
const UNDER_WAY = 1500

const INPUTS = ['pointerdown', 'keydown', 'wheel', 'touchstart', 'hashchange']

/**
 * Moves the object along the way, once. Any input stops it for good. Nothing moves if the user prefers reduced motion,
 * or if the page's address names a view or a section. While the page is hidden, the object waits.
 * @param isReady resolves when the maps are drawn
 */
export async function playOpening(
  way: readonly Position[],
  moveTo: (position: Position) => void,
  isReady: Promise<unknown>,
): Promise<void> {
  if (way.length === 0 || location.hash !== '' || matchMedia('(prefers-reduced-motion:reduce)').matches) return
  const stopped = new AbortController()
  const options = { signal: stopped.signal, capture: true, passive: true }
  for (const kind of INPUTS) window.addEventListener(kind, () => stopped.abort(), options)
  // Elsewhere on the page, the pointer may move. Over a map, it moves the object.
  const isOnMap = ({ target }: Event) => target instanceof Element && target.closest('.plot') !== null
  window.addEventListener('pointermove', (event) => isOnMap(event) && stopped.abort(), options)
  await isReady
  await visible()
  await pause(BEFORE)
  for (const position of way) {
    await visible()
    if (stopped.signal.aborted) return
    moveTo(position)
    await pause(UNDER_WAY / way.length)
  }
  stopped.abort()
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds))
}

async function visible(): Promise<void> {
  if (document.hidden) await new Promise((done) => document.addEventListener('visibilitychange', done, { once: true }))
}

interface StepsProps {
  readonly fitted: Fitted
  readonly cursor: Position
  readonly moveTo: (position: Position) => void
}

/** Three steps for a new user: the answer at the center, where it changes, and the invitation to move the object. */
export function Steps({ fitted, cursor, moveTo }: StepsProps) {
  const isSeen = useRef(false)
  const answer = answerOf(fitted)
  if (answer === undefined) return <p class="soft">{howToMove(fitted.group)}</p>
  const { flip } = answer
  const center = centerOf(fitted.group)
  const isOnWay = wayToFlip(fitted).some((one) => isSamePosition(one, cursor))
  // The second step gives its answer only when the object has moved there.
  isSeen.current ||= isOnWay
  const change = flip && isSeen.current ? `${wayText(fitted.group, center, flip)}: ${seenText(flip)}.` : CHANGE
  const steps = [
    <button type="button" onClick={() => moveTo(center)}>
      At the center, <Badge panel="a" /> sees {seenText(answer.center)}.
    </button>,
    flip === undefined ? (
      steadyText(answer)
    ) : (
      <button type="button" class={isSeen.current ? '' : 'offer'} onClick={() => moveTo(flip)}>
        {change}
      </button>
    ),
    <button type="button" onClick={() => element('a-image', HTMLElement).focus()}>
      Now drag it, or click and use the arrow keys.
    </button>,
  ]
  const now = isSamePosition(center, cursor) ? 0 : isOnWay ? 1 : 2
  return (
    <ol class="steps">
      {steps.map((step, i) => (
        <li aria-current={i === now ? 'step' : undefined}>
          <span>{step}</span>
        </li>
      ))}
    </ol>
  )
}

function howToMove(group: SiteGroup): string {
  const kind = kindOf(group)
  if (group.rows * group.cols === 1) return `The map has only one position, so the ${kind} cannot move.`
  return `Drag the ${kind}, or click and use the arrow keys.`
}

const CHANGE = 'Show where it changes'

function seenText({ name, probability }: SiteAnswer): string {
  return name === SEES_NOTHING ? name : `${isolated(classText(name))}, ${probabilityText(probability)}`
}

function steadyText({ center, agreement, frequent }: AnswerSummary): string {
  if (frequent.length === 1 && frequent[0]?.name === center.name) return 'Wherever it moves, the answer stays the same.'
  const given = frequent.map(
    ({ name, isRight, share }) =>
      `${isolated(classText(name))} (${shareText(share, 1)} of positions${isRight ? ', right' : ''})`,
  )
  return `When it moves, ${agreementText(agreement)}. Most frequent: ${given.join(' and ')}.`
}
