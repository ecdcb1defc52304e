import type { Position } from '../../engine/scene/positions.js'

export interface CursorActions {
  /**
   * Moves the top-left corner of the object or photograph to the grid position that is nearest to `position`, which is
   * in pixels of the frame and may be outside it.
   */
  readonly place: (position: Position) => void
  /** Moves the cursor by a number of positions down and right. `Infinity` moves it to the edge of the map. */
  readonly step: (down: number, right: number) => void
  readonly goToAnchor: (anchor: number) => void
  readonly anchorHere: () => void
}

const LONG_STEP = 10

export function onKey(event: KeyboardEvent, actions: CursorActions): void {
  if (event.ctrlKey || event.metaKey || event.altKey || !act(event, actions)) return
  event.preventDefault()
}

/** @returns whether the key has an action */
function act({ key, shiftKey }: KeyboardEvent, actions: CursorActions): boolean {
  const length = shiftKey ? LONG_STEP : 1
  const steps: Readonly<Record<string, readonly [number, number]>> = {
    ArrowUp: [-length, 0],
    ArrowDown: [length, 0],
    ArrowLeft: [0, -length],
    ArrowRight: [0, length],
    Home: [0, Number.NEGATIVE_INFINITY],
    End: [0, Number.POSITIVE_INFINITY],
    PageUp: [Number.NEGATIVE_INFINITY, 0],
    PageDown: [Number.POSITIVE_INFINITY, 0],
  }
  const step = steps[key]
  if (step !== undefined) actions.step(...step)
  else if (/^[1-9]$/.test(key)) actions.goToAnchor(Number(key) - 1)
  else if (key === 'Enter' || key.toLowerCase() === 'a') actions.anchorHere()
  else return false
  return true
}

/**
 * Moves the focus within a group of buttons, so that the group is one stop of the Tab key. Left and right stay within
 * the buttons with the same `data-line`; up and down within those with the same `data-column`.
 */
export function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key]
  const from = event.target as HTMLElement
  if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return
  const key = event.key === 'ArrowLeft' || event.key === 'ArrowRight' ? 'line' : 'column'
  const group = [...(event.currentTarget as Element).querySelectorAll<HTMLElement>('[data-line]')]
  const others = group.filter((one) => one.dataset[key] === from.dataset[key])
  event.preventDefault()
  others.at((others.indexOf(from) + step) % others.length)?.focus()
}
