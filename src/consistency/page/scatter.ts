import { axisTicks, LETTER_SIZE, labelAttributes, tickElements } from '../../plot/axis.js'
import { escapeHtml } from '../../plot/html.js'
import { labelWidth } from '../../plot/layout.js'
import { PICTURE_LETTERS } from '../../plot/letters.js'
import { mark, seriesColour, shortened } from '../../plot/marks.js'
import { linearScale } from '../../plot/scale.js'
import { line, markup, type SvgElement, svg, textElement, tip } from '../../plot/svg.js'
import { CONFIDENCE } from '../protocols.js'
import type { ConsistencyMeasure, NetworkConsistency } from '../result.js'
import { type MeasureKey, measureOf } from './differences.js'
import { directionText, meanText } from './measureText.js'

/** A value and the length of its error bar to both sides. */
interface ScatterValue {
  readonly value: number
  readonly error: number
}

/** A chart with one labelled dot for each network. */
export interface Scatter {
  /** Titles of the axes. */
  readonly x: string
  readonly y: string
  readonly dots: readonly {
    readonly name: string
    readonly x: ScatterValue
    readonly y: ScatterValue
    /** Text of the tooltip. */
    readonly words: string
  }[]
}

interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** A dot in pixels of the drawing, with the ends of its error bars. */
interface PlacedDot extends Box {
  readonly name: string
  readonly x: number
  readonly y: number
}

const [LEFT, TOP, BOTTOM, RIGHT] = [46, 30, 42, 12]

const RADIUS = 5
const LINE_HEIGHT = 15
const LONGEST_NAME = 24

/**
 * Draws the consistency of networks over their accuracy, or without labels over their confidence. On narrow screens, CSS
 * shows a second drawing whose letters are as large as in the first one.
 */
export function scatterHtml(networks: readonly NetworkConsistency[], measure: ConsistencyMeasure): string {
  const accuracy: MeasureKey = { protocol: 'center', measure: 'accuracy' }
  const confidence: MeasureKey = { protocol: measure.protocol, measure: CONFIDENCE }
  const has = (key: MeasureKey) => networks.some((network) => measureOf(network, key) !== undefined)
  const across = has(accuracy) ? accuracy : confidence
  const dots = networks.flatMap((network) => {
    const [x, y] = [measureOf(network, across), measureOf(network, measure)]
    if (x === undefined || y === undefined || x.mean === null || y.mean === null) return []
    const words = `${network.model}: ${meanText(x, x)}, ${meanText(y, y)}`
    return [{ name: network.model, x: scatterValue(x), y: scatterValue(y), words }]
  })
  const axes = { x: axisTitle(networks, across), y: axisTitle(networks, measure) }
  return `<p>Each dot is one network, with its standard errors. The upright axis is the protocol ${escapeHtml(measure.protocol)}.</p>
<div class="scatter">${scatterSvg({ ...axes, dots }, 640, 400)}${scatterSvg({ ...axes, dots }, 350, 400)}</div>`
}

function scatterValue({ unit, mean, standardError }: ConsistencyMeasure): ScatterValue {
  const factor = unit === 'share' ? 100 : 1
  return { value: factor * (mean ?? 0), error: factor * (standardError ?? 0) }
}

function axisTitle(networks: readonly NetworkConsistency[], key: MeasureKey): string {
  const measure = networks.flatMap((network) => measureOf(network, key) ?? [])[0]
  return measure === undefined
    ? ''
    : `${measure.title}${measure.unit === 'share' ? ' (%)' : ''}, ${directionText(measure)}`
}

