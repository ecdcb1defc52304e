import { positionAt } from '../../experiments/grid.js'
import { csvCell } from '../../results/csv.js'
import type { LoadedMap } from './maps.js'

export const SAVED_FORMATS = ['csv', 'npy', 'png', 'svg'] as const
type Format = (typeof SAVED_FORMATS)[number]

/**
 * @param what quantity that the map shows, such as `similarity`; its name becomes part of the file's name
 * @param plot element with the map's canvas and the SVG of its axes
 */
export async function saveMap(map: LoadedMap, what: string, format: Format, plot: HTMLElement): Promise<void> {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await fileOf(format, map, plot))
  link.download = nameOf(map, what, format)
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

async function fileOf(format: Format, map: LoadedMap, box: HTMLElement): Promise<Blob> {
  if (format === 'csv') return new Blob([csvText(map)], { type: 'text/csv' })
  if (format === 'npy') return new Blob(npyParts(map), { type: 'application/octet-stream' })
  const picture = svgPicture(box)
  return format === 'svg' ? new Blob([picture.text], { type: 'image/svg+xml' }) : pngOf(picture)
}

/** The map as CSV, with one row per computed position. Positions are in pixels of the frame. */
function csvText({ fitted, quantity, values, answers, regions, known }: LoadedMap): string {
  const probabilities = quantity === 'answers' ? answers?.strongest?.probabilities : undefined
  const lines = [...values.entries()].flatMap(([i, value]) => {
    if (known?.[i] === 0) return []
    const cells = [regions ? csvCell(regions.names[value] ?? '') : value, ...(probabilities ? [probabilities[i]] : [])]
    const { row, col } = positionAt(i, fitted.group)
    return [[row, col, ...cells].join(',')]
  })
  return `row,col,${probabilities ? 'answer,probability' : 'value'}\n${lines.join('\n')}\n`
}

/** The map as a file of NumPy's format, version 1.0: float32, [rows, cols]. Positions not computed yet are NaN. */
function npyParts({ fitted, values, known }: LoadedMap): BlobPart[] {
  const { rows, cols } = fitted.group
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${cols}), }`
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10
  const header = new Uint8Array(10 + length).fill(0x20)
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8])
  header.set(new TextEncoder().encode(dictionary), 10)
  header[9 + length] = 0x0a
  const data = new DataView(new ArrayBuffer(values.length * 4))
  for (const [i, value] of values.entries()) data.setFloat32(i * 4, known?.[i] === 0 ? Number.NaN : value, true)
  return [header, data]
}

interface Picture {
  readonly text: string
  readonly width: number
  readonly height: number
}

/** Style properties that are copied into a saved SVG, because the page's CSS does not apply there. */
const STYLES = ['fill', 'stroke', 'stroke-width', 'font-size', 'font-family', 'text-anchor', 'opacity'] as const

function svgPicture(box: HTMLElement): Picture {
  const canvas = box.querySelector('canvas') as HTMLCanvasElement
  const axes = box.querySelector('svg') as SVGSVGElement
  const copy = axes.cloneNode(true) as SVGSVGElement
  const originals = [...axes.querySelectorAll('*')]
  for (const [i, node] of [...copy.querySelectorAll('*')].entries()) {
    const style = getComputedStyle(originals[i] as Element)
    for (const name of STYLES) node.setAttribute(name, style.getPropertyValue(name))
  }
  copy.querySelector('.cross')?.remove()
  const [, , width = 1, height = 1] = (axes.getAttribute('viewBox') ?? '').split(' ').map(Number)
  const place = { x: canvas.offsetLeft, y: canvas.offsetTop, width: canvas.offsetWidth, height: canvas.offsetHeight }
  const image = document.createElementNS(copy.namespaceURI, 'image')
  const attributes = { ...place, href: canvas.toDataURL('image/png'), style: 'image-rendering: pixelated' }
  for (const [name, value] of Object.entries({ ...attributes, preserveAspectRatio: 'none' }))
    image.setAttribute(name, String(value))
  const ground = document.createElementNS(copy.namespaceURI, 'rect')
  for (const [name, value] of Object.entries({ width, height, fill: groundOf(box) }))
    ground.setAttribute(name, String(value))
  copy.prepend(ground, image)
  copy.setAttribute('width', String(width))
  copy.setAttribute('height', String(height))
  return { text: new XMLSerializer().serializeToString(copy), width, height }
}

function groundOf(box: HTMLElement): string {
  return getComputedStyle(box.ownerDocument.body).backgroundColor
}

/** Pixels of the PNG per CSS pixel, along each axis. */
const PNG_SCALE = 2

async function pngOf({ text, width, height }: Picture): Promise<Blob> {
  const image = new Image(width * PNG_SCALE, height * PNG_SCALE)
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  Object.assign(canvas, { width: image.width, height: image.height })
  canvas.getContext('2d')?.drawImage(image, 0, 0, image.width, image.height)
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'))
  if (blob === null) throw new Error('the browser cannot save this map as PNG; save it as SVG')
  return blob
}

function nameOf({ fitted: { choice, group, anchorPosition } }: LoadedMap, what: string, format: Format): string {
  const anchor = typeof choice.anchor === 'string' ? choice.anchor : `${anchorPosition.row}-${anchorPosition.col}`
  const parts = [choice.model, choice.layer, group.size, choice.patch ?? 'mean', anchor, what]
  return `${parts.map((part) => String(part).replace(/[^\p{L}\p{N}._-]+/gu, '_')).join('-')}.${format}`
}
