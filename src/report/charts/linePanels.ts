import { axisTicks, tickElements, uprightTitle } from '../../plot/axis.js'
import { LEGEND_HEIGHT, legend, mark, seriesColour, shortened } from '../../plot/marks.js'
import type { Scale } from '../../plot/scale.js'
import { coordinate, type SvgElement, svg, text, tip } from '../../plot/svg.js'
import { chart } from './chart.js'

/** Small line charts side by side under the same axes. */
export interface LinePanels {
  /** Said to screen readers. */
  readonly name: string
  readonly x: { readonly title: string; readonly scale: Scale }
  readonly y: { readonly title: string; readonly scale: Scale }
  /** Names of the lines, the same in all panels. */
  readonly series: readonly string[]
  readonly panels: readonly {
    readonly title: string
    readonly lines: readonly {
      /** Which of the series. */
      readonly series: number
      readonly isDashed?: boolean
      readonly points: readonly (readonly [number, number])[]
    }[]
  }[]
}

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM, GAP, PER_ROW] = [190, 150, 66, 24, 46, 8, 3]

/** Draws line charts as SVG, three in a row. */
export function linePanels({ name, x, y, series, panels }: LinePanels): string {
  const across = Math.min(PER_ROW, panels.length)
  const step = { x: LEFT + WIDTH + GAP, y: TOP + HEIGHT + BOTTOM }
  const drawn = panels.flatMap(({ title, lines }, i) => {
    const left = (i % PER_ROW) * step.x + LEFT
    const top = LEGEND_HEIGHT + Math.floor(i / PER_ROW) * step.y + TOP
    const bottom = top + HEIGHT
    const placeX = (value: number) => left + x.scale.at(value) * WIDTH
    const placeY = (value: number) => top + (1 - y.scale.at(value)) * HEIGHT
    const xAxis = { side: 'below', from: top, to: bottom, numbers: bottom + 11 } as const
    const yAxis = { side: 'left', from: left, to: left + WIDTH, numbers: left - 5 } as const
    return [
      text(left, top - 8, shortened(title, 26), { 'font-weight': 600 }),
      text(left + WIDTH / 2, bottom + 32, x.title, { 'text-anchor': 'middle' }),
      ...(i % PER_ROW === 0 ? [uprightTitle(12, top + HEIGHT / 2, y.title)] : []),
      ...tickElements(axisTicks(x.scale, placeX, xAxis)),
      ...tickElements(axisTicks(y.scale, placeY, yAxis)),
      ...lines.flatMap((one) => curve(one, `${title}, ${series[one.series]}`, placeX, placeY)),
    ]
  })
  const height = LEGEND_HEIGHT + Math.ceil(panels.length / PER_ROW) * step.y
  return chart(Math.max(across * step.x + GAP, 420), height + 4, name, [...legend(series, 0), ...drawn])
}

/** A line with a mark at each of its points, which says its name and numbers. */
function curve(
  { series, isDashed = false, points }: LinePanels['panels'][number]['lines'][number],
  name: string,
  x: (value: number) => number,
  y: (value: number) => number,
): readonly SvgElement[] {
  const path = svg('polyline', {
    points: points.map(([a, b]) => `${coordinate(x(a))},${coordinate(y(b))}`).join(' '),
    fill: 'none',
    stroke: seriesColour(series),
    'stroke-width': 1.5,
    ...(isDashed && { 'stroke-dasharray': '4 3' }),
  })
  return [path, ...points.map(([a, b]) => mark(series, x(a), y(b), 2.5, tip(`${name} at ${a}: ${b.toPrecision(3)}`)))]
}