/** Draws the chart in a width and a height in pixels. */
export function scatterSvg({ x, y, dots }: Scatter, width: number, height: number): string {
  const plot = { left: LEFT, top: TOP, right: width - RIGHT, bottom: height - BOTTOM }
  const ends = ({ value, error }: ScatterValue) => [value - error, value + error]
  const scaleX = linearScale(dots.flatMap((dot) => ends(dot.x)))
  const scaleY = linearScale(dots.flatMap((dot) => ends(dot.y)))
  const placeX = (value: number) => plot.left + scaleX.at(value) * (plot.right - plot.left)
  const placeY = (value: number) => plot.bottom - scaleY.at(value) * (plot.bottom - plot.top)
  const placed = dots.map((dot): PlacedDot => {
    const [left = 0, right = 0] = ends(dot.x).map(placeX)
    const [bottom = 0, top = 0] = ends(dot.y).map(placeY)
    return { name: dot.name, x: placeX(dot.x.value), y: placeY(dot.y.value), left, right, top, bottom }
  })
  const bars = placed.map((dot, i) =>
    svg(
      'g',
      {},
      line(dot.left, dot.y, dot.right, dot.y, seriesColour(i)),
      line(dot.x, dot.top, dot.x, dot.bottom, seriesColour(i)),
    ),
  )
  return markup(
    svg(
      'svg',
      {
        viewBox: `0 0 ${width} ${height}`,
        role: 'group',
        'aria-label': `${y} over ${x}`,
        'font-size': `${LETTER_SIZE}px`,
      },
      textElement(0, 12, y),
      textElement(plot.right, height - 6, x, { 'text-anchor': 'end' }),
      ...tickElements(
        axisTicks(scaleX, placeX, { side: 'below', from: plot.top, to: plot.bottom, numbers: plot.bottom + 11 }),
      ),
      ...tickElements(
        axisTicks(scaleY, placeY, { side: 'left', from: plot.left, to: plot.right, numbers: plot.left - 5 }),
      ),
      ...bars,
      ...placed.map((dot, i) => mark(i, dot.x, dot.y, RADIUS, tip(dots[i]?.words ?? dot.name))),
      ...labels(placed, plot),
    ),
  )
}

/** Writes each name at the nearest free place beside its dot. A thin line leads to a place that is farther away. */
function labels(dots: readonly PlacedDot[], plot: Box): readonly SvgElement[] {
  const taken = dots.map(({ x, y }) => around(x, y, 2 * RADIUS, 2 * RADIUS))
  const bars = dots.flatMap((dot) => [
    { ...dot, top: dot.y - 1, bottom: dot.y + 1 },
    { ...dot, left: dot.x - 1, right: dot.x + 1 },
  ])
  return dots.flatMap(({ name, x, y }) => {
    const words = shortened(name, LONGEST_NAME)
    const places = placesBeside(x, y, (labelWidth(words) * LETTER_SIZE) / PICTURE_LETTERS)
    const free = places.filter((box) => isInside(box, plot) && !taken.some((other) => overlap(box, other)))
    const box = free.find((one) => !bars.some((bar) => overlap(one, bar))) ?? free[0] ?? (places[0] as Box)
    taken.push(box)
    const [nearX, nearY] = [Math.min(box.right, Math.max(box.left, x)), Math.min(box.bottom, Math.max(box.top, y))]
    const leader = Math.hypot(nearX - x, nearY - y) > 3 * RADIUS ? [line(x, y, nearX, nearY, 'var(--strong)')] : []
    const text = { words, x: box.left, y: (box.top + box.bottom) / 2, align: 'left' } as const
    const { x: left, y: baseline, ...attributes } = labelAttributes(text, LETTER_SIZE)
    return [...leader, textElement(left, baseline, words, { ...attributes, class: 'name' })]
  })
}

/** Boxes for a name in the four corners between a dot's error bars, then above and below, at growing distances. */
function placesBeside(x: number, y: number, width: number): readonly Box[] {
  const across = width / 2 + 4
  return [...Array(32).keys()].flatMap((step) => {
    const away = LINE_HEIGHT / 2 + 2 + 6 * step
    return [across, -across, 0].flatMap((right) =>
      [-away, away].map((down) => around(x + right, y + down, width, LINE_HEIGHT)),
    )
  })
}

function around(x: number, y: number, width: number, height: number): Box {
  return { left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 }
}

function isInside(box: Box, other: Box): boolean {
  return box.left >= other.left && box.right <= other.right && box.top >= other.top && box.bottom <= other.bottom
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}
