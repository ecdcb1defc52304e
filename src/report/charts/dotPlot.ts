import { LETTER_SIZE } from '../../plot/axis.js'
import { escapeHtml } from '../../plot/html.js'
import { mark, seriesColour, shortened } from '../../plot/marks.js'
import { arranged, type Drawing } from '../../plot/savedFigure.js'
import type { Scale } from '../../plot/scale.js'
import { markup, type SvgElement, svg, textElement, tip } from '../../plot/svg.js'
import { type Chart, chartTextWidth } from './chart.js'

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

/** Width of the rows and space between columns in a file, in pixels. */
const [WIDTH, GAP] = [480, 12]

/**
 * Draws a dot plot. On the page, it fills the available width. Each row is an SVG, so that on narrow screens CSS can
 * place the row's names above it.
 */
export function dotPlot({ name, axis, scaleOf, series, rows, reference }: DotPlot): Chart {
  const dots = rows.flatMap((row) => row.dots.flatMap((dot) => dot ?? []))
  const scale = scaleOf([
    ...dots.flatMap(({ value, bar = [] }) => [value, ...bar]),
    ...(reference === undefined ? [] : [reference]),
  ])
  const grid = scale.ticks.map((tick) => upright(scale.at(tick), 'var(--line)'))
  const lines = rows.map((row, i) => {
    const line = reference === undefined ? [] : [upright(scale.at(reference), 'var(--ink)')]
    return {
      model: rows[i - 1]?.model === row.model ? '' : shortened(row.model, 40),
      layer: shortened(row.layer, 40),
      strip: strip([...grid, ...line, ...rowMarks(row, series, scale)]),
    }
  })
  const numbers = scale.ticks.map((tick) =>
    textElement(0, LETTER_SIZE, scale.format(tick), { x: percent(scale.at(tick)), 'text-anchor': 'middle' }),
  )
  const all = [...lines, { model: '', layer: '', strip: strip(numbers) }]
  const legend = keys(series)
  const html = all.map(
    (row) => `<b>${escapeHtml(row.model)}</b><span>${escapeHtml(row.layer)}</span>${markup(row.strip)}`,
  )
  return {
    html: `<div class="dots" role="group" aria-label="${escapeHtml(name)}">
${legend.html}
${html.join('\n')}
<p class="axis">${escapeHtml(axis)}</p></div>`,
    drawing: arranged('down', GAP, [legend.drawing, rowsDrawing(all, axis)]),
  }
}

function rowsDrawing(
  rows: readonly { readonly model: string; readonly layer: string; readonly strip: SvgElement }[],
  axis: string,
): Chart['drawing'] {
  const widthOf = (names: readonly string[]) => GAP + Math.max(...names.map(chartTextWidth))
  // Bold letters are wider.
  const second = 1.1 * widthOf(rows.map(({ model }) => model))
  const left = second + widthOf(rows.map(({ layer }) => layer))
  const elements = rows.flatMap(({ model, layer, strip: { name, attributes, children } }, i) => [
    textElement(0, ROW * (i + 0.7), model, { 'font-weight': 600 }),
    textElement(second, ROW * (i + 0.7), layer),
    svg(name, { ...attributes, x: left, y: ROW * i, width: WIDTH }, ...children),
  ])
  const title = textElement(left + WIDTH / 2, ROW * (rows.length + 0.7), axis, { 'text-anchor': 'middle' })
  return { elements: [...elements, title], width: left + WIDTH, height: ROW * (rows.length + 1) }
}

/**
 * @param lineOf the line of a series that is drawn without marks, 24 px wide
 * @param width space for entries side by side in a file, in pixels; by default, they are one below the other
 */
export function keys(
  series: readonly string[],
  lineOf: (i: number) => SvgElement | undefined = () => undefined,
  width = 0,
): Chart {
  const entries = series.map((name, i) => {
    const line = lineOf(i)
    const width = line ? 24 : 14
    return { width, sign: svg('svg', { width, height: 12 }, line ?? mark(i, 6, 6, 5)), words: shortened(name, 40) }
  })
  const html = entries.map(({ sign, words }) => `<span>${markup(sign)}${escapeHtml(words)}</span>`)
  const drawn = entries.map(({ width, sign, words }) => ({
    elements: [sign, textElement(width + 4, 10, words)],
    width: width + 4 + chartTextWidth(words),
    height: 12,
  }))
  const lines: Drawing[][] = []
  for (const entry of drawn) {
    const line = lines.at(-1)
    if (line && arranged('right', GAP, [...line, entry]).width <= width) line.push(entry)
    else lines.push([entry])
  }
  const rows = lines.map((line) => arranged('right', GAP, line))
  return { html: `<p class="keys">${html.join(' ')}</p>`, drawing: arranged('down', 4, rows) }
}

function strip(content: readonly SvgElement[]): SvgElement {
  return svg('svg', { width: '100%', height: ROW, overflow: 'visible' }, ...content)
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
        { x: percent(at(dot.value)), y, overflow: 'visible' },
        mark(j, 0, 0, 4, tip(`${model} ${layer}, ${series[j]}: ${dot.words}`)),
      ),
    ]
  })
}

function percent(share: number): string {
  return `${Math.round(10_000 * share) / 100}%`
}
