import { axisTicks, TICK_COLOUR, tickElements, uprightTitle } from '../../plot/axis.js'
import { rangeScale } from '../../plot/scale.js'
import { type SvgElement, svg, text } from '../../plot/svg.js'
import { svgNode } from './dom.js'

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
  /** What the values are: "cosine". */
  readonly quantity: string
  /** What is along the axis: "column (px)". */
  readonly axis: string
  /** Pixel of the cursor. */
  readonly cursor: number
  /** Pixel of the anchor. */
  readonly anchor: number
  /** Ends of the axis of values; the same for every profile of a view, so that it does not move. */
  readonly low: number
  readonly high: number
}

/** Draws a profile to the width that its box has now. */
export function drawProfile(box: HTMLElement, profile: Profile): void {
  const { quantity, axis, cursor, anchor, low, high } = profile
  const lines = profile.lines.filter(({ values }) => values.length > 0)
  const width = box.clientWidth
  const longest = Math.max(1, ...lines.map(({ values, stride }) => (values.length - 1) * stride))
  const [left, right, top, floor] = [MARGIN.left, width - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom]
  const pixels = rangeScale(0, longest, Math.max(2, Math.floor((right - left) / 48)))
  const levels = rangeScale(low, high, 7)
  const x = (pixel: number) => left + pixels.at(pixel) * (right - left)
  const y = (value: number) => floor - levels.at(value) * (floor - top)
  const upright = (name: string, at: number) => svg('line', { class: name, x1: at, x2: at, y1: top, y2: floor })
  const level = (name: string, at: number) => svg('line', { class: name, x1: left, x2: right, y1: at, y2: at })
  const xAxis = { side: 'below', from: floor, to: floor + 5, numbers: floor + 14 } as const
  const yAxis = { side: 'left', from: left, to: right, numbers: left - 7 } as const
  const curves = lines.flatMap((line): readonly SvgElement[] => [
    svg('path', { class: `curve ${line.panel}`, d: pathOf(line, x, y) }),
    svg('circle', { class: `dot ${line.panel}`, cx: x(cursor), cy: y(valueAt(line, cursor)), r: 4 }),
  ])
  const drawn = svg(
    'svg',
    { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, 'aria-hidden': 'true' },
    ...tickElements(axisTicks(levels, y, yAxis)),
    level('edge', floor),
    ...tickElements(axisTicks(pixels, x, xAxis), TICK_COLOUR),
    upright('anchor-line', x(anchor)),
    upright('cursor-line', x(cursor)),
    ...lines.flatMap(({ panel, baseline }) =>
      baseline === null || baseline < low || baseline > high ? [] : [level(`baseline ${panel}`, y(baseline))],
    ),
    ...curves,
    text((left + right) / 2, HEIGHT - 5, axis, { 'text-anchor': 'middle' }),
    uprightTitle(11, (floor + top) / 2, quantity),
  )
  box.replaceChildren(svgNode(drawn))
}

function pathOf({ values, stride }: ProfileLine, x: (pixel: number) => number, y: (value: number) => number): string {
  const points = values.map((value, i) => `${x(i * stride).toFixed(1)} ${y(value).toFixed(1)}`)
  return points.length === 1 ? `M${points[0]}h1` : `M${points.join('L')}`
}

function valueAt({ values, stride }: ProfileLine, pixel: number): number {
  const nearest = Math.min(values.length - 1, Math.max(0, Math.round(pixel / stride)))
  return values[nearest] as number
}
