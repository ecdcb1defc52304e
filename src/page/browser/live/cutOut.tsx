import type { TargetedMouseEvent, TargetedPointerEvent } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { cutFrom } from './flood.js'

/** A rectangle of a picture, in pixels; `right` and `bottom` are exclusive. */
export interface CutBox {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** What to use of a picture: a rectangle of it, or all of it as a photograph; undefined if the user cancelled. */
export type CutAnswer = CutBox | 'photograph' | undefined

export interface CutOutParts {
  /** The picture to cut. It is changed: pixels that the user cuts away become transparent. */
  readonly picture: ImageData
  /** Called when the dialog closes. */
  readonly answer: (use: CutAnswer) => void
}

/** Each letter stands for a side that the handle moves: north, east, south or west. */
const HANDLES = {
  nw: 'Top left corner',
  n: 'Top side',
  ne: 'Top right corner',
  e: 'Right side',
  se: 'Bottom right corner',
  s: 'Bottom side',
  sw: 'Bottom left corner',
  w: 'Left side',
}

const WAYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** Number of presses of an arrow key that move a handle across the longer side of the picture. */
const STEPS = 100

/** Largest number of cuts that can be undone. Each one needs a copy of all pixels, so there is a limit. */
const MOST_UNDONE = 20

/** If the pointer moves less than this, in screen pixels, it is a click and not a drag. */
const CLICK = 4

/** A dialog in which the user cuts an object out of a picture: with a rectangle, and by making colours transparent. */
export function CutOut({ picture, answer }: CutOutParts) {
  const { width, height } = picture
  const dialog = useRef<HTMLDialogElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const drag = useRef<{ readonly x: number; readonly y: number; readonly box: CutBox; isClick: boolean }>(undefined)
  const [box, setBox] = useState<CutBox>({ left: 0, top: 0, right: width, bottom: height })
  const [tolerance, setTolerance] = useState(32)
  const [before, setBefore] = useState<readonly Uint8ClampedArray<ArrayBuffer>[]>([])
  useLayoutEffect(() => dialog.current?.showModal(), [])
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (context) drawPicture(context, picture, box)
  }, [picture, box, before])
  const undo = () => {
    picture.data.set(before.at(-1) ?? picture.data)
    setBefore(before.slice(0, -1))
  }
  /** Number of picture pixels per screen pixel. */
  const scale = () => width / (canvas.current as HTMLCanvasElement).getBoundingClientRect().width
  const cutOnScreen = (x: number, y: number) => {
    const { left, top } = (canvas.current as HTMLCanvasElement).getBoundingClientRect()
    const col = between(0, Math.floor((x - left) * scale()), width - 1)
    const row = between(0, Math.floor((y - top) * scale()), height - 1)
    const kept = picture.data.slice()
    if (cutFrom(picture, col, row, tolerance) > 0) setBefore([...before, kept].slice(-MOST_UNDONE))
  }
  /**
   * Event handlers for moving the rectangle. They move the sides named in `sides` (`nw`: top and left), or all sides if
   * `sides` is empty. A click makes the colour under the pointer transparent.
   */
  const moving = (sides: string) => ({
    onKeyDown: (event: KeyboardEvent) => {
      const way = WAYS[event.key]
      if (way === undefined) return
      event.preventDefault()
      const step = Math.max(1, Math.round(Math.max(width, height) / STEPS)) * (event.shiftKey ? 10 : 1)
      setBox(movedBox(box, sides, way[0] * step, way[1] * step, picture))
    },
    onPointerDown: ({ currentTarget, pointerId, clientX, clientY }: TargetedPointerEvent<HTMLElement>) => {
      currentTarget.setPointerCapture(pointerId)
      drag.current = { x: clientX, y: clientY, box, isClick: true }
    },
    onPointerMove: ({ currentTarget, pointerId, clientX, clientY }: TargetedPointerEvent<HTMLElement>) => {
      const from = drag.current
      if (from === undefined || !currentTarget.hasPointerCapture(pointerId)) return
      const [x, y] = [clientX - from.x, clientY - from.y]
      from.isClick &&= Math.hypot(x, y) < CLICK
      if (!from.isClick) setBox(movedBox(from.box, sides, Math.round(x * scale()), Math.round(y * scale()), picture))
    },
    onClick: ({ currentTarget, detail, clientX, clientY }: TargetedMouseEvent<HTMLElement>) => {
      const { left, top, width, height } = currentTarget.getBoundingClientRect()
      // A click by keyboard (detail 0) makes the colour at the handle transparent. If the whole rectangle has the
      // focus, such a click does nothing: the colour in the middle belongs to the object.
      if (detail > 0 && drag.current?.isClick) cutOnScreen(clientX, clientY)
      if (detail === 0 && sides !== '') cutOnScreen(left + width / 2, top + height / 2)
    },
  })
  const percent = (x: number, y: number) => [`${(100 * x) / width}%`, `${(100 * y) / height}%`] as const
  const placeOf = (sides: string) => {
    const along = (names: string, low: number, high: number) =>
      sides.includes(names[0] as string) ? low : sides.includes(names[1] as string) ? high : (low + high) / 2
    const [left, top] = percent(along('we', box.left, box.right), along('ns', box.top, box.bottom))
    return { left, top, cursor: `${sides}-resize` }
  }
  // Both are needed: `answer` removes the dialog from the page, and `close` returns the focus to the element that had
  // it before.
  const close = (used: CutAnswer) => {
    answer(used)
    dialog.current?.close()
  }
  const [left, top] = percent(box.left, box.top)
  const [across, down] = percent(box.right - box.left, box.bottom - box.top)
  return (
    <dialog id="cut-out" ref={dialog} aria-labelledby="cut-out-title" onClose={() => answer(undefined)}>
      <h3 id="cut-out-title">Cut an object out, or use the whole photograph</h3>
      <p>
        Move the rectangle and its handles around the object. Drag them, or use Tab and the arrow keys (with Shift, ten
        times as far). To make a colour transparent, click it or press Enter at a handle. A whole photograph lies behind
        a window that shows what the network sees.
      </p>
      <div class="checkered" style={{ aspectRatio: width / height, width: `min(100%,${(50 * width) / height}vh)` }}>
        <canvas id="cut-out-picture" ref={canvas} width={width} height={height} role="img" aria-label="The picture" />
        <button
          type="button"
          class="box"
          aria-label="Rectangle"
          style={{ left, top, width: across, height: down }}
          {...moving('')}
        />
        {Object.entries(HANDLES).map(([sides, title]) => (
          <button
            key={sides}
            type="button"
            class="handle"
            id={`handle-${sides}`}
            aria-label={title}
            style={placeOf(sides)}
            {...moving(sides)}
          />
        ))}
      </div>
      <p class="soft">
        <output id="box-text">{`${box.right - box.left} × ${box.bottom - box.top} of ${width} × ${height} pixels`}</output>
      </p>
      <label class="slider">
        Tolerance{' '}
        <input
          type="range"
          id="tolerance"
          max={120}
          value={tolerance}
          onInput={({ currentTarget }) => setTolerance(Number(currentTarget.value))}
        />
        <output for="tolerance">{tolerance}</output>
      </label>
      <p class="buttons">
        <button type="button" id="undo-cut" disabled={before.length === 0} onClick={undo}>
          Undo
        </button>
        <button type="button" id="use-object" onClick={() => close(box)}>
          Use this object
        </button>
        <button type="button" id="use-photograph" onClick={() => close('photograph')}>
          Use the whole photograph
        </button>
        <button type="button" id="cancel-cut" onClick={() => close(undefined)}>
          Cancel
        </button>
      </p>
    </dialog>
  )
}

