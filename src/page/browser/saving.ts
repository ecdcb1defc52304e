import { positionAt } from '../../experiments/maps/grid.js'
import { csvCell } from '../../files/csv.js'
import { type FigureParts, savedFigure } from '../../plot/savedFigure.js'
import { markup } from '../../plot/svg.js'
import { pictureKey } from '../site/groups.js'
import type { PictureKey } from '../site/siteIndex.js'
import { paint } from './drawing.js'
import { type LoadedMap, shownLayer } from './maps.js'
import { whilePrinting } from './print.js'
import { mapsFigure } from './savedMaps.js'
import type { Format } from './saveRow.js'
import type { ShownMaps } from './shownMaps.js'
import type { ColourOf } from './stage.js'

/** Saves all shown maps as one figure, or their values as CSV. */
export async function saveMaps(
  shown: ShownMaps,
  pictureOf: (key: PictureKey) => Promise<string>,
  format: Format,
): Promise<void> {
  const [map] = shown.maps as readonly [LoadedMap]
  const name = savedName(shown.maps)
  if (format === 'csv') return download(new Blob([csvText(shown.maps)], { type: 'text/csv' }), name, format)
  const key = pictureKey(map.fitted.group, map.fitted.unit)
  // Without its picture, the figure still says which object it shows.
  const picture =
    key === null
      ? undefined
      : await pictureOf(key)
          .then(dataUrl)
          .catch(() => undefined)
  await saveFigure({ ...mapsFigure(shown, mapImage), picture }, name, format)
}

/** The maps as CSV, with one row per network and computed position. Positions are in pixels of the network's frame. */
function csvText(maps: readonly LoadedMap[]): string {
  const isOfAnswers = maps.some(({ quantity }) => quantity === 'answers')
  const lines = maps.flatMap(({ fitted, values, answers, regions, known }) =>
    [...values.entries()].flatMap(([i, value]) => {
      if (known?.[i] === 0) return []
      const { row, col } = positionAt(i, fitted.group)
      const shown = regions ? csvCell(regions.names[value] ?? '') : value
      const probability = isOfAnswers ? [answers?.strongest.probabilities[i] ?? ''] : []
      return [[csvCell(fitted.group.model), row, col, shown, ...probability].join(',')]
    }),
  )
  return `network,row,col,${isOfAnswers ? 'answer,probability' : 'value'}\n${lines.join('\n')}\n`
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
function savedName(maps: readonly LoadedMap[]): string {
  const [first] = maps as readonly [LoadedMap]
  const { choice, group, anchorPosition } = first.fitted
  const anchor = typeof choice.anchor === 'string' ? choice.anchor : `${anchorPosition.row}-${anchorPosition.col}`
  const models = maps.map(({ fitted }) => fitted.choice.model).join('-vs-')
  return [models, shownLayer(first), group.size, choice.patch ?? 'mean', anchor, first.quantity].join('-')
}
