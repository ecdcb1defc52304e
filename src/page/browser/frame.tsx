import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { isSamePosition, type Position } from '../../engine/scene/positions.js'
import { type SvgElement, svg } from '../../plot/svg.js'
import { groundColour, kindOf, pictureKey } from '../site/groups.js'
import type { PictureKey, SiteGroup } from '../site/siteIndex.js'
import { positionText } from '../text/text.js'
import { drawn } from './drawing.js'
import { type Fitted, nearestPosition } from './fit.js'
import { type CursorActions, onKey } from './keys.js'
import { anchorOf } from './maps.js'
import { Badge, type MapValue, Swatch } from './mapValues.js'
import { usePictures } from './picture.js'
import type { Regions } from './regions.js'
import { SEEN } from './seen.js'

interface FrameProps {
  /** What map A shows, whether or not the map has arrived. */
  readonly fitted: Fitted
  readonly cursor: Position
  readonly readings: readonly MapValue[]
  readonly regions: Regions
  readonly pictureOf: (key: PictureKey) => Promise<string>
  readonly actions: CursorActions
}

/** Share of the frame by which a photograph is also drawn around the window. */
const AROUND = 1 / 7

/** Width of the border around the frame, in pixels: 0 for objects. */
function borderOf({ first, frame }: SiteGroup): number {
  return Math.min(-first, Math.round(frame * AROUND))
}

/**
 * The user can drag the object. Outside the object, a mouse press moves the object's middle to the pointer, and a
 * finger scrolls the page. A photograph moves behind a window that stays where it is and shows what the network sees.
 */
export function FrameView({ fitted, cursor, readings, regions, pictureOf, actions }: FrameProps) {
  const reading = readings.find(({ panel }) => panel === 'a')
  const position = reading?.position ?? placeOf(fitted, cursor)
  const canvas = useRef<HTMLCanvasElement>(null)
  const { group } = fitted
  const { box, isDragged, ...handlers } = useDrag(group, position, actions.place)
  const pictures = usePictures([pictureKey(group, fitted.unit), backgroundOf(fitted)], pictureOf)
  useLayoutEffect(() => {
    if (canvas.current) drawPixels(canvas.current, fitted, position, pictures)
  })
  const kind = kindOf(group)
  const title = kind === 'object' ? 'The object in its frame' : 'The photograph behind the window'
  const border = borderOf(group)
  const percent = (pixels: number) => `${(100 * pixels) / group.frame}%`
  const side = percent(group.size)
  return (
    <div
      class={`frame image${isDragged ? ' dragged' : ''}`}
      id="a-image"
      tabIndex={0}
      role="application"
      aria-roledescription={`${kind} to drag`}
      aria-label={`${title} at ${positionText(position)}: drag it, or use the arrow keys`}
      aria-describedby="keys"
      {...handlers}
      onKeyDown={(event) => onKey(event, actions)}
    >
      <canvas ref={canvas} />
      <div class="window" ref={box} style={{ inset: `${(100 * border) / (group.frame + 2 * border)}%` }}>
        <svg viewBox={`0 0 ${group.frame} ${group.frame}`} aria-hidden="true">
          {[
            ...outlines(fitted, position, reading ? anchorOf(reading.map) : fitted.anchorPosition),
            ...(reading ? SEEN[group.head ?? 'classifier'](reading, regions) : []),
          ].map(drawn)}
        </svg>
        <div
          class="grip"
          style={{ left: percent(position.col), top: percent(position.row), width: side, height: side }}
        />
        {readings.length > 0 && <Tags readings={readings} regions={regions} />}
      </div>
    </div>
  )
}

/**
 * Lets the pointer drag the object.
 * @param position where the object is now
 * @returns a ref for the frame's box, whether the object is dragged, and handlers for the events
 */
function useDrag({ frame, size }: SiteGroup, position: Position, place: CursorActions['place']) {
  const box = useRef<HTMLDivElement>(null)
  /** Point at which the user grasped the object, in frame pixels from its top left; undefined if it is not dragged. */
  const grip = useRef<Position | undefined>(undefined)
  const [isDragged, setDragged] = useState(false)
  /** Position of the pointer from a point of the frame, in pixels of the frame. */
  const pointerFrom = (from: Position, { clientX, clientY }: PointerEvent): Position => {
    const { left, top, width, height } = box.current!.getBoundingClientRect()
    return {
      row: ((clientY - top) / height) * frame - from.row,
      col: ((clientX - left) / width) * frame - from.col,
    }
  }
  const drag = (event: PointerEvent) => {
    if (grip.current !== undefined) place(pointerFrom(grip.current, event))
  }
  const grasp = (event: PointerEvent) => {
    if (event.button !== 0) return
    const inside = pointerFrom(position, event)
    const isInside = Math.min(inside.row, inside.col) >= 0 && Math.max(inside.row, inside.col) < size
    if (!isInside && event.pointerType === 'touch') return
    grip.current = isInside ? inside : { row: size / 2, col: size / 2 }
    box.current?.setPointerCapture(event.pointerId)
    setDragged(true)
    drag(event)
  }
  const letGo = () => {
    grip.current = undefined
    setDragged(false)
  }
  return { box, isDragged, onPointerDown: grasp, onPointerMove: drag, onPointerUp: letGo, onPointerCancel: letGo }
}

