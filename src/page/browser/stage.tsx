import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { isSamePosition, type Position } from '../../engine/scene/positions.js'
import { type SvgElement, svg } from '../../plot/svg.js'
import { groundColour, kindOf, pictureKey } from '../site/groups.js'
import type { PictureKey, SiteGroup } from '../site/siteIndex.js'
import type { PanelId } from '../site/view.js'
import { drawn, paint, useWidth } from './drawing.js'
import type { Fitted } from './fit.js'
import { type CursorActions, onKey } from './keys.js'
import { anchorOf, type LoadedMap } from './maps.js'
import { type MapValue, Swatch } from './mapValues.js'
import { usePictures } from './picture.js'
import type { Colour, Regions } from './regions.js'
import { SEEN } from './seen.js'
import { areaOf, borderOf, drawStage } from './stageArea.js'

export type ColourOf = (value: number) => Colour

interface StageProps {
  readonly panel: PanelId
  /** What the frame shows, whether or not its map has arrived. */
  readonly fitted: Fitted
  /** The map to draw. Without it, the frame shows only the object. */
  readonly map: LoadedMap | undefined
  readonly colourOf: ColourOf
  /** Where the object is. */
  readonly position: Position
  readonly reading: MapValue | undefined
  readonly regions: Regions
  readonly label: string
  /** A line in the margin of the frame, where the object's center cannot be; may be empty. */
  readonly note: string
  readonly isBusy: boolean
  readonly pictureOf: (key: PictureKey) => Promise<string>
  readonly actions: CursorActions
}

/**
 * The network's image with the object, and the map in it: a cell is where the object's center is when the network gives
 * that answer. The user can drag the object. Beside the object, a mouse press or a tap moves the object's center there,
 * and a finger scrolls the page. A photograph moves behind a window, which shows what the network sees.
 */
