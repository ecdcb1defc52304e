import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type DroppedNetwork, type LiveObject, MOST_NETWORK_BYTES } from '../../live/live.js'
import { isolated, messageOf } from '../../text/text.js'
import { tenthsSince } from './pace.js'
import { ask } from './server.js'

/** Longest side, in pixels, of a picture that is sent to the server. The images that networks see are rarely larger. */
const LONGEST_SIDE = 1024

/** A picture whose share of transparent pixels is less than this moves as a whole photograph. */
const LEAST_TRANSPARENT = 0.01

/** A counter is not read by screen readers at each change. A fault has an edge of its own colour and is read at once. */
export type NoticeKind = 'result' | 'counter' | 'fault'

/** Shows a notice, or removes it if `content` is an empty text. */
export type Say = (content: ComponentChildren, kind?: NoticeKind) => void

interface AddFileProps {
  readonly onObject: (object: LiveObject) => void
  readonly onNetwork: (network: DroppedNetwork) => void
  readonly say: Say
}

export function AddFile(props: AddFileProps) {
  const { say } = props
  const input = useRef<HTMLInputElement>(null)
  /** Files to open, one after the other. The first one is being opened. */
  const queue = useRef<File[]>([])
  const add = async (files: readonly File[]) => {
    const isOpening = queue.current.length > 0
    queue.current.push(...files)
    if (isOpening || files.length === 0) return
    say('')
    const lines: string[] = []
    let kind: NoticeKind = 'result'
    for (let [file] = queue.current; file !== undefined; [file] = queue.current) {
      const line = await openFile(file, props).catch((error: unknown) => {
        kind = 'fault'
        return messageOf(error)
      })
      if (line !== undefined) lines.push(line)
      queue.current.shift()
    }
    if (lines.length > 0) say(<Lines lines={lines} />, kind)
  }
  const isDragged = useDrop((files) => void add([...(files ?? [])]))
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
      <div class="drop-here" id="drop-here" hidden={!isDragged} aria-hidden="true">
        Drop pictures or ONNX files
      </div>
    </>
  )
}

/**
 * Takes files that are dropped on the page or pasted into it.
 * @returns whether the user drags files over the page
 */
function useDrop(take: (files: FileList | undefined) => void): boolean {
  const [isDragged, setDragged] = useState(false)
  useEffect(() => {
    const bound = new AbortController()
    const on = <K extends 'dragover' | 'dragleave' | 'drop' | 'paste'>(
      name: K,
      act: (event: DocumentEventMap[K]) => void,
    ) => document.addEventListener(name, act, { signal: bound.signal })
    const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') === true
    on('paste', ({ clipboardData }) => take(clipboardData?.files))
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
      take(event.dataTransfer?.files)
    })
    return () => bound.abort()
  })
  return isDragged
}

/** @returns a line for the user if the file is used in another way than expected */
async function openFile(file: File, { onObject, onNetwork, say }: AddFileProps): Promise<string | undefined> {
  if (file.type.startsWith('image/')) return openPicture(file, onObject)
  if (!/\.onnx$/i.test(file.name))
    throw new Error(`${isolated(file.name)} is neither a picture nor an ONNX file (NAME.onnx).`)
  onNetwork(await sendNetwork(file, say))
  return undefined
}

async function openPicture(file: File, onObject: AddFileProps['onObject']): Promise<string | undefined> {
  const picture = await drawn(file)
  if (transparentShare(picture) >= LEAST_TRANSPARENT) {
    onObject(await sendObject(await picture.convertToBlob({ type: 'image/png' }), file.name))
    return undefined
  }
  // The file itself is sent, because the server prepares a photograph as `consistency` does.
  onObject(await sendObject(file, file.name, '&photograph'))
  return `${isolated(file.name)} has no transparency, so it moves as a whole photograph. To move an object, add a picture with transparency.`
}

async function sendNetwork(file: File, say: Say): Promise<DroppedNetwork> {
  if (file.size > MOST_NETWORK_BYTES)
    throw new Error(`${isolated(file.name)} is too large to upload. Start Shiftscope with the path of the network.`)
  const start = performance.now()
  const tell = () => say(`opening ${isolated(file.name)}, ${tenthsSince(start)}`, 'counter')
  tell()
  const counting = setInterval(tell, 100)
  try {
    const response = await ask(`networks?name=${encodeURIComponent(file.name)}`, file)
    return (await response.json()) as DroppedNetwork
  } finally {
    clearInterval(counting)
  }
}

/** A line for each file that could not be used, or not as an object. */
function Lines({ lines }: { readonly lines: readonly string[] }) {
  return (
    <>
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </>
  )
}

/** Decodes a picture in the browser and reduces its size. */
async function drawn(file: File): Promise<OffscreenCanvas> {
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
    const context = canvas.getContext('2d')!
    context.imageSmoothingQuality = 'high'
    context.drawImage(image, 0, 0, canvas.width, canvas.height)
    return canvas
  } finally {
    URL.revokeObjectURL(image.src)
  }
}

/** Share of pixels that are more than half transparent. */
function transparentShare(picture: OffscreenCanvas): number {
  const { width, height } = picture
  const pixels = picture.getContext('2d')?.getImageData(0, 0, width, height).data ?? []
  let count = 0
  for (let alpha = 3; alpha < pixels.length; alpha += 4) if (pixels[alpha]! < 128) count++
  return count / (width * height)
}

async function sendObject(content: Blob, name: string, kind = ''): Promise<LiveObject> {
  const response = await ask(`objects?name=${encodeURIComponent(name)}${kind}`, content)
  return (await response.json()) as LiveObject
}
