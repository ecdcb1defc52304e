import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Position } from '../../engine/positions.js'
import type { Box } from '../../experiments/boxes.js'
import { type SvgElement, svg } from '../../plot/svg.js'
import { namedAnswer } from './answers.js'
import { drawn } from './drawing.js'
import type { Fitted } from './fit.js'
import { type CursorActions, onKey } from './keys.js'
import type { Reading } from './readings.js'
import { positionText } from './text.js'

export interface FrameActions extends CursorActions {
  /**
   * Moves the object's top-left corner to the grid position that is nearest to `position`. The value of `position` is
   * in pixels of the frame, and may be outside the frame.
   */
  readonly place: (position: Position) => void
}

interface FrameProps {
  readonly readings: readonly Reading[]
  readonly pictureOf: (key: number) => Promise<string>
  readonly actions: FrameActions
}

/**
 * The user can drag the object. Outside the object, a mouse press moves the object's middle to the pointer, and a
 * finger scrolls the page.
 */
export function FrameView({ readings, pictureOf, actions }: FrameProps) {
  const [reading] = readings
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  /** Point at which the user grasped the object, in frame pixels from its top left; undefined if it is not dragged. */
  const grip = useRef<Position | undefined>(undefined)
  const [isDragged, setDragged] = useState(false)
  const group = reading?.map.fitted.group
  const pictures = usePictures(reading?.map.fitted, pictureOf)
  useLayoutEffect(() => {
    if (canvas.current && reading) drawPixels(canvas.current, reading, pictures)
  })
  const drag = ({ clientX, clientY }: PointerEvent) => {
    if (grip.current === undefined || group === undefined || box.current === null) return
    const { left, top, width, height } = box.current.getBoundingClientRect()
    const [row, col] = [((clientY - top) / height) * group.frame, ((clientX - left) / width) * group.frame]
    actions.place({ row: row - grip.current.row, col: col - grip.current.col })
  }
  const grasp = (event: PointerEvent) => {
    if (event.button !== 0 || group === undefined || box.current === null || reading === undefined) return
    const { left, top, width, height } = box.current.getBoundingClientRect()
    const inside = {
      row: ((event.clientY - top) / height) * group.frame - reading.position.row,
      col: ((event.clientX - left) / width) * group.frame - reading.position.col,
    }
    const isInside = Math.min(inside.row, inside.col) >= 0 && Math.max(inside.row, inside.col) < group.size
    if (!isInside && event.pointerType === 'touch') return
    grip.current = isInside ? inside : { row: group.size / 2, col: group.size / 2 }
    box.current.setPointerCapture(event.pointerId)
    setDragged(true)
    drag(event)
  }
  const letGo = () => {
    grip.current = undefined
    setDragged(false)
  }
  const place = reading && positionText(reading.position)
  return (
    <div
      class={`frame image${isDragged ? ' dragged' : ''}`}
      id="a-image"
      ref={box}
      tabIndex={0}
      role="application"
      aria-roledescription="object to drag"
      aria-label={
        place ? `The object in its frame at ${place}: drag it, or use the arrow keys` : 'The object in its frame'
      }
      aria-describedby="keys"
      onPointerDown={grasp}
      onPointerMove={drag}
      onPointerUp={letGo}
      onPointerCancel={letGo}
      onKeyDown={(event) => onKey(event, actions)}
    >
      <canvas ref={canvas} />
      {reading && (
        <>
          <svg viewBox={`0 0 ${reading.map.fitted.group.frame} ${reading.map.fitted.group.frame}`} aria-hidden="true">
            {[...outlines(reading), ...seenBoxes(reading)].map(drawn)}
          </svg>
          <div class="grip" style={boxStyle(reading)} />
          <Tags readings={readings} />
        </>
      )}
    </div>
  )
}

function Tags({ readings }: { readonly readings: readonly Reading[] }) {
  const { position, map } = readings[0] as Reading
  const { frame, size } = map.fitted.group
  const fits = position.row + size < frame * 0.88
  const percent = (pixels: number) => `${(100 * pixels) / frame}%`
  // Predicted classes are shown below the object or, if they do not fit there, above it. If there is no space above it
  // either, they cover its top.
  const isAbove = !fits && position.row > frame * 0.12
  // Long names grow towards the farther side of the frame.
  const side =
    position.col > (frame - size) / 2
      ? { right: percent(frame - position.col - size) }
      : { left: percent(position.col) }
  return (
    <div
      id="tags"
      class={`tags${isAbove ? ' above' : ''}`}
      style={{ ...side, top: percent(fits ? position.row + size : position.row) }}
    >
      {readings.map(({ panel, answer }) => (
        <span key={panel} id={`${panel}-tag`} class={`tag ${panel}`} hidden={answer === ''}>
          {answer}
        </span>
      ))}
    </div>
  )
}

