import { type AxisTick, axisTicks, type Label } from '../../plot/axis.js'
import type { Rectangle } from '../../plot/canvas.js'
import type { ColourLimits } from '../../plot/colormap.js'
import { type FigureLayout, labelWidth, type PlacedMap } from '../../plot/layout.js'
import type { GridValues } from '../../plot/mapPixels.js'
import { shortened } from '../../plot/marks.js'
import { positionScale, type Scale } from '../../plot/scale.js'

export interface PanelMap extends GridValues {
  /** Distance between neighbouring positions in pixels. */
  readonly stride: number
  /** Row, and column, of the first position in pixels; 0 by default (see `PositionGrid`). */
  readonly first?: number
}

/** A figure: maps in rows and columns that share one colour scale. */
export interface PanelGrid {
  readonly title: string
  readonly limits: ColourLimits
  readonly columns: readonly string[]
  readonly rows: readonly {
    readonly label: readonly string[]
    /** One map per column; undefined leaves the space empty. */
    readonly maps: readonly (PanelMap | undefined)[]
  }[]
  /** Title of the axes; by default "row and column of the object's top-left pixel". */
  readonly axes?: string
}

/**
 * Largest number of characters in a name and in a title. Longer texts are cut, because image viewers cannot open very
 * wide files. Titles may be longer than names, because a title can contain two names.
 */
const [LONGEST_NAME, LONGEST_TITLE] = [60, 160]

/** Maps are enlarged by a whole factor until their longer side has at least this many pixels. */
const LEAST_SIDE = 200
const [MARGIN, LINE, GAP, TICK, BAR] = [16, 22, 28, 6, 24]

/** Ticks are multiples of 10, 25, 50, 100 and so on, in pixels of the input image. */
const TICK_STEPS = { factors: [1, 2.5, 5], least: 10 }
const MOST_TICKS = 5

/** Space for the numbers and ticks of an axis, in pixels. */
const AXIS = { left: labelWidth('000') + TICK + 6, bottom: TICK + LINE }

/**
 * Lays a figure out like those of the paper: a row for each network and layer, a column for each anchor, and the colour
 * scale to the right.
 */
export function panelLayout(grid: PanelGrid): FigureLayout {
  const { limits, columns, axes = "row and column of the object's top-left pixel" } = grid
  const title = shortened(grid.title, LONGEST_TITLE, '..')
  const rows = grid.rows.map(({ label, maps }) => ({
    label: label.map((name) => shortened(name, LONGEST_NAME, '..')),
    maps,
  }))
  const all = rows.flatMap(({ maps }) => maps.filter((map) => map !== undefined))
  const sides = all.map(sizeOf)
  const cell = { width: Math.max(...sides.map(({ width }) => width)), height: Math.max(...sides.map((s) => s.height)) }
  const widestColumn = Math.max(cell.width, ...columns.map(labelWidth))
  const step = { x: AXIS.left + widestColumn + GAP, y: cell.height + AXIS.bottom + GAP / 2 }
  const left = MARGIN + Math.max(...rows.flatMap(({ label }) => label.map(labelWidth))) + GAP / 2
  const top = MARGIN + 3 * LINE
  const maps: PlacedMap[] = []
  const labels: Label[] = [{ words: title, x: MARGIN, y: MARGIN + LINE / 2, align: 'left' }]
  const lines: Rectangle[] = []
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
      const drawn = axesOf(map, panel)
      labels.push(...drawn.labels)
      lines.push(...drawn.lines)
    })
  })
  const bar = colourBar(limits, left + columns.length * step.x, top, cell.height)
  const bottom = top + rows.length * step.y
  labels.push({
    words: axes,
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
    lines: [...lines, ...bar.lines],
  }
}

function sizeOf({ rows, cols }: PanelMap): { width: number; height: number } {
  const factor = Math.max(1, Math.ceil(LEAST_SIDE / Math.max(rows, cols)))
  return { width: cols * factor, height: rows * factor }
}

/** The ticks and the border of a map. Each position is a square of the map, and its tick is at the square's middle. */
function axesOf(
  { rows, cols, ...positions }: PanelMap,
  { x, y, width, height }: Rectangle,
): { labels: readonly Label[]; lines: readonly Rectangle[] } {
  const bottom = y + height
  const across = positionScale(cols, positions, MOST_TICKS, TICK_STEPS)
  const down = positionScale(rows, positions, MOST_TICKS, TICK_STEPS)
  const xAxis = { side: 'below', from: bottom, to: bottom + TICK, numbers: bottom + TICK + LINE / 2 } as const
  const yAxis = { side: 'left', from: x - TICK, to: x, numbers: x - TICK - 4 } as const
  const ticks = [
    ...axisTicks(across, (offset) => x + wholePixel(across.at(offset) * width), xAxis),
    ...axisTicks(down, (offset) => y + wholePixel(down.at(offset) * height), yAxis),
  ]
  return { labels: ticks.map(({ label }) => label), lines: [...frameOf({ x, y, width, height }), ...ticks.map(lineOf)] }
}

/** Rounds to a whole pixel. The small addition makes halves round up in spite of rounding errors. */
function wholePixel(place: number): number {
  return Math.round(place + 1e-6)
}

function lineOf({ line: { x1, y1, x2, y2 } }: AxisTick): Rectangle {
  return { x: x1, y: Math.round(y1), width: Math.max(1, x2 - x1), height: Math.max(1, y2 - y1) }
}

function frameOf({ x, y, width, height }: Rectangle): readonly Rectangle[] {
  return [
    { x: x - 1, y: y - 1, width: width + 2, height: 1 },
    { x: x - 1, y: y + height, width: width + 2, height: 1 },
    { x: x - 1, y: y - 1, width: 1, height: height + 2 },
    { x: x + width, y: y - 1, width: 1, height: height + 2 },
  ]
}

function colourBar({ low, high }: ColourLimits, x: number, y: number, height: number) {
  const values = Float64Array.from({ length: height }, (_, i) => high - ((high - low) * i) / (height - 1))
  const scale: Pick<Scale, 'ticks' | 'format'> = {
    ticks: [0, 0.25, 0.5, 0.75, 1],
    format: (share) => String(Number((high - (high - low) * share).toPrecision(4))),
  }
  const right = x + BAR
  const ticks = axisTicks(scale, (share) => y + share * height, {
    side: 'right',
    from: right,
    to: right + TICK,
    numbers: right + TICK + 4,
  })
  const labels = ticks.map(({ label }) => label)
  return {
    map: { values, rows: height, cols: 1, x, y, width: BAR, height },
    labels,
    lines: [...frameOf({ x, y, width: BAR, height }), ...ticks.map(lineOf)],
    right: Math.max(...labels.map((label) => label.x + labelWidth(label.words))),
  }
}
