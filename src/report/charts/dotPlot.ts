import { axisTicks, tickElements } from '../../plot/axis.js'
import { LEGEND_HEIGHT, legend, mark, seriesColour, shortened } from '../../plot/marks.js'
import type { Scale } from '../../plot/scale.js'
import { line, type SvgElement, svg, text, tip } from '../../plot/svg.js'
import { chart } from './chart.js'

/** One mark: a number, and how far it spreads to both sides. */
export interface Dot {
  readonly value: number
  readonly spread?: number
}

/** Numbers of several series, a row for each thing measured. */
export interface DotPlot {
  /** Said to screen readers. */
  readonly name: string
  readonly axis: string
  readonly scale: Scale
  readonly series: readonly string[]
  readonly rows: readonly {
    readonly model: string
    readonly layer: string
    /** One a series; undefined: not measured. */
    readonly dots: readonly (Dot | undefined)[]
  }[]
  /** Value of an upright line across all rows. */
  readonly reference?: number
}

const [LABELS, PLOT, MARGIN, ROW, AXIS] = [250, 470, 16, 20, 40]

/** Distance of neighbouring series in a row, in all: equal numbers do not hide one another. */
const SPREAD = 6

/** Draws a dot plot as SVG. */
export function dotPlot({ name, axis, scale, series, rows, reference }: DotPlot): string {
  const x = (value: number) => LABELS + scale.at(value) * PLOT
  const top = LEGEND_HEIGHT
  const bottom = top + rows.length * ROW + 4
  const grid = tickElements(axisTicks(scale, x, { side: 'below', from: top, to: bottom, numbers: bottom + 11 }))
  const zero = reference === undefined ? [] : [line(x(reference), top, x(reference), bottom, 'var(--ink)')]
  const lines = rows.flatMap((row, i) => {
    const y = top + i * ROW + ROW / 2 + 2
    return [...rowLabels(row, rows[i - 1], y), ...rowMarks(row, series, x, y)]
  })
  const caption = text(LABELS + PLOT / 2, bottom + 33, axis, { 'text-anchor': 'middle' })
  const content = [...legend(series, 0), ...grid, ...zero, ...lines, caption]
  return chart(LABELS + PLOT + MARGIN, bottom + AXIS, name, content)
}

type Row = DotPlot['rows'][number]

/** A network's name is at its first row alone, below a rule. */
function rowLabels({ model, layer }: Row, previous: Row | undefined, y: number): readonly SvgElement[] {
  const isFirst = previous?.model !== model
  return [
    ...(isFirst && previous !== undefined ? [line(0, y - ROW / 2, LABELS + PLOT, y - ROW / 2, 'var(--line)')] : []),
    ...(isFirst ? [text(0, y + 4, shortened(model, 24), { 'font-weight': 600 })] : []),
    text(LABELS - 12, y + 4, shortened(layer, 12), { 'text-anchor': 'end' }),
  ]
}

function rowMarks(
  { model, layer, dots }: Row,
  series: readonly string[],
  x: (value: number) => number,
  middle: number,
): readonly SvgElement[] {
  return dots.flatMap((dot, j) => {
    if (dot === undefined) return []
    const { value, spread } = dot
    const numbers = `${value.toPrecision(3)}${spread === undefined ? '' : ` ± ${spread.toPrecision(2)}`}`
    const y = middle + (series.length === 1 ? 0 : (j / (series.length - 1) - 0.5) * SPREAD)
    const ends = spread === undefined ? undefined : { x1: x(value - spread), x2: x(value + spread) }
    return [
      ...(ends === undefined ? [] : [svg('line', { ...ends, y1: y, y2: y, stroke: seriesColour(j) })]),
      mark(j, x(value), y, 4, tip(`${model} ${layer}, ${series[j]}: ${numbers}`)),
    ]
  })
}
