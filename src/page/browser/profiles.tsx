import type { Position } from '../../engine/positions.js'
import { positionAt } from '../../experiments/grid.js'
import { axisTicks, TICK_COLOUR, tickElements, uprightTitle } from '../../plot/axis.js'
import { decimalText } from '../../plot/numberText.js'
import { rangeScale } from '../../plot/scale.js'
import { type SvgElement, svg, textElement } from '../../plot/svg.js'
import { drawn, useWidth } from './drawing.js'
import { baselineOf, nearestPosition } from './fit.js'
import { extremes, PROBABILITY_LIMITS } from './maps.js'
import type { PanelId, Reading } from './readings.js'

const HEIGHT = 168
const MARGIN = { left: 58, right: 12, top: 12, bottom: 40 }

interface ProfileLine {
  readonly panel: PanelId
  readonly values: readonly number[]
  /** For each value, its row or column in pixels. */
  readonly pixels: readonly number[]
  /** The value at the cursor. */
  readonly here: number
  /** Mean similarity between different objects; null if not known. It is drawn only if the axis includes it. */
  readonly baseline: number | null
}

interface Profile {
  readonly id: string
  readonly title: string
  readonly lines: readonly ProfileLine[]
  readonly quantity: string
  /**
   * Ends of the value axis. They are the same for all profiles of a view, so the axis does not move with the cursor.
   */
  readonly low: number
  readonly high: number
  /** Title of the horizontal axis, such as "column (px)". */
  readonly axis: string
  /** Coordinate of the cursor along the axis, in pixels. */
  readonly cursor: number
  readonly anchor: number
}

/** Two charts: the values along the row and along the column through the cursor. Each chart has a line per map. */
export function Profiles({ readings }: { readonly readings: readonly Reading[] }) {
  const [first] = readings
  if (first === undefined) return <div class="profiles" />
  const { anchorPosition, group } = first.map.fitted
  const position = nearestPosition(group, first.position)
  // Predicted classes are not numbers, so the charts show the probability of the class predicted at the center instead.
  const isSimilarity = readings.every((reading) => reading.map.quantity === 'similarity')
  const ends = isSimilarity ? extremes(readings.map((reading) => reading.map)) : PROBABILITY_LIMITS
  const linesAlong = (axis: keyof Position) => readings.map((reading) => lineOf(reading, isSimilarity, axis))
  const common = { ...ends, quantity: isSimilarity ? 'similarity' : 'probability' }
  const probability = group.isDetector ? 'Score of the object’s class' : 'Probability of the center’s answer'
  const along = isSimilarity ? 'Similarity' : probability
  return (
    <div class="profiles">
      <ProfileChart
        id="row-profile"
        title={`${along} along row ${decimalText(position.row, 0)}`}
        {...common}
        lines={linesAlong('col')}
        axis="column (px)"
        cursor={position.col}
        anchor={anchorPosition.col}
      />
      <ProfileChart
        id="col-profile"
        title={`${along} along column ${decimalText(position.col, 0)}`}
        {...common}
        lines={linesAlong('row')}
        axis="row (px)"
        cursor={position.row}
        anchor={anchorPosition.row}
      />
    </div>
  )
}

/** @param axis `col` for the row through the cursor, along which only the column changes; `row` for the column */
function lineOf({ panel, map, at }: Reading, isSimilarity: boolean, axis: keyof Position): ProfileLine {
  const { group } = map.fitted
  const { rows, cols } = group
  const [count, first, step] = axis === 'col' ? [cols, at - (at % cols), 1] : [rows, at % cols, cols]
  const indices = Array.from({ length: count }, (_, i) => first + i * step)
  const { values, baseline } = isSimilarity
    ? { values: map.similarity, baseline: baselineOf(map.fitted) }
    : { values: map.answers?.ofCenter, baseline: null }
  return {
    panel,
    values: values ? indices.map((i) => values[i] as number) : [],
    pixels: indices.map((i) => positionAt(i, group)[axis]),
    here: values?.[at] as number,
    baseline,
  }
}

function ProfileChart(profile: Profile) {
  const { id, title } = profile
  const [box, width] = useWidth<HTMLDivElement>()
  return (
    <figure>
      <figcaption id={`${id}-title`}>{title}</figcaption>
      <div id={id} ref={box} class="chart" role="img" aria-labelledby={`${id}-title`}>
        {width > 0 && drawn(chart(profile, width))}
      </div>
    </figure>
  )
}

function chart({ quantity, axis, cursor, anchor, low, high, ...profile }: Profile, width: number): SvgElement {
  const lines = profile.lines.filter(({ values }) => values.length > 0)
  const all = [0, ...lines.flatMap((line) => line.pixels)]
  const from = Math.min(...all)
  const [left, right, top, floor] = [MARGIN.left, width - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom]
  const pixels = rangeScale(from, Math.max(from + 1, ...all), Math.max(2, Math.floor((right - left) / 48)))
  const levels = rangeScale(low, high, 7)
  const x = (pixel: number) => left + pixels.at(pixel) * (right - left)
  const y = (value: number) => floor - levels.at(value) * (floor - top)
  const upright = (name: string, at: number) => svg('line', { class: name, x1: at, x2: at, y1: top, y2: floor })
  const level = (name: string, at: number) => svg('line', { class: name, x1: left, x2: right, y1: at, y2: at })
  const xAxis = { side: 'below', from: floor, to: floor + 5, numbers: floor + 14 } as const
  const yAxis = { side: 'left', from: left, to: right, numbers: left - 7 } as const
  const curves = lines.flatMap((line): readonly SvgElement[] => [
    svg('path', { class: `curve ${line.panel}`, d: pathOf(line, x, y) }),
    svg('circle', { class: `dot ${line.panel}`, cx: x(cursor), cy: y(line.here), r: 4 }),
  ])
  return svg(
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
    textElement((left + right) / 2, HEIGHT - 5, axis, { 'text-anchor': 'middle' }),
    uprightTitle(11, (floor + top) / 2, quantity),
  )
}

function pathOf({ values, pixels }: ProfileLine, x: (pixel: number) => number, y: (value: number) => number): string {
  const points = values.map((value, i) => `${x(pixels[i] as number).toFixed(1)} ${y(value).toFixed(1)}`)
  return points.length === 1 ? `M${points[0]}h1` : `M${points.join('L')}`
}
