import type { Scale } from './scale.js'
import { element, LEGEND_HEIGHT, legend, line, mark, picture, seriesColour, shortened, text, tip } from './svg.js'

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
  /** Where a line stands across all rows. */
  readonly reference?: number
}

const [LABELS, PLOT, MARGIN, ROW, AXIS] = [250, 470, 16, 20, 40]

/** Draws a dot plot as SVG. */
export function dotPlot({ name, axis, scale, series, rows, reference }: DotPlot): string {
  const x = (value: number) => LABELS + scale.at(value) * PLOT
  const top = LEGEND_HEIGHT
  const bottom = top + rows.length * ROW + 4
  const grid = scale.ticks.map(
    (tick) =>
      line(x(tick), top, x(tick), bottom, 'var(--line)') +
      text(x(tick), bottom + 15, scale.format(tick), { 'text-anchor': 'middle', fill: 'var(--soft)' }),
  )
  const zero = reference === undefined ? '' : line(x(reference), top, x(reference), bottom, 'var(--ink)')
  const lines = rows.map(({ model, layer, dots }, i) => {
    const y = top + i * ROW + ROW / 2 + 2
    const isFirst = rows[i - 1]?.model !== model
    const rule = isFirst && i > 0 ? line(0, y - ROW / 2, LABELS + PLOT, y - ROW / 2, 'var(--line)') : ''
    const labels =
      (isFirst ? text(0, y + 4, shortened(model, 24), { 'font-weight': 600 }) : '') +
      text(LABELS - 12, y + 4, shortened(layer, 12), { 'text-anchor': 'end' })
    const marks = dots.map((dot, j) => {
      if (dot === undefined) return ''
      const { value, spread } = dot
      const numbers = `${value.toPrecision(3)}${spread === undefined ? '' : ` ± ${spread.toPrecision(2)}`}`
      const words = `${model} ${layer}, ${series[j]}: ${numbers}`
      // Series are set apart a little, so that equal numbers do not hide one another.
      const height = y + (series.length === 1 ? 0 : (j / (series.length - 1) - 0.5) * 6)
      const whisker =
        spread === undefined
          ? ''
          : element('line', {
              x1: x(value - spread),
              x2: x(value + spread),
              y1: height,
              y2: height,
              stroke: seriesColour(j),
            })
      return whisker + mark(j, x(value), height, 4, tip(words))
    })
    return rule + labels + marks.join('')
  })
  const caption = text(LABELS + PLOT / 2, bottom + 33, axis, { 'text-anchor': 'middle' })
  const content = legend(series, 0) + grid.join('') + zero + lines.join('') + caption
  return picture(LABELS + PLOT + MARGIN, bottom + AXIS, name, content)
}
