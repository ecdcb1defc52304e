import type { Position } from '../../engine/positions.js'
import type { Fitted } from './fit.js'
import { bindKeys, type PointingActions } from './pointing.js'
import { positionText, type Reading } from './readout.js'

/** Lets pointer and keys move the object in its frame: a drag takes it where it is grasped, elsewhere by its middle. */
export function bindFrame(box: HTMLElement, fitted: () => Fitted, cursor: () => Position, actions: FrameActions): void {
  /** Where the object was grasped, in pixels of the frame from its top left; undefined: it is not. */
  let grip: Position | undefined
  const pointAt = ({ clientX, clientY }: PointerEvent): Position => {
    const { left, top, width, height } = box.getBoundingClientRect()
    const { frame } = fitted().group
    return { row: ((clientY - top) / height) * frame, col: ((clientX - left) / width) * frame }
  }
  const drag = (event: PointerEvent) => {
    if (grip === undefined) return
    const { row, col } = pointAt(event)
    actions.place({ row: row - grip.row, col: col - grip.col })
  }
  box.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    const { size } = fitted().group
    const [point, object] = [pointAt(event), cursor()]
    const inside = { row: point.row - object.row, col: point.col - object.col }
    const isInside = Math.min(inside.row, inside.col) >= 0 && Math.max(inside.row, inside.col) < size
    grip = isInside ? inside : { row: size / 2, col: size / 2 }
    box.setPointerCapture(event.pointerId)
    box.classList.add('dragged')
    drag(event)
  })
  box.addEventListener('pointermove', drag)
  const end = () => {
    grip = undefined
    box.classList.remove('dragged')
  }
  box.addEventListener('pointerup', end)
  box.addEventListener('pointercancel', end)
  bindKeys(box, actions)
}

export interface FrameActions extends PointingActions {
  /** The object's top left is to be near here, in pixels of the frame, also outside it. */
  readonly place: (position: Position) => void
}

/** Puts what is answered beside the object, and says where it is. */
export function showFrame(box: HTMLElement, tags: HTMLElement, { map: { fitted }, position }: Reading): void {
  const { frame, size } = fitted.group
  const fits = position.row + size < frame * 0.88
  const top = fits ? position.row + size : position.row
  const percent = (pixels: number) => `${(100 * pixels) / frame}%`
  Object.assign(tags.style, { left: percent(position.col), top: percent(top) })
  // At the lower rim there is no room but inside.
  tags.classList.toggle('above', !fits && position.row > frame * 0.12)
  box.setAttribute('aria-label', `The object in its frame at ${positionText(position)}: drag it, or use the arrow keys`)
}
