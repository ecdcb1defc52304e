import { axisTicks, LETTER_SIZE, tickElements, uprightTitle } from '../../plot/axis.js'
import { escapeHtml } from '../../plot/html.js'
import { mark, seriesColour, shortened } from '../../plot/marks.js'
import { arranged } from '../../plot/savedFigure.js'
import type { Scale } from '../../plot/scale.js'
import { coordinate, markup, type SvgElement, svg, textElement, tip } from '../../plot/svg.js'
import type { Chart } from './chart.js'
import { keys } from './dotPlot.js'

/** Line charts side by side, all with the same axes. */
export interface LinePanels {
  /** Name for screen readers. */
  readonly name: string
  readonly x: { readonly title: string; readonly scale: Scale }
  readonly y: { readonly title: string; readonly scale: Scale }
  /** Names of the series in the legend, the same for all panels. */
  readonly series: readonly string[]
  readonly panels: readonly {
    readonly title: string
    readonly lines: readonly PanelLine[]
  }[]
}

interface PanelLine {
  readonly series: number
  readonly isDashed?: boolean
  readonly points: readonly (readonly [number, number])[]
}

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT] = [230, 150, 60, 24, 40, 10]

/** Number of panels in a row of a file, and the space between them in pixels. */
const [COLUMNS, GAP] = [3, 16]

/** Draws each panel as an SVG. On the page, CSS puts as many panels into a row as fit. */
export function linePanels({ name, x, y, series, panels }: LinePanels): Chart {
  const [right, bottom] = [LEFT + WIDTH, TOP + HEIGHT]
  const [width, height] = [right + RIGHT, bottom + BOTTOM]
  const placeX = (value: number) => LEFT + x.scale.at(value) * WIDTH
  const placeY = (value: number) => TOP + (1 - y.scale.at(value)) * HEIGHT
  const axes = [
    textElement(LEFT + WIDTH / 2, bottom + 32, x.title, { 'text-anchor': 'middle' }),
    uprightTitle(12, TOP + HEIGHT / 2, y.title),
    ...tickElements(axisTicks(x.scale, placeX, { side: 'below', from: TOP, to: bottom, numbers: bottom + 11 })),
    ...tickElements(axisTicks(y.scale, placeY, { side: 'left', from: LEFT, to: right, numbers: LEFT - 5 })),
  ]
  const drawn = panels.map(({ title, lines }) => {
    const attributes = {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      // The role is not `img`, because screen readers would then not read the values in the tooltips.
      role: 'group',
      'aria-label': `${name}: ${title}`,
      'font-size': `${LETTER_SIZE}px`,
    }
    const head = textElement(LEFT, TOP - 8, shortened(title, 34), { 'font-weight': 600 })
    const measured = lines.filter(({ points }) => points.length > 0)
    const curves = measured.map((one) => curve(one, `${title}, ${series[one.series]}`, placeX, placeY))
    return svg('svg', attributes, head, ...axes, ...curves)
  })
  const legend = keys(series)
  const rows = Array.from({ length: Math.ceil(drawn.length / COLUMNS) }, (_, i) => {
    const own = drawn.slice(i * COLUMNS, (i + 1) * COLUMNS)
    return arranged(
      'right',
      GAP,
      own.map((panel) => ({ elements: [panel], width, height })),
    )
  })
  return {
    html: `<div class="panels" role="group" aria-label="${escapeHtml(name)}">\n${legend.html}\n${drawn.map(markup).join('\n')}</div>`,
    drawing: arranged('down', GAP, [legend.drawing, ...rows]),
  }
}

/** A line with more points than this has no marks, because they would hide the line. */
const MOST_MARKS = 12

function strokeOf({ series, isDashed = false }: PanelLine): SvgElement['attributes'] {
  return {
    stroke: seriesColour(series),
    'stroke-width': 1.5,
    ...(isDashed && { 'stroke-dasharray': '4 3' }),
  }
}

function curve(line: PanelLine, name: string, x: (value: number) => number, y: (value: number) => number): SvgElement {
  const { series, points } = line
  const attributes = {
    points: points.map(([a, b]) => `${coordinate(x(a))},${coordinate(y(b))}`).join(' '),
    fill: 'none',
    ...strokeOf(line),
  }
  const numbers = points.map(([a, b]) => `${b.toPrecision(3)} at ${a}`).join(', ')
  const marks = points.length <= MOST_MARKS ? points.map(([a, b]) => mark(series, x(a), y(b), 2.5)) : []
  return svg('g', {}, tip(`${name}: ${numbers}`), svg('polyline', attributes), ...marks)
}
