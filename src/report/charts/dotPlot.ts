import { LETTER_SIZE } from '../../plot/axis.js'
import { escapeHtml } from '../../plot/html.js'
import { mark, seriesColour, shortened } from '../../plot/marks.js'
import type { Scale } from '../../plot/scale.js'
import { markup, type SvgElement, svg, textElement, tip } from '../../plot/svg.js'

/** A dot: its value, the ends of its error bar, and the text of its tooltip. */
export interface Dot {
  readonly value: number
  readonly bar?: readonly [number, number]
  readonly words: string
}

/** A chart with one row for each network and layer. Each row has a dot for each series of numbers. */
export interface DotPlot {
  /** Name for screen readers. */
  readonly name: string
  readonly axis: string
  readonly scaleOf: (values: readonly number[]) => Scale
  readonly series: readonly string[]
  readonly rows: readonly {
    readonly model: string
    readonly layer: string
    /** One dot per series; undefined if the number was not measured. */
    readonly dots: readonly (Dot | undefined)[]
  }[]
  /** Value at which a vertical line is drawn through all rows. */
  readonly reference?: number
}

const ROW = 20

/** Vertical distance in pixels between the dots of a row's first and last series. It keeps equal values apart. */
const SPREAD = 6

/**
 * Draws a dot plot that fills the available width. Each row is an SVG, so that on narrow screens CSS can place the
 * row's names above it.
 */
export function dotPlot({ name, axis, scaleOf, series, rows, reference }: DotPlot): string {
  const dots = rows.flatMap((row) => row.dots.flatMap((dot) => dot ?? []))
  const scale = scaleOf([
    ...dots.flatMap(({ value, bar = [] }) => [value, ...bar]),
    ...(reference === undefined ? [] : [reference]),
  ])
  const grid = scale.ticks.map((tick) => upright(scale.at(tick), 'var(--line)'))
  const lines = rows.map((row, i) => {
    const isFirst = rows[i - 1]?.model !== row.model
    const model = isFirst ? `<b>${escapeHtml(shortened(row.model, 40))}</b>` : '<b></b>'
    const line = reference === undefined ? [] : [upright(scale.at(reference), 'var(--ink)')]
    return `${model}<span>${escapeHtml(shortened(row.layer, 40))}</span>${strip([...grid, ...line, ...rowMarks(row, series, scale)])}`
  })
  const numbers = scale.ticks.map((tick) =>
    textElement(0, LETTER_SIZE, scale.format(tick), { x: percent(scale.at(tick)), 'text-anchor': 'middle' }),
  )
  return `<div class="dots" role="group" aria-label="${escapeHtml(name)}">
${keys(series)}
${lines.join('\n')}
<b></b><span></span>${strip(numbers)}
<p class="axis">${escapeHtml(axis)}</p></div>`
}

/** @param lineOf the line of a series that is drawn without marks, 24 px wide */
export function keys(
  series: readonly string[],
  lineOf: (i: number) => SvgElement | undefined = () => undefined,
): string {
  const entries = series.map((name, i) => {
    const line = lineOf(i)
    const sign = svg('svg', { width: line ? 24 : 14, height: 12 }, line ?? mark(i, 6, 6, 5))
    return `<span>${markup(sign)}${escapeHtml(shortened(name, 40))}</span>`
  })
  return `<p class="keys">${entries.join(' ')}</p>`
}

function strip(content: readonly SvgElement[]): string {
  return markup(svg('svg', { width: '100%', height: ROW }, ...content))
}

function upright(at: number, stroke: string): SvgElement {
  return svg('line', { x1: percent(at), x2: percent(at), y1: 0, y2: ROW, stroke })
}

function rowMarks(
  { model, layer, dots }: DotPlot['rows'][number],
  series: readonly string[],
  { at }: Scale,
): readonly SvgElement[] {
  return dots.flatMap((dot, j) => {
    if (dot === undefined) return []
    const y = ROW / 2 + (series.length === 1 ? 0 : (j / (series.length - 1) - 0.5) * SPREAD)
    const stroke = seriesColour(j)
    const bar = dot.bar?.map((end) => percent(at(end)))
    return [
      ...(bar === undefined ? [] : [svg('line', { x1: bar[0] ?? '', x2: bar[1] ?? '', y1: y, y2: y, stroke })]),
      // The dot is inside a nested SVG, because a polygon cannot have coordinates in percent.
      svg(
        'svg',
        { x: percent(at(dot.value)), y, class: 'mark-at' },
        mark(j, 0, 0, 4, tip(`${model} ${layer}, ${series[j]}: ${dot.words}`)),
      ),
    ]
  })
}

function percent(share: number): string {
  return `${Math.round(10_000 * share) / 100}%`
}
