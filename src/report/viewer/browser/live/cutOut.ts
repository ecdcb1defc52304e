import { element } from '../dom.js'
import { cutFrom, type Pixels } from './flood.js'

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
  const show = () => {
    canvas.width = picture.width
    canvas.height = picture.height
    canvas.getContext('2d')?.putImageData(picture, 0, 0)
    element('tolerance-text', HTMLOutputElement).value = tolerance.value
    undo.disabled = before.length === 0
  }
  const cut = (places: readonly (readonly [number, number])[]) => {
    const kept = picture.data.slice()
    const count = places.reduce((sum, [x, y]) => sum + cutFrom(picture as Pixels, x, y, Number(tolerance.value)), 0)
    if (count > 0) before.push(kept)
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