/** The position of the object while no map of it has arrived. */
function placeOf({ group, anchorPosition }: Fitted, cursor: Position): Position {
  return isSamePosition(anchorPosition, cursor) ? anchorPosition : nearestPosition(group, cursor)
}

function Tags({ readings, regions }: Pick<FrameProps, 'readings' | 'regions'>) {
  const { position, map } = readings[0]!
  const { frame, size } = map.fitted.group
  const fits = position.row + size < frame * 0.88
  const percent = (pixels: number) => `${(100 * pixels) / frame}%`
  // Predicted classes are shown below the object or, if they do not fit there, above it. If there is no space above it
  // either, they cover its top, or the top of the window.
  const isAbove = !fits && position.row > frame * 0.12
  const down = isAbove ? frame - position.row : fits ? position.row + size : Math.max(0, position.row)
  // Long names grow towards the farther side of the frame.
  const isRight = position.col > Math.max(0, (frame - size) / 2)
  const along = isRight ? frame - position.col - size : Math.max(0, position.col)
  return (
    // The gaps shrink where the tags need their space, so that the frame never cuts a tag.
    <div class={`tags-at${isAbove ? ' above' : ''}`}>
      <div class="gap" style={{ height: percent(down) }} />
      <div class={isRight ? 'right' : ''}>
        <div class="gap" style={{ width: percent(along) }} />
        <div id="tags" class="tags">
          {readings.map(({ panel, answer, name }) => (
            <span key={panel} class="tag" hidden={answer === ''}>
              <Badge panel={panel} />
              {name !== undefined && <Swatch colour={regions.colourOfClass(name)} />}
              <span id={`${panel}-tag`}>{answer}</span>
            </span>
          ))}
        </div>
      </div>
    </div>
  )
}

function backgroundOf({ group: { background } }: Fitted): PictureKey | null {
  return background !== null && 'picture' in background ? background.picture : null
}

/**
 * Draws the frame and its border, which is darker. The canvas has one pixel for each pixel of the frame. CSS enlarges
 * the canvas without smoothing.
 */
function drawPixels(
  canvas: HTMLCanvasElement,
  fitted: Fitted,
  position: Position,
  pictureOf: ReturnType<typeof usePictures>,
): void {
  const { group, unit } = fitted
  const { frame } = group
  const border = borderOf(group)
  const side = frame + 2 * border
  canvas.width = side
  canvas.height = side
  const context = canvas.getContext('2d')
  if (context === null) return
  context.fillStyle = groundColour(group)
  context.fillRect(0, 0, side, side)
  context.translate(border, border)
  const [behind, object] = [pictureOf(backgroundOf(fitted)), pictureOf(pictureKey(group, unit))]
  if (behind) context.drawImage(behind, 0, 0)
  if (object) context.drawImage(object, position.col, position.row)
  const outside = new Path2D()
  outside.rect(-border, -border, side, side)
  outside.rect(0, 0, frame, frame)
  context.fillStyle = 'rgb(0 0 0/.55)'
  context.fill(outside, 'evenodd')
}

/** Words such as "no picture" are written only into objects whose side has at least this many pixels. */
const LEAST_FOR_WORDS = 40

/**
 * Outlines of the object at the cursor, and where the map compares; of a photograph, the parts in the window there.
 * @param anchor position with which the map compares
 */
function outlines({ group, unit }: Fitted, position: Position, anchor: Position): readonly SvgElement[] {
  const isWindow = kindOf(group) === 'photograph'
  const size = Math.min(group.size, group.frame)
  const { row, col } = isWindow ? { row: 0, col: 0 } : position
  const atAnchor = isWindow ? { row: position.row - anchor.row, col: position.col - anchor.col } : anchor
  const words = unit === null ? 'mean' : pictureKey(group, unit) === null ? 'no picture' : ''
  const middle = { x: col + size / 2, y: row + size / 2 + 4, 'text-anchor': 'middle' }
  const square = (name: string, top: number, left: number) =>
    svg('rect', { class: name, x: left + 0.5, y: top + 0.5, width: size - 1, height: size - 1 })
  return [
    square('at-anchor-under', atAnchor.row, atAnchor.col),
    square('at-anchor', atAnchor.row, atAnchor.col),
    square('at-cursor under', row, col),
    square('at-cursor over', row, col),
    svg('text', middle, size < LEAST_FOR_WORDS ? '' : words),
  ]
}
