import { svg } from './dom.js'
import { ticks, tickTexts } from './numbers.js'

const HEIGHT = 168
const MARGIN = { left: 58, right: 12, top: 12, bottom: 40 }

/** Values along a row or a column of a map. */
export interface ProfileLine {
  /** `a` or `b`: the panel whose colour it has. */
  readonly panel: string
  readonly values: readonly number[]
  /** Pixels between neighbours; the first lies at 0. */
  readonly stride: number
  /** Null baseline; drawn where it is within the axis. */
  readonly baseline: number | null
}

export interface Profile {
  readonly lines: readonly ProfileLine[]
  /** What is along the axis: "column (px)". */
  readonly axis: string
  /** Where the cursor stands, in pixels. */
  readonly cursor: number
  /** The anchor's place on the axis. */
  readonly anchor: number
  /** Ends of the axis of similarities; the same for every profile of a view, so that it stands still. */
  readonly low: number
  readonly high: number
}

/** Draws a profile to the width that its box has now. */
export function drawProfile(box: HTMLElement, { lines, axis, cursor, anchor, low, high }: Profile): void {
  const width = box.clientWidth
  const longest = Math.max(1, ...lines.map(({ values, stride }) => (values.length - 1) * stride))
  const [inner, floor] = [width - MARGIN.left - MARGIN.right, HEIGHT - MARGIN.bottom]
  const x = (pixel: number) => MARGIN.left + (pixel / longest) * inner
  const y = (value: number) => floor - ((value - low) / (high - low)) * (floor - MARGIN.top)
  const levels = ticks(low, high, 7)
  const levelTexts = tickTexts(levels)
  const grid = levels.flatMap((level, i) => [
    svg('line', { class: 'grid', x1: MARGIN.left, x2: width - MARGIN.right, y1: y(level), y2: y(level) }),
    svg('text', { x: MARGIN.left - 7, y: y(level) + 4, 'text-anchor': 'end' }, levelTexts[i] as string),
  ])
  const pixels = ticks(0, longest, Math.max(2, Math.floor(inner / 48))).flatMap((pixel) => [
    svg('line', { class: 'tick', x1: x(pixel), x2: x(pixel), y1: floor, y2: floor + 5 }),
    svg('text', { x: x(pixel), y: floor + 18, 'text-anchor': 'middle' }, String(pixel)),
  ])
  const middle = (floor + MARGIN.top) / 2
  const baselines = lines.flatMap(({ panel, baseline }) =>
    baseline === null || baseline < low || baseline > high
      ? []
      : [
          svg('line', {
            class: `baseline ${panel}`,
            x1: MARGIN.left,
            x2: width - MARGIN.right,
            y1: y(baseline),
            y2: y(baseline),
          }),
        ],
  )
  const curves = lines.flatMap((line) => [
    svg('path', { class: `curve ${line.panel}`, d: pathOf(line, x, y) }),
    svg('circle', { class: `dot ${line.panel}`, cx: x(cursor), cy: y(valueAt(line, cursor)), r: 4 }),
  ])
  const drawing = svg(
    'svg',
    { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, 'aria-hidden': 'true' },
    ...grid,
    svg('line', { class: 'edge', x1: MARGIN.left, x2: width - MARGIN.right, y1: floor, y2: floor }),
    ...pixels,
    svg('line', { class: 'anchor-line', x1: x(anchor), x2: x(anchor), y1: MARGIN.top, y2: floor }),
    svg('line', { class: 'cursor-line', x1: x(cursor), x2: x(cursor), y1: MARGIN.top, y2: floor }),
    ...baselines,
    ...curves,
    svg('text', { class: 'title', x: MARGIN.left + inner / 2, y: HEIGHT - 5, 'text-anchor': 'middle' }, axis),
    svg(
      'text',
      { class: 'title', x: 11, y: middle, 'text-anchor': 'middle', transform: `rotate(-90 11 ${middle})` },
      'cosine',
    ),
  )
  box.replaceChildren(drawing)
}

function pathOf({ values, stride }: ProfileLine, x: (pixel: number) => number, y: (value: number) => number): string {
  const points = values.map((value, i) => `${x(i * stride).toFixed(1)} ${y(value).toFixed(1)}`)
  return points.length === 1 ? `M${points[0]}h1` : `M${points.join('L')}`
}

function valueAt({ values, stride }: ProfileLine, pixel: number): number {
  const nearest = Math.min(values.length - 1, Math.max(0, Math.round(pixel / stride)))
  return values[nearest] as number
}
