import type { Position } from '../../engine/scene/positions.js'
import { headOf } from '../../experiments/answers/heads.js'
import { positionAt } from '../../experiments/maps/grid.js'
import { axisTicks, TICK_COLOUR, tickElements } from '../../plot/axis.js'
import type { ColourLimits } from '../../plot/colormap.js'
import { decimalText } from '../../plot/numberText.js'
import { positionScale, rangeScale } from '../../plot/scale.js'
import { type SvgElement, svg } from '../../plot/svg.js'
import { correspondingPixel } from '../site/groups.js'
import type { SiteGroup } from '../site/siteIndex.js'
import type { PanelId } from '../site/view.js'
import { classWords, isolated } from '../text/text.js'
import { drawn, panelMark, useWidth } from './drawing.js'
import { baselineOf, nearestPosition } from './fit.js'
import { anchorOf, extremes, PROBABILITY_LIMITS } from './maps.js'
import type { MapValue } from './mapValues.js'
import { PLOT_MARGIN } from './plot.js'
import type { Regions } from './regions.js'

const HEIGHT = 110
/** Left and right as in the map, so that a chart below it has the same horizontal axis. */
const MARGIN = { ...PLOT_MARGIN, top: 8, bottom: 22 }

interface ProfileProps {
  readonly id: string
  /** `col` for the row through the cursor, along which only the column changes; `row` for the column. */
  readonly axis: keyof Position
  /** The map that gives the axis, and whose answers are drawn as bars. */
  readonly panel: PanelId
  readonly readings: readonly MapValue[]
  readonly regions: Regions
}

/** The values along the row or column through the cursor: a line per map, and the answers of one map as bars. */
export function Profile({ id, axis, panel, readings, regions }: ProfileProps) {
  const [box, width] = useWidth<HTMLDivElement>()
  const own = readings.find((one) => one.panel === panel)
  // Answers are not numbers, so the lines show the probability of the center’s answer instead.
  const isSimilarity = readings.every(({ map }) => map.quantity === 'similarity')
  const lines = readings
    .map((reading) => lineOf(reading, isSimilarity, axis, own?.map.fitted.group))
    .filter(({ values }) => values.length > 0)
  const ends = isSimilarity ? extremes(readings.map(({ map }) => map)) : PROBABILITY_LIMITS
  const bars = own && !isSimilarity && (axis === 'col' || readings.length === 1) ? barsOf(own, regions, axis) : []
  return (
    <figure class="profile">
      <figcaption>
        <span id={`${id}-title`}>{own && profileTitle(own, isSimilarity, axis)}</span>{' '}
        <span id={`${id}-lines`} class="lines">
          {lines.map((line) => (
            <span key={line.panel} class="key">
              <svg width="20" height="8" aria-hidden="true">
                <path class={`curve ${line.panel}`} d="M0 4h20" />
              </svg>{' '}
              {`${line.panel.toUpperCase()}: ${line.name} `}
            </span>
          ))}
        </span>
      </figcaption>
      <div id={id} ref={box} class="chart" role="img" aria-labelledby={`${id}-title ${id}-lines`}>
        {own && width > 0 && drawn(chart(own, axis, lines, bars, ends, width))}
      </div>
    </figure>
  )
}

export function profileTitle({ map, position }: MapValue, isSimilarity: boolean, axis: keyof Position): string {
  const { group } = map.fitted
  const { row, col } = nearestPosition(group, position)
  const quantity = isSimilarity ? 'Similarity' : headOf(group.head).score.word
  const along = axis === 'col' ? `row ${decimalText(row, 0)}, by column` : `column ${decimalText(col, 0)}, by row`
  return `${quantity} along ${along}`
}

interface ProfileLine {
  readonly panel: PanelId
  /** The class whose probability is shown; of similarity, the network. */
  readonly name: string
  readonly values: readonly number[]
  /** For each value, its row or column in the pixels of the chart's axis. */
  readonly pixels: readonly number[]
  /** The point at the cursor. */
  readonly here: { readonly pixel: number; readonly value: number }
  /** Mean similarity between different objects; null if not known. It is drawn only if the axis includes it. */
  readonly baseline: number | null
}

