import { type AxisTick, axisTicks, type Label } from './axis.js'
import type { Rectangle } from './canvas.js'
import { type ColourLimits, type ColourMap, hot } from './colormap.js'
import { type FigureLayout, labelWidth, type PlacedMap } from './layout.js'
import type { GridValues } from './mapPixels.js'
import { shortened } from './marks.js'
import { positionScale, rangeScale } from './scale.js'
import { svg } from './svg.js'

export interface PanelMap extends GridValues {
  /** Distance between neighbouring positions in pixels. */
  readonly stride: number
  /** Row, and column, of the first position in pixels; 0 by default (see `PositionGrid`). */
  readonly first?: number
}

/** Maps that share one colour scale, with the colour bar to the right. */
export interface PanelRow {
  readonly label: readonly string[]
  /** One map per column; undefined leaves the space empty. */
  readonly maps: readonly (PanelMap | undefined)[]
  readonly limits: ColourLimits
  /** Label of the colour bar; by default "cosine similarity". */
  readonly bar?: string
  /** Colour map; by default "hot". */
  readonly colours?: ColourMap
}

/** A figure: maps in rows and columns. */
export interface PanelGrid {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly PanelRow[]
  /** Labels of the horizontal and the vertical axis; by default those of an object's position in pixels. */
  readonly axes?: readonly [across: string, down: string]
}

/**
 * Largest number of characters in a name and in a title. Longer texts are cut, because image viewers cannot open very
 * wide files. Titles may be longer than names, because a title can contain two names.
 */
const [LONGEST_NAME, LONGEST_TITLE] = [60, 160]

/** Maps are enlarged by a whole factor until their longer side has at least this many pixels. */
const LEAST_SIDE = 200
const [MARGIN, LINE, GAP, TICK, BAR, ARROW] = [16, 22, 28, 6, 24, 14]

/** Ticks are multiples of 10, 25, 50, 100 and so on, in pixels of the input image. */
const TICK_STEPS = { factors: [1, 2.5, 5], least: 10 }
const MOST_TICKS = 5

/** Cosines may exceed 1 by this much because of rounding. Such values do not count as outside the scale. */
const ROUNDING = 1e-6

/** Space for the numbers and ticks of an axis, in pixels. */
const AXIS = { left: labelWidth('000') + TICK + 6, bottom: TICK + LINE }

/**
 * Lays a figure out like those of the paper: a row for each network and layer, a column for each anchor, and the colour
 * bar of each row to the right.
 */
export function panelLayout(grid: PanelGrid): FigureLayout {
  const { columns, axes = ['object’s left edge (px)', 'object’s top edge (px)'] } = grid
  const title = shortened(grid.title, LONGEST_TITLE, '..')
  const rows = grid.rows.map((row) => ({
    ...row,
    label: row.label.map((name) => shortened(name, LONGEST_NAME, '..')),
  }))
  const all = rows.flatMap(({ maps }) => maps.filter((map) => map !== undefined))
  const sides = all.map(sizeOf)
  const cell = { width: Math.max(...sides.map(({ width }) => width)), height: Math.max(...sides.map((s) => s.height)) }
  const widestColumn = Math.max(cell.width, ...columns.map(labelWidth))
  const step = { x: AXIS.left + widestColumn + GAP, y: cell.height + AXIS.bottom + GAP / 2 }
  const left = MARGIN + Math.max(...rows.flatMap(({ label }) => label.map(labelWidth))) + GAP + LINE / 2
  const top = MARGIN + 3 * LINE
  const bottom = top + rows.length * step.y
  const maps: PlacedMap[] = []
  const labels: Label[] = [{ words: title, x: MARGIN, y: MARGIN + LINE / 2, align: 'left' }]
  const lines: Rectangle[] = []
  columns.forEach((words, c) => {
    const x = left + c * step.x + AXIS.left + cell.width / 2
    labels.push({ words, x, y: top - LINE / 2 - 4, align: 'center' })
    labels.push({ words: axes[0], x, y: bottom + LINE / 2 - GAP / 2, align: 'center' })
  })
  const bars = rows.map((row, r) => colourBar(row, left + columns.length * step.x, top + r * step.y, cell.height))
  rows.forEach((row, r) => {
    const y = top + r * step.y
    row.label.forEach((words, i) => {
      labels.push({ words, x: MARGIN, y: y + LINE / 2 + i * LINE, align: 'left' })
    })
    labels.push({ words: axes[1], x: left - LINE / 2, y: y + cell.height / 2, align: 'center', isUpright: true })
    row.maps.forEach((map, c) => {
      if (map === undefined) return
      const panel = { ...sizeOf(map), x: left + c * step.x + AXIS.left, y }
      const { limits, colours } = row
      maps.push({ values: map.values, rows: map.rows, cols: map.cols, limits, colours, ...panel })
      const drawn = axesOf(map, panel)
      labels.push(...drawn.labels)
      lines.push(...drawn.lines)
    })
  })
  const width = Math.max(...bars.map(({ right }) => right), MARGIN + labelWidth(title)) + MARGIN
  return {
    width,
    height: bottom + LINE,
    title,
    maps: [...maps, ...bars.map(({ map }) => map)],
    labels: [...labels, ...bars.flatMap((bar) => bar.labels)],
    lines: [...lines, ...bars.flatMap((bar) => bar.lines)],
    shapes: bars.flatMap(({ arrows }) => arrows),
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

/** A colour bar. An arrow at an end shows that values lie beyond this end of the scale. */
function colourBar(row: PanelRow, x: number, top: number, space: number) {
  const { limits, colours = hot, bar: words = 'cosine similarity' } = row
  const { low, high } = limits
  const [y, height] = [top + ARROW, space - 2 * ARROW]
  const values = Float64Array.from({ length: height }, (_, i) => high - ((high - low) * i) / (height - 1))
  const scale = rangeScale(low, high, MOST_TICKS + 1)
  const right = x + BAR
  const ticks = axisTicks(scale, (value) => y + Math.round((1 - scale.at(value)) * height), {
    side: 'right',
    from: right,
    to: right + TICK,
    numbers: right + TICK + 4,
  })
  const numbers = ticks.map(({ label }) => label)
  const end = Math.max(...numbers.map((label) => label.x + labelWidth(label.words)))
  const { below, above } = beyond(row)
  const arrow = (base: number, tip: number, share: number) =>
    svg('polygon', {
      points: `${x},${base} ${right},${base} ${x + BAR / 2},${tip}`,
      fill: `rgb(${colours(share).join()})`,
      stroke: '#000',
    })
  return {
    map: { values, rows: height, cols: 1, limits, colours, x, y, width: BAR, height },
    labels: [...numbers, { words, x: end + LINE, y: top + space / 2, align: 'center', isUpright: true } as const],
    lines: [...frameOf({ x, y, width: BAR, height }), ...ticks.map(lineOf)],
    arrows: [
      ...(above > 0 ? [arrow(y - 1, top, 1)] : []),
      ...(below > 0 ? [arrow(y + height + 1, top + space, 0)] : []),
    ],
    right: end + 1.5 * LINE,
  }
}

/** Numbers of all values of a row, and of those below and above the ends of its colour scale. */
export function beyond({ maps, limits: { low, high } }: PanelRow) {
  const values = maps.flatMap((map) => Array.from(map?.values ?? []))
  return {
    all: values.length,
    below: values.filter((value) => value < low).length,
    above: values.filter((value) => value > high + ROUNDING).length,
  }
}
