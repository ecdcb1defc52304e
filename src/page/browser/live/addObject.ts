import type { LiveObject } from '../../live.js'
import { element } from '../dom.js'
import { cutOut, isCutting } from './cutOut.js'
import { transparentShare } from './flood.js'
import { ask } from './server.js'

/** Longest side of what is sent, in pixels: frames are hardly larger. */
const LONGEST_SIDE = 1024

/** A picture with less of its pixels transparent has its object still to be cut out. */
const LEAST_TRANSPARENT = 0.01

/**
 * Takes pictures that are dropped, pasted or chosen.
 * @param onObject told of each object that came of one
 * @param say what is the matter; empty: nothing
 */
export function bindAddObject(onObject: (object: LiveObject) => void, say: (text: string) => void): void {
  const add = async (file: File | undefined) => {
    if (isCutting()) return
    if (file === undefined) return say('That is no picture.')
    try {
      say('')
      const picture = await pixelsOf(file)
      if (isCutting()) return
      if (transparentShare(picture) < LEAST_TRANSPARENT && !(await cutOut(picture))) return
      onObject(await send(picture, file.name))
    } catch (error) {
      say(error instanceof Error ? error.message : String(error))
    }
  }
  const input = element('picture-file', HTMLInputElement)
  element('add-object', HTMLButtonElement).addEventListener('click', () => input.click())
  input.addEventListener('change', () => {
    const [file] = input.files ?? []
    input.value = ''
    if (file !== undefined) void add(file)
  })
  document.addEventListener('paste', ({ clipboardData }) => {
    const files = [...(clipboardData?.files ?? [])]
    if (files.length > 0) void add(files.find(isPicture))
  })
  bindDrop((files) => void add(files.find(isPicture)))
}

function isPicture({ type }: File): boolean {
  return type.startsWith('image/')
}

function bindDrop(onFiles: (files: readonly File[]) => void): void {
  const sign = element('drop-here', HTMLElement)
  const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true
  document.addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    sign.hidden = false
  })
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) sign.hidden = true
  })
  document.addEventListener('drop', (event) => {
    sign.hidden = true
    if (!hasFiles(event)) return
    event.preventDefault()
    onFiles([...(event.dataTransfer?.files ?? [])])
  })
}

/** As the browser decodes it, reduced. @throws Error for what it cannot read */
async function pixelsOf(file: File): Promise<ImageData> {
  const image = new Image()
  image.src = URL.createObjectURL(file)
  try {
    await image.decode().catch(() => {
      throw new Error(`The browser cannot read ${file.name} as a picture.`)
    })
    const { naturalWidth, naturalHeight } = image
    const scale = Math.min(1, LONGEST_SIDE / Math.max(naturalWidth, naturalHeight, 1))
    const side = (length: number) => Math.max(1, Math.round(length * scale))
    const canvas = new OffscreenCanvas(side(naturalWidth), side(naturalHeight))
    const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
    context.imageSmoothingQuality = 'high'
    context.drawImage(image, 0, 0, canvas.width, canvas.height)
    return context.getImageData(0, 0, canvas.width, canvas.height)
  } finally {
    URL.revokeObjectURL(image.src)
  }
}

async function send(picture: ImageData, name: string): Promise<LiveObject> {
  const canvas = new OffscreenCanvas(picture.width, picture.height)
  canvas.getContext('2d')?.putImageData(picture, 0, 0)
  const png = await canvas.convertToBlob({ type: 'image/png' })
  const response = await ask(`objects?name=${encodeURIComponent(name)}`, png)
  return (await response.json()) as LiveObject
}