/** @param along the group whose pixels the chart's axis has; by default, that of the reading */
export function lineOf(
  { panel, map, at, position, shown, ofCenter }: MapValue,
  isSimilarity: boolean,
  axis: keyof Position,
  along: SiteGroup = map.fitted.group,
): ProfileLine {
  const { group } = map.fitted
  const indices = indicesAlong(group, at, axis)
  const followed = map.answers?.strongest.names[0] ?? ''
  const values = isSimilarity ? map.values : map.answers?.ofCenter
  return {
    panel,
    name: isolated(isSimilarity ? group.model : classWords(followed)),
    values: values ? indices.map((i) => values[i]!) : [],
    pixels: indices.map((i) => correspondingPixel(positionAt(i, group)[axis], group, along)),
    // The anchor may lie between the positions of the line, so its value may lie beside the line.
    here: {
      pixel: correspondingPixel(position[axis], group, along),
      value: (isSimilarity ? shown : ofCenter) ?? Number.NaN,
    },
    baseline: isSimilarity ? baselineOf(map.fitted) : null,
  }
}

/** The answers at the computed positions of a row or column, in the colours of their classes. */
function barsOf({ map, at }: MapValue, regions: Regions, axis: keyof Position) {
  const strongest = map.answers?.strongest
  if (!strongest) return []
  const { group } = map.fitted
  return indicesAlong(group, at, axis)
    .filter((i) => map.known?.[i] !== 0)
    .map((i) => ({
      pixel: positionAt(i, group)[axis],
      probability: strongest.probabilities[i]!,
      fill: `rgb(${regions.colourOfClass(strongest.names[strongest.numbers[i]!] ?? '').join(' ')})`,
    }))
}

/** Indices of the positions in the row, or column, of position `at`. */
function indicesAlong({ rows, cols }: { rows: number; cols: number }, at: number, axis: keyof Position) {
  const [count, first, step] = axis === 'col' ? [cols, at - (at % cols), 1] : [rows, at % cols, cols]
  return Array.from({ length: count }, (_, i) => first + i * step)
}

/** @param ends ends of the value axis, which do not depend on the cursor */
function chart(
  own: MapValue,
  axis: keyof Position,
  lines: readonly ProfileLine[],
  bars: ReturnType<typeof barsOf>,
  { low, high }: ColourLimits,
  width: number,
): SvgElement {
  const { group } = own.map.fitted
  const compared = anchorOf(own.map)
  const [left, right, top, floor] = [MARGIN.left, width - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom]
  const count = axis === 'col' ? group.cols : group.rows
  const pixels = positionScale(count, group, Math.max(2, Math.floor((right - left) / 44)))
  const levels = rangeScale(low, high, 3)
  const x = (pixel: number) => left + pixels.at(pixel) * (right - left)
  const y = (value: number) => floor - levels.at(value) * (floor - top)
  const upright = (name: string, at: number) => svg('line', { class: name, x1: at, x2: at, y1: top, y2: floor })
  const level = (name: string, at: number) => svg('line', { class: name, x1: left, x2: right, y1: at, y2: at })
  const xAxis = { side: 'below', from: floor, to: floor + 5, numbers: floor + 14 } as const
  const yAxis = { side: 'left', from: left, to: right, numbers: left - 7 } as const
  const half = (right - left) / count / 2
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, 'aria-hidden': 'true' },
    ...tickElements(axisTicks(levels, y, yAxis)),
    ...bars.map(({ pixel, probability, fill }) =>
      svg('rect', {
        class: 'bar',
        fill,
        x: x(pixel) - half,
        y: y(probability),
        width: 2 * half,
        height: floor - y(probability),
      }),
    ),
    level('edge', floor),
    ...tickElements(axisTicks(pixels, x, xAxis), TICK_COLOUR),
    upright('anchor-line', x(compared[axis])),
    upright('cursor-line', x(own.position[axis])),
    ...lines.flatMap(({ panel, baseline }) =>
      baseline === null || baseline < low || baseline > high ? [] : [level(`baseline ${panel}`, y(baseline))],
    ),
    ...lines.flatMap((line) => {
      const d = pathOf(line, x, y)
      return [svg('path', { class: 'halo', d }), svg('path', { class: `curve ${line.panel}`, d })]
    }),
    ...lines.map(({ panel, here }) => panelMark(panel, x(here.pixel), y(here.value))),
  )
}

function pathOf({ values, pixels }: ProfileLine, x: (pixel: number) => number, y: (value: number) => number): string {
  const points = values.map((value, i) => `${x(pixels[i]!).toFixed(1)} ${y(value).toFixed(1)}`)
  return points.length === 1 ? `M${points[0]}h1` : `M${points.join('L')}`
}