export function Stage(props: StageProps) {
  const { panel, fitted, map, colourOf, position, reading, regions, label, note, isBusy, pictureOf, actions } = props
  const { group } = fitted
  const pixels = useRef<HTMLCanvasElement>(null)
  const [overlay, width] = useWidth<HTMLCanvasElement>()
  const { box, isDragged, ...handlers } = useDrag(group, position, actions.place)
  const pictures = usePictures([pictureKey(group, fitted.unit), backgroundOf(fitted)], pictureOf)
  useLayoutEffect(() => {
    if (pixels.current) drawPixels(pixels.current, fitted, position, pictures)
  })
  const colourAt = (index: number) => colourOf(map?.values[index] as number)
  const cells = useMemo(() => {
    const canvas = document.createElement('canvas')
    paint(canvas, map?.fitted.group, colourAt)
    return canvas
  }, [map, colourOf])
  useLayoutEffect(() => {
    if (overlay.current && map) drawStage(overlay.current, cells, map.fitted.group, position, colourAt)
    else if (overlay.current) overlay.current.width = 0
  }, [cells, width, position.row, position.col])
  const border = borderOf(group)
  const percent = (pixels: number) => `${(100 * pixels) / group.frame}%`
  const side = percent(group.size)
  return (
    <div
      class={`frame${isDragged ? ' dragged' : ''}`}
      id={`${panel}-frame`}
      tabIndex={0}
      role="application"
      aria-roledescription={`${kindOf(group)} to drag`}
      aria-label={label}
      aria-describedby="keys"
      aria-busy={isBusy}
      {...handlers}
      onKeyDown={(event) => onKey(event, actions)}
    >
      <canvas class="pixels" ref={pixels} />
      {note !== '' && <p class="margin-note">{note}</p>}
      <canvas class="map" ref={overlay} />
      <div class="window" ref={box} style={{ inset: `${(100 * border) / (group.frame + 2 * border)}%` }}>
        <svg viewBox={`0 0 ${group.frame} ${group.frame}`} aria-hidden="true">
          {marks(props).map(drawn)}
        </svg>
        <div
          class="grip"
          style={{ left: percent(position.col), top: percent(position.row), width: side, height: side }}
        />
        {reading && <Tag panel={panel} reading={reading} regions={regions} />}
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
  const center = { row: size / 2, col: size / 2 }
  /** Position of the pointer from a point of the frame, in pixels of the frame. */
  const pointerFrom = (from: Position, { clientX, clientY }: MouseEvent): Position => {
    const { left, top, width, height } = box.current!.getBoundingClientRect()
    return {
      row: ((clientY - top) / height) * frame - from.row,
      col: ((clientX - left) / width) * frame - from.col,
    }
  }
  const isInside = (event: MouseEvent) => {
    const { row, col } = pointerFrom(position, event)
    return Math.min(row, col) >= 0 && Math.max(row, col) < size
  }
  const drag = (event: PointerEvent) => {
    if (grip.current !== undefined) place(pointerFrom(grip.current, event))
  }
  const grasp = (event: PointerEvent) => {
    const inside = isInside(event)
    if (event.button !== 0 || (!inside && event.pointerType === 'touch')) return
    grip.current = inside ? pointerFrom(position, event) : center
    box.current?.setPointerCapture(event.pointerId)
    setDragged(true)
    drag(event)
  }
  const letGo = () => {
    grip.current = undefined
    setDragged(false)
  }
  const tap = (event: MouseEvent) => {
    if ('pointerType' in event && event.pointerType === 'touch' && !isInside(event)) place(pointerFrom(center, event))
  }
  return {
    ...{ box, isDragged, onPointerDown: grasp, onPointerMove: drag },
    ...{ onPointerUp: letGo, onPointerCancel: letGo, onClick: tap },
  }
}

/** The answer, below the object or, near the bottom, above it. */
function Tag({ panel, reading, regions }: Pick<StageProps, 'panel' | 'regions'> & { readonly reading: MapValue }) {
  const { position, answer, name, map } = reading
  const { frame, size } = map.fitted.group
  const bottom = Math.min(frame, position.row + size)
  const isAbove = bottom > 0.88 * frame
  const down = isAbove ? Math.max(0.12 * frame, position.row) : bottom
  const isRight = position.col + size / 2 > frame / 2
  const along = isRight ? Math.max(0, frame - position.col - size) : Math.max(0, position.col)
  const percent = (pixels: number) => `${(100 * pixels) / frame}%`
  return (
    <span
      class={`tag${isAbove ? ' above' : ''}`}
      hidden={answer === ''}
      style={{ top: percent(down), [isRight ? 'right' : 'left']: percent(along) }}
    >
      {name !== undefined && <Swatch colour={regions.colourOfClass(name)} />}
      <span id={`${panel}-tag`}>{answer}</span>
    </span>
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
/** Half the width of the mark at the object's center, in CSS pixels of a frame of 440. */
const MARK = 7

/** The map's border, the object's outline, the anchor, a mark of the answer at the object's center, and what a head sees. */
function marks({ panel, fitted, map, colourOf, position, reading, regions }: StageProps): readonly SvgElement[] {
  const { group, unit } = fitted
  const size = Math.min(group.size, group.frame)
  const { row, col } = kindOf(group) === 'photograph' ? { row: 0, col: 0 } : position
  const words = unit === null ? 'mean' : pictureKey(group, unit) === null ? 'no picture' : ''
  const text = { x: col + size / 2, y: row + size / 2 - 8, 'text-anchor': 'middle' }
  const outline = { x: col + 0.5, y: row + 0.5, width: size - 1, height: size - 1 }
  const { middleOf, cell, top, left, ...sides } = areaOf(group)
  const [x, y] = [middleOf(position.col), middleOf(position.row)]
  const r = (MARK * group.frame) / 440
  const fill = map && reading && `rgb(${markColour(reading, colourOf, regions).join(' ')})`
  const anchor = map && anchorOf(map)
  const isApart = anchor && map.quantity === 'similarity' && !isSamePosition(anchor, position)
  return [
    ...(map ? [svg('rect', { class: 'area', x: left, y: top, ...sides })] : []),
    svg('rect', { class: 'outline under', ...outline }),
    svg('rect', { class: 'outline over', ...outline }),
    svg('text', text, size < LEAST_FOR_WORDS ? '' : words),
    ...(isApart ? anchorMark(middleOf(anchor.col), middleOf(anchor.row), 1.3 * r) : []),
    ...(fill ? [centerMark(panel, x, y, r, fill)] : []),
    ...(reading ? SEEN[group.head ?? 'classifier'](reading, regions) : []),
  ]
}

/** The mark has the shape of the network's badge: round or square. */
function centerMark(panel: PanelId, x: number, y: number, r: number, fill: string): SvgElement {
  if (panel === 'a') return svg('circle', { class: 'mark', cx: x, cy: y, r, fill })
  return svg('rect', { class: 'mark', x: x - r, y: y - r, width: 2 * r, height: 2 * r, fill })
}

function markColour({ map, name, shown }: MapValue, colourOf: ColourOf, regions: Regions): Colour {
  return map.quantity === 'answers' && name !== undefined ? regions.colourOfClass(name) : colourOf(shown)
}

/** A dark plus with a white border, so that it is visible on any colour. The attributes are for saved figures. */
export function anchorMark(x: number, y: number, arm: number): readonly SvgElement[] {
  const d = `M${x - arm} ${y}h${2 * arm}M${x} ${y - arm}v${2 * arm}`
  return [
    svg('path', { class: 'anchor', d, stroke: '#fff', 'stroke-width': 0.7 * arm }),
    svg('path', { class: 'anchor', d, stroke: '#17181a', 'stroke-width': 0.28 * arm }),
  ]
}
