import { positionAt } from '../../experiments/maps/grid.js'
import { csvCell } from '../../files/csv.js'
import { type FigureParts, savedFigure } from '../../plot/savedFigure.js'
import { markup } from '../../plot/svg.js'
import { pictureKey } from '../site/groups.js'
import type { PictureKey } from '../site/siteIndex.js'
import { paint } from './drawing.js'
import { type LoadedMap, shownLayer } from './maps.js'
import type { ColourOf } from './plot.js'
import { whilePrinting } from './print.js'
import { mapsFigure } from './savedMaps.js'
import type { Format } from './saveRow.js'
import type { ShownMaps } from './shownMaps.js'

/** Saves the values of a map, or all shown maps as one figure. */
export async function saveMap(
  map: LoadedMap,
  shown: ShownMaps,
  pictureOf: (key: PictureKey) => Promise<string>,
  format: Format,
): Promise<void> {
  const what = map === shown.difference ? 'difference' : map.quantity
  if (format === 'csv') return download(new Blob([csvText(map)], { type: 'text/csv' }), savedName([map], what), format)
  const key = pictureKey(map.fitted.group, map.fitted.unit)
  // Without its picture, the figure still says which object it shows.
  const picture =
    key === null
      ? undefined
      : await pictureOf(key)
          .then(dataUrl)
          .catch(() => undefined)
  const name = savedName(shown.maps, shown.difference ? 'difference' : what)
  await saveFigure({ ...mapsFigure(shown, mapImage), picture }, name, format)
}

/** The map as CSV, with one row per computed position. Positions are in pixels of the frame. */
function csvText({ fitted, quantity, values, answers, regions, known }: LoadedMap): string {
  const probabilities = quantity === 'answers' ? answers?.strongest.probabilities : undefined
  const lines = [...values.entries()].flatMap(([i, value]) => {
    if (known?.[i] === 0) return []
    const cells = [regions ? csvCell(regions.names[value] ?? '') : value, ...(probabilities ? [probabilities[i]] : [])]
    const { row, col } = positionAt(i, fitted.group)
    return [[row, col, ...cells].join(',')]
  })
  return `row,col,${probabilities ? 'answer,probability' : 'value'}\n${lines.join('\n')}\n`
}

/** Saves a figure in the light theme's colours, with the name and version of the program in its last line. */
async function saveFigure(parts: FigureParts, name: string, format: Format): Promise<void> {
  const program = document.querySelector<HTMLMetaElement>('meta[name=generator]')?.content ?? ''
  const figure = savedFigure({ ...parts, source: `${parts.source} ${program}` })
  const text = whilePrinting(() => {
    const colours = getComputedStyle(document.documentElement)
    // XML forbids control characters, which names from files may contain.
    const xml = markup(figure).replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, ' ')
    return xml.replace(/var\((--[\w-]+)\)/g, (_, name) => colours.getPropertyValue(name).trim())
  })
  const file = new Blob([text], { type: 'image/svg+xml' })
  download(format === 'svg' ? file : await pngOf(text), name, format)
}

function download(file: Blob, name: string, format: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = `${name.replace(/[^\p{L}\p{N}._-]+/gu, '_')}.${format}`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** Pixels of the PNG per pixel of the figure, along each axis. */
const PNG_SCALE = 2

async function pngOf(text: string): Promise<Blob> {
  const canvas = await loadedCanvas(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`, PNG_SCALE)
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'))
  if (blob === null) throw new Error('the browser cannot save this figure as PNG; save it as SVG')
  return blob
}

/** The picture at an address as a data URL, so that a file can contain it. */
async function dataUrl(address: string): Promise<string> {
  return (await loadedCanvas(address, 1)).toDataURL('image/png')
}

async function loadedCanvas(address: string, scale: number): Promise<HTMLCanvasElement> {
  const image = new Image()
  image.src = address
  await image.decode()
  return enlarged(image, scale * image.naturalWidth, scale * image.naturalHeight)
}

function enlarged(picture: CanvasImageSource, width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  Object.assign(canvas, { width, height })
  const context = canvas.getContext('2d')
  if (context) context.imageSmoothingEnabled = picture instanceof HTMLImageElement
  context?.drawImage(picture, 0, 0, width, height)
  return canvas
}

/** Pixels per position and axis. Some programs smooth a picture that they enlarge. */
const CELL = 8

/** Draws a map, and returns its picture as a data URL. */
function mapImage(map: LoadedMap, colourOf: ColourOf): string {
  const canvas = document.createElement('canvas')
  paint(canvas, map.fitted.group, (i) => colourOf(map.values[i]!))
  return enlarged(canvas, CELL * canvas.width, CELL * canvas.height).toDataURL('image/png')
}

/** Name of a file without its extension. */
function savedName(maps: readonly LoadedMap[], what: string): string {
  const [first] = maps as readonly [LoadedMap]
  const { choice, group, anchorPosition } = first.fitted
  const anchor = typeof choice.anchor === 'string' ? choice.anchor : `${anchorPosition.row}-${anchorPosition.col}`
  const models = maps.map(({ fitted }) => fitted.choice.model).join('-vs-')
  return [models, shownLayer(first), group.size, choice.patch ?? 'mean', anchor, what].join('-')
}
