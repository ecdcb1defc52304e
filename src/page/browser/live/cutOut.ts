import { element } from '../dom.js'
import { cutFrom, type Pixels } from './flood.js'

/** Which way keys move the mark. */
const WAYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** Steps of the mark along the longer side; with Shift it moves ten at a time. */
const STEPS = 100

/** Cuts that can be undone: each holds all pixels. */
const MOST_UNDONE = 20

/** Whether a picture is being cut. */
export function isCutting(): boolean {
  return element('cut-out', HTMLDialogElement).open
}

/**
 * Lets the user cut an object out of a picture, or take all of it.
 * @param picture is changed: what is cut off becomes transparent
 * @returns whether it is to be used
 */
export function cutOut(picture: ImageData): Promise<boolean> {
  const dialog = element('cut-out', HTMLDialogElement)
  const canvas = element('cut-out-picture', HTMLCanvasElement)
  const tolerance = element('tolerance', HTMLInputElement)
  const undo = element('undo-cut', HTMLButtonElement)
  const shown = new AbortController()
  const before: Uint8ClampedArray<ArrayBuffer>[] = []
  /** Where the keys are. */
  let [x, y] = [Math.floor(picture.width / 2), Math.floor(picture.height / 2)]
  let isMarked = false
  const step = Math.max(1, Math.round(Math.max(picture.width, picture.height) / STEPS))
  const show = () => {
    canvas.width = picture.width
    canvas.height = picture.height
    const context = canvas.getContext('2d')
    context?.putImageData(picture, 0, 0)
    if (isMarked && context) drawMark(context, x, y, step)
    element('tolerance-text', HTMLOutputElement).value = tolerance.value
    undo.disabled = before.length === 0
  }
  const cut = (places: readonly (readonly [number, number])[]) => {
    const kept = picture.data.slice()
    const count = places.reduce((sum, [x, y]) => sum + cutFrom(picture as Pixels, x, y, Number(tolerance.value)), 0)
    if (count > 0) before.push(kept)
    if (before.length > MOST_UNDONE) before.shift()
    show()
  }
  const on = (target: EventTarget, name: string, act: (event: Event) => void) =>
    target.addEventListener(name, act, { signal: shown.signal })
  on(canvas, 'click', (event) => {
    const { left, top, width, height } = canvas.getBoundingClientRect()
    const { clientX, clientY } = event as MouseEvent
    const along = (at: number, length: number, pixels: number) =>
      Math.min(pixels - 1, Math.max(0, Math.floor((at / length) * pixels)))
    cut([[along(clientX - left, width, picture.width), along(clientY - top, height, picture.height)]])
  })
  on(canvas, 'keydown', (event) => {
    const { key, shiftKey } = event as KeyboardEvent
    const way = WAYS[key]
    if (way === undefined && key !== 'Enter' && key !== ' ') return
    event.preventDefault()
    if (way === undefined) return cut([[x, y]])
    const along = (at: number, by: number, length: number) =>
      Math.min(length - 1, Math.max(0, at + by * step * (shiftKey ? 10 : 1)))
    x = along(x, way[0], picture.width)
    y = along(y, way[1], picture.height)
    isMarked = true
    show()
  })
  on(tolerance, 'input', show)
  on(element('cut-corners', HTMLButtonElement), 'click', () => {
    const [right, bottom] = [picture.width - 1, picture.height - 1]
    cut([
      [0, 0],
      [right, 0],
      [0, bottom],
      [right, bottom],
    ])
  })
  on(undo, 'click', () => {
    const kept = before.pop()
    if (kept !== undefined) picture.data.set(kept)
    show()
  })
  on(element('use-object', HTMLButtonElement), 'click', () => dialog.close('use'))
  on(element('cancel-cut', HTMLButtonElement), 'click', () => dialog.close(''))
  dialog.returnValue = ''
  show()
  dialog.showModal()
  return new Promise((answer) => {
    on(dialog, 'close', () => {
      shown.abort()
      answer(dialog.returnValue === 'use')
    })
  })
}

/** A cross that is seen on any picture. */
function drawMark(context: CanvasRenderingContext2D, x: number, y: number, step: number): void {
  for (const [colour, width] of [
    ['#fff', step * 1.5],
    ['#000', step / 2],
  ] as const) {
    context.strokeStyle = colour
    context.lineWidth = width
    context.beginPath()
    context.moveTo(x + 0.5 - 4 * step, y + 0.5)
    context.lineTo(x + 0.5 + 4 * step, y + 0.5)
    context.moveTo(x + 0.5, y + 0.5 - 4 * step)
    context.lineTo(x + 0.5, y + 0.5 + 4 * step)
    context.stroke()
  }
}