function boxStyle({ position, map }: Reading) {
  const { frame, size } = map.fitted.group
  const percent = (pixels: number) => `${(100 * pixels) / frame}%`
  return { left: percent(position.col), top: percent(position.row), width: percent(size), height: percent(size) }
}

type Pictures = ReadonlyMap<number, HTMLImageElement>

const images = new Map<number, HTMLImageElement>()

function usePictures(fitted: Fitted | undefined, pictureOf: FrameProps['pictureOf']): Pictures {
  const [, drawAgain] = useState(0)
  const keys = fitted === undefined ? [] : [objectOf(fitted), backgroundOf(fitted)]
  const wanted = keys.filter((key) => key !== null)
  useEffect(() => {
    for (const key of wanted) {
      if (images.has(key)) continue
      const image = new Image()
      // After a failure, the picture is loaded again when it is next shown.
      const forget = () => images.delete(key)
      image.addEventListener('load', () => drawAgain((times) => times + 1), { once: true })
      image.addEventListener('error', forget, { once: true })
      images.set(key, image)
      pictureOf(key).then((source) => {
        image.src = source
      }, forget)
    }
  }, [wanted.join(' ')])
  return images
}

function objectOf({ group, unit }: Fitted): number | null {
  return unit === null ? null : (group.units[unit]?.picture ?? null)
}

function backgroundOf({ group: { background } }: Fitted): number | null {
  return background !== null && 'picture' in background ? background.picture : null
}

/** Draws the frame. The canvas has one pixel for each pixel of the frame. CSS enlarges the canvas without smoothing. */
function drawPixels(canvas: HTMLCanvasElement, { map: { fitted }, position }: Reading, pictures: Pictures): void {
  const { frame, background } = fitted.group
  canvas.width = frame
  canvas.height = frame
  const context = canvas.getContext('2d')
  const loaded = (key: number | null) => {
    const image = key === null ? undefined : pictures.get(key)
    return image?.complete && image.naturalWidth > 0 ? image : undefined
  }
  if (context === null) return
  context.fillStyle = background !== null && 'colour' in background ? background.colour : '#808080'
  context.fillRect(0, 0, frame, frame)
  const [behind, object] = [loaded(backgroundOf(fitted)), loaded(objectOf(fitted))]
  if (behind) context.drawImage(behind, 0, 0)
  if (object) context.drawImage(object, position.col, position.row)
}

/** Words such as "no picture" are written only into objects whose side has at least this many pixels. */
const LEAST_FOR_WORDS = 40

function outlines({ map: { fitted }, position: { row, col } }: Reading): readonly SvgElement[] {
  const { group, unit, anchorPosition } = fitted
  const { size } = group
  const words = unit === null ? 'mean' : objectOf(fitted) === null ? 'no picture' : ''
  const middle = { x: col + size / 2, y: row + size / 2 + 4, 'text-anchor': 'middle' }
  const square = (name: string, top: number, left: number) =>
    svg('rect', { class: name, x: left + 0.5, y: top + 0.5, width: size - 1, height: size - 1 })
  return [
    square('at-anchor-under', anchorPosition.row, anchorPosition.col),
    square('at-anchor', anchorPosition.row, anchorPosition.col),
    square('at-cursor under', row, col),
    square('at-cursor over', row, col),
    svg('text', middle, size < LEAST_FOR_WORDS ? '' : words),
  ]
}

/**
 * A detector's boxes: that of the object's class and, if the answer is another class, that of the answer. The tag names
 * the answer, so only a box of another class has its name.
 */
function seenBoxes({ map: { answers, fitted }, sighting, answer, ofCenter = 0, isNearby }: Reading) {
  if (sighting === undefined || isNearby) return []
  const box = (name: string, [left, top, right, bottom]: Box) =>
    svg('rect', { class: name, x: left, y: top, width: right - left, height: bottom - top })
  const own = namedAnswer(answers?.strongest?.names[0] ?? '', ofCenter)
  if (answer === own) return [box('own', sighting.own)]
  const [left, , right, bottom] = sighting.own
  const isRight = left > fitted.group.frame / 2
  const place = { x: isRight ? right - 4 : left + 4, y: bottom - 5, 'text-anchor': isRight ? 'end' : 'start' }
  return [
    box('other', sighting.answer),
    box('own', sighting.own),
    svg('text', { class: 'own', ...place }, right > left ? own : ''),
  ]
}
