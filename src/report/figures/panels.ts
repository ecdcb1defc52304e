import type { ColourLimits } from '../heatmap.js'
import { type Drawing, type Label, labelWidth, type MapPanel, type Stroke } from './drawing.js'

/** A mean map of a network, and where its positions lie. */
export interface PanelMap {
  /** [rows, cols], row-major. */
  readonly values: ArrayLike<number>
  readonly rows: number
  readonly cols: number
  /** Distance of neighbouring positions in pixels. */
  readonly stride: number
}

/** Maps in rows and columns with one colour scale. */
export interface PanelGrid {
  readonly title: string
  readonly limits: ColourLimits
  readonly columns: readonly string[]
  readonly rows: readonly {
    readonly label: readonly string[]
    /** One a column; undefined: there is none. */
    readonly maps: readonly (PanelMap | undefined)[]
  }[]
}

/** A map is enlarged by a whole factor until its longer side has at least this many pixels. */
const LEAST_SIDE = 200
const [MARGIN, LINE, GAP, TICK, BAR] = [16, 22, 28, 6, 24]

/** Steps of the axes' ticks in pixels of the frame. */
const TICK_STEPS = [10, 25, 50, 100]
const MOST_TICKS = 5

/** Room of an axis: of its numbers and its ticks. */
const AXIS = { left: labelWidth('000') + TICK + 6, bottom: TICK + LINE }

/**
 * Lays the maps out as the paper does: rows of networks and layers, columns of anchors, axes in pixels of the patch's
 * offset, and the colour scale to the right.
 */
export function panelDrawing({ title, limits, columns, rows }: PanelGrid): Drawing {
  const all = rows.flatMap(({ maps }) => maps.filter((map) => map !== undefined))
  const sides = all.map(sizeOf)
  const cell = { width: Math.max(...sides.map(({ width }) => width)), height: Math.max(...sides.map((s) => s.height)) }
  const widestColumn = Math.max(cell.width, ...columns.map(labelWidth))
  const step = { x: AXIS.left + widestColumn + GAP, y: cell.height + AXIS.bottom + GAP / 2 }
  const left = MARGIN + Math.max(...rows.flatMap(({ label }) => label.map(labelWidth))) + GAP / 2
  const top = MARGIN + 3 * LINE
  const maps: MapPanel[] = []
  const labels: Label[] = [{ words: title, x: MARGIN, y: MARGIN + LINE / 2, align: 'left' }]
  const strokes: Stroke[] = []
  columns.forEach((words, c) => {
    const x = left + c * step.x + AXIS.left + cell.width / 2
    labels.push({ words, x, y: top - LINE / 2 - 4, align: 'center' })
  })
  rows.forEach((row, r) => {
    const y = top + r * step.y
    row.label.forEach((words, i) => {
      labels.push({ words, x: MARGIN, y: y + LINE / 2 + i * LINE, align: 'left' })
    })
    row.maps.forEach((map, c) => {
      if (map === undefined) return
      const panel = { ...sizeOf(map), x: left + c * step.x + AXIS.left, y }
      maps.push({ values: map.values, rows: map.rows, cols: map.cols, ...panel })
      const axes = axesOf(map, panel)
      labels.push(...axes.labels)
      strokes.push(...axes.strokes)
    })
  })
  const bar = colourBar(limits, left + columns.length * step.x, top, cell.height)
  const bottom = top + rows.length * step.y
  labels.push({
    words: "row and column of the patch's top-left pixel",
    x: left + AXIS.left,
    y: bottom + LINE / 2 - GAP / 2,
    align: 'left',
  })
  const width = Math.max(bar.right, MARGIN + labelWidth(title)) + MARGIN
  return {
    width,
    height: bottom + LINE,
    title,
    limits,
    maps: [...maps, bar.map],
    labels: [...labels, ...bar.labels],
    strokes: [...strokes, ...bar.strokes],
  }
}

function sizeOf({ rows, cols }: PanelMap): { width: number; height: number } {
  const factor = Math.max(1, Math.ceil(LEAST_SIDE / Math.max(rows, cols)))
  return { width: cols * factor, height: rows * factor }
}

/** Ticks in pixels of the frame, at the middle of the position that lies there, and a frame around the map. */
function axesOf(
  { rows, cols, stride }: PanelMap,
  { x, y, width, height }: Stroke,
): { labels: readonly Label[]; strokes: readonly Stroke[] } {
  const bottom = y + height
  const across = ticksOf(cols, stride).map((offset) => ({
    offset,
    place: x + Math.round(((offset / stride + 0.5) * width) / cols),
  }))
  const down = ticksOf(rows, stride).map((offset) => ({
    offset,
    place: y + Math.round(((offset / stride + 0.5) * height) / rows),
  }))
  return {
    labels: [
      ...across.map(({ offset, place }) => ({
        words: String(offset),
        x: place,
        y: bottom + TICK + LINE / 2,
        align: 'center' as const,
      })),
      ...down.map(({ offset, place }) => ({
        words: String(offset),
        x: x - TICK - 4,
        y: place,
        align: 'right' as const,
      })),
    ],
    strokes: [
      ...frameOf({ x, y, width, height }),
      ...across.map(({ place }) => ({ x: place, y: bottom, width: 1, height: TICK })),
      ...down.map(({ place }) => ({ x: x - TICK, y: place, width: TICK, height: 1 })),
    ],
  }
}

function ticksOf(positions: number, stride: number): readonly number[] {
  const extent = (positions - 1) * stride
  const step = TICK_STEPS.find((one) => extent / one <= MOST_TICKS - 1) ?? extent
  return Array.from({ length: Math.floor(extent / Math.max(1, step)) + 1 }, (_, i) => i * step)
}

function frameOf({ x, y, width, height }: Stroke): readonly Stroke[] {
  return [
    { x: x - 1, y: y - 1, width: width + 2, height: 1 },
    { x: x - 1, y: y + height, width: width + 2, height: 1 },
    { x: x - 1, y: y - 1, width: 1, height: height + 2 },
    { x: x + width, y: y - 1, width: 1, height: height + 2 },
  ]
}

function colourBar({ low, high }: ColourLimits, x: number, y: number, height: number) {
  const values = Float64Array.from({ length: height }, (_, i) => high - ((high - low) * i) / (height - 1))
  const stops = [0, 0.25, 0.5, 0.75, 1].map((share) => ({ value: high - (high - low) * share, at: y + share * height }))
  const labels = stops.map(({ value, at }) => ({
    words: String(Number(value.toPrecision(4))),
    x: x + BAR + TICK + 4,
    y: at,
    align: 'left' as const,
  }))
  return {
    map: { values, rows: height, cols: 1, x, y, width: BAR, height },
    labels,
    strokes: [
      ...frameOf({ x, y, width: BAR, height }),
      ...stops.map(({ at }) => ({ x: x + BAR, y: Math.round(at), width: TICK, height: 1 })),
    ],
    right: Math.max(...labels.map((label) => label.x + labelWidth(label.words))),
  }
}
