import type { Position } from '../../engine/scene/positions.js'
import { indexOf, positionAt } from '../../experiments/maps/grid.js'
import { centerOf } from '../site/groups.js'
import type { SiteGroup } from '../site/siteIndex.js'
import { wayText } from '../text/text.js'
import type { LoadedMap } from './maps.js'
import { type MapValue, readMaps } from './mapValues.js'

/** The longest small move in pixels, unless the map's steps are larger. */
const SMALL = 6

const DIRECTIONS = [
  { down: 0, right: 1, arrow: '→' },
  { down: 0, right: -1, arrow: '←' },
  { down: -1, right: 0, arrow: '↑' },
  { down: 1, right: 0, arrow: '↓' },
] as const

type Direction = (typeof DIRECTIONS)[number]

/** A move of the object by a few pixels. */
export interface SmallMove {
  readonly direction: Direction
  /** Position after the move, in the pixels of map A. */
  readonly to: Position
  /** The values of all maps there. */
  readonly readings: readonly MapValue[]
}

/**
 * The small move that changes the answer of network A or, if none does, of network B. Otherwise it goes to the right. It
 * goes back only if nothing else changes an answer. Undefined if the object cannot move.
 * @param now values of all maps where the object is
 * @param last direction of the small move before
 */
export function smallMove(now: readonly MapValue[], last: Direction | undefined): SmallMove | undefined {
  const [first] = now
  if (first === undefined) return undefined
  const { group } = first.map.fitted
  const start = positionAt(first.at, group)
  const moves = DIRECTIONS.flatMap((direction) => {
    const to = movedBy(start, direction, group)
    if (to === undefined) return []
    const readings = readMaps(
      now.map(({ map }) => map),
      to,
      group,
    )
    const isBack = last !== undefined && last.down === -direction.down && last.right === -direction.right
    const changes = readings.map(({ name }, i) => Number(name !== now[i]?.name))
    const score = 2 * (changes[0] ?? 0) + (changes[1] ?? 0) - (isBack ? 0.5 : 0)
    return [{ direction, to, readings, score }]
  })
  return moves.toSorted((a, b) => b.score - a.score)[0]
}

/** The position after a small move; undefined if it is outside the map. */
function movedBy(from: Position, { down, right }: Direction, group: SiteGroup): Position | undefined {
  const { stride } = group
  const length = stride * Math.max(1, Math.floor(SMALL / stride))
  const to = { row: from.row + down * length, col: from.col + right * length }
  const nearest = positionAt(indexOf(to, group), group)
  return nearest.row === to.row && nearest.col === to.col ? to : undefined
}

/** How far a map's object moves, such as `6 px right`. */
export function wayOf(before: MapValue, after: MapValue): string {
  return wayText(before.position, after.position)
}

/**
 * Where the page opens: at a position where the answer is right, a small move changes it, and both answers are as sure
 * and as near to the center as possible. Undefined if no small move changes the answer.
 */
export function openingPosition({ fitted: { group }, answers }: LoadedMap): Position | undefined {
  if (answers === undefined) return undefined
  const { numbers, probabilities, right = [] } = answers.strongest
  const center = centerOf(group)
  const half = (Math.max(group.rows, group.cols) * group.stride) / 2
  let best: { readonly score: number; readonly position: Position } | undefined
  for (const [index, number] of numbers.entries()) {
    const position = positionAt(index, group)
    for (const direction of DIRECTIONS) {
      const to = movedBy(position, direction, group)
      const then = to && indexOf(to, group)
      if (then === undefined || numbers[then] === number) continue
      const away = Math.hypot(position.row - center.row, position.col - center.col) / half
      const surety = Math.min(probabilities[index]!, probabilities[then]!)
      const score = 4 * surety + (right.includes(number) ? 1 : 0) - 0.4 * away
      if (best === undefined || score > best.score) best = { score, position }
    }
  }
  return best?.position
}