function drawPicture(
  context: CanvasRenderingContext2D,
  picture: ImageData,
  { left, top, right, bottom }: CutBox,
): void {
  context.putImageData(picture, 0, 0)
  context.fillStyle = 'rgb(0 0 0/.6)'
  const outside = new Path2D()
  outside.rect(0, 0, picture.width, picture.height)
  outside.rect(left, top, right - left, bottom - top)
  context.fill(outside, 'evenodd')
}

/**
 * Moves the named sides (n, e, s, w) of a rectangle, or the whole rectangle if `sides` is empty. The result stays
 * within the picture and is at least one pixel large.
 */
function movedBox(
  { left, top, right, bottom }: CutBox,
  sides: string,
  x: number,
  y: number,
  picture: ImageData,
): CutBox {
  const { width, height } = picture
  if (sides === '') {
    const [byX, byY] = [between(-left, x, width - right), between(-top, y, height - bottom)]
    return { left: left + byX, top: top + byY, right: right + byX, bottom: bottom + byY }
  }
  return {
    left: sides.includes('w') ? between(0, left + x, right - 1) : left,
    top: sides.includes('n') ? between(0, top + y, bottom - 1) : top,
    right: sides.includes('e') ? between(left + 1, right + x, width) : right,
    bottom: sides.includes('s') ? between(top + 1, bottom + y, height) : bottom,
  }
}

function between(low: number, value: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
