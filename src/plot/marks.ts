import { coordinate, type SvgElement, svg } from './svg.js'

/** Number of data colours in the page's CSS: `--series-1` to `--series-6`. */
const SERIES_COLOURS = 6

export function seriesColour(series: number): string {
  return `var(--series-${(series % SERIES_COLOURS) + 1})`
}

/** Corners (x, y) of the square, the triangle and the diamond, in multiples of the radius. */
const CORNERS: readonly (readonly (readonly [number, number])[])[] = [
  [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  [
    [0, -1.15],
    [1.1, 0.85],
    [-1.1, 0.85],
  ],
  [
    [0, -1.25],
    [1.25, 0],
    [0, 1.25],
    [-1.25, 0],
  ],
]

/** Draws a point of a data series as a disc, square, triangle or diamond, so that series differ not only in colour. */
export function mark(series: number, x: number, y: number, radius: number, ...children: SvgElement[]): SvgElement {
  const corners = CORNERS[(series % (CORNERS.length + 1)) - 1]
  const fill = seriesColour(series)
  if (corners === undefined) return svg('circle', { cx: x, cy: y, r: radius, fill }, ...children)
  const points = corners.map(([dx, dy]) => `${coordinate(x + dx * radius)},${coordinate(y + dy * radius)}`).join(' ')
  return svg('polygon', { points, fill }, ...children)
}

/** Shortens a name to `most` characters including the ellipsis, but keeps at least its first character. */
export function shortened(name: string, most: number, ellipsis = '…'): string {
  const characters = [...name]
  if (characters.length <= most) return name
  return `${characters.slice(0, Math.max(1, most - ellipsis.length)).join('')}${ellipsis}`
}
