import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type DroppedNetwork, type LiveObject, MOST_NETWORK_BYTES } from '../../live/live.js'
import { isolated, messageOf } from '../../text/text.js'
import { type CutAnswer, type CutBox, CutOut, type CutOutParts } from './cutOut.js'
import { transparentShare } from './flood.js'
import { tenthsSince } from './pace.js'
import { ask } from './server.js'

/** Longest side, in pixels, of a picture that is sent to the server. The images that networks see are rarely larger. */
const LONGEST_SIDE = 1024

/** If the share of transparent pixels in a picture is less than this, the dialog for cutting out the object opens. */
const LEAST_TRANSPARENT = 0.01

/** A counter is not read by screen readers at each change. A fault has an edge of its own colour and is read at once. */
export type NoticeKind = 'result' | 'counter' | 'fault'

/** Shows a notice, or removes it if `content` is an empty text. */
export type Say = (content: ComponentChildren, kind?: NoticeKind) => void

interface AddFileParts {
  readonly onObject: (object: LiveObject) => void
  readonly onNetwork: (network: DroppedNetwork) => void
  readonly say: Say
}

export function AddFile({ onObject, onNetwork, say }: AddFileParts) {
  const input = useRef<HTMLInputElement>(null)
  const [cutting, setCutting] = useState<CutOutParts>()
  const [isDragged, setDragged] = useState(false)
  /** Files to open, one after the other, because each may need the dialog. The first one is being opened. */
  const queue = useRef<File[]>([])
  const cutOut = (picture: ImageData) =>
    new Promise<CutAnswer>((done) => {
      const answer = (use: CutAnswer) => {
        setCutting(undefined)
        done(use)
      }
      setCutting({ picture, answer })
    })
  const addPicture = async (file: File) => {
    const picture = await pixelsOf(file)
    const all = { left: 0, top: 0, right: picture.width, bottom: picture.height }
    const use = transparentShare(picture) < LEAST_TRANSPARENT ? await cutOut(picture) : all
    // The file itself is sent, because the server prepares a photograph as `consistency` does.
    if (use === 'photograph') onObject(await sendObject(file, file.name, '&photograph'))
    else if (use !== undefined) onObject(await sendObject(await cutPicture(picture, use), file.name))
  }
  const addNetwork = async (file: File) => {
    if (file.size > MOST_NETWORK_BYTES)
      throw new Error(`${isolated(file.name)} is too large to upload. Start Shiftscope with the path of the network.`)
    const start = performance.now()
    const tell = () => say(`opening ${isolated(file.name)}, ${tenthsSince(start)}`, 'counter')
    tell()
    const counting = setInterval(tell, 100)
    try {
      const response = await ask(`networks?name=${encodeURIComponent(file.name)}`, file)
      onNetwork((await response.json()) as DroppedNetwork)
    } finally {
      clearInterval(counting)
    }
  }
  const addFile = async (file: File) => {
    if (file.type.startsWith('image/')) await addPicture(file)
    else if (/\.onnx$/i.test(file.name)) await addNetwork(file)
    else throw new Error(`${isolated(file.name)} is neither a picture nor an ONNX file (NAME.onnx).`)
  }
  const add = async (files: readonly File[]) => {
    const isOpening = queue.current.length > 0
    queue.current.push(...files)
    if (isOpening || files.length === 0) return
    say('')
    const faults: string[] = []
    for (let [file] = queue.current; file !== undefined; [file] = queue.current) {
      await addFile(file).catch((error: unknown) => faults.push(messageOf(error)))
      queue.current.shift()
    }
    if (faults.length > 0) say(<Faults faults={faults} />, 'fault')
  }
  useEffect(() => {
    const bound = new AbortController()
    const on = <K extends 'dragover' | 'dragleave' | 'drop' | 'paste'>(
      name: K,
      act: (event: DocumentEventMap[K]) => void,
    ) => document.addEventListener(name, act, { signal: bound.signal })
    const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true
    on('paste', ({ clipboardData }) => void add([...(clipboardData?.files ?? [])]))
    on('dragover', (event) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      setDragged(true)
    })
    on('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) setDragged(false)
    })
    on('drop', (event) => {
      setDragged(false)
      if (!hasFiles(event)) return
      event.preventDefault()
      void add([...(event.dataTransfer?.files ?? [])])
    })
    return () => bound.abort()
  })
  return (
    <>
      <button type="button" id="add-file" onClick={() => input.current?.click()}>
        Add a picture or a network…
      </button>
      <input
        type="file"
        id="file"
        accept="image/*,.onnx"
        aria-label="Picture of an object, or ONNX file of a network"
        ref={input}
        hidden
        multiple
        onChange={({ currentTarget }) => {
          void add([...(currentTarget.files ?? [])])
          currentTarget.value = ''
        }}
      />
      {cutting && <CutOut {...cutting} />}
      <div class="drop-here" id="drop-here" hidden={!isDragged} aria-hidden="true">
        Drop pictures or ONNX files
      </div>
    </>
  )
}

/** A line for each file that could not be used. */
function Faults({ faults }: { readonly faults: readonly string[] }) {
  return (
    <>
      {faults.map((fault) => (
        <p key={fault}>{fault}</p>
      ))}
    </>
  )
}

/** Decodes a picture in the browser and reduces its size. */
async function pixelsOf(file: File): Promise<ImageData> {
  const image = new Image()
  image.src = URL.createObjectURL(file)
  try {
    await image.decode().catch(() => {
      throw new Error(`The browser cannot read ${isolated(file.name)} as a picture. Use PNG, JPEG, WebP or SVG.`)
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

function cutPicture(picture: ImageData, { left, top, right, bottom }: CutBox): Promise<Blob> {
  const canvas = new OffscreenCanvas(right - left, bottom - top)
  canvas.getContext('2d')?.putImageData(picture, -left, -top)
  return canvas.convertToBlob({ type: 'image/png' })
}

async function sendObject(content: Blob, name: string, kind = ''): Promise<LiveObject> {
  const response = await ask(`objects?name=${encodeURIComponent(name)}${kind}`, content)
  return (await response.json()) as LiveObject
}
