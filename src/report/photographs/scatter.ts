import { axisTicks, LETTER_SIZE, labelAttributes, tickElements } from '../../plot/axis.js'
import type { Rectangle } from '../../plot/canvas.js'
import { escapeHtml } from '../../plot/html.js'
import { labelWidth } from '../../plot/layout.js'
import { PICTURE_LETTERS } from '../../plot/letters.js'
import { mark, seriesColour, shortened } from '../../plot/marks.js'
import { linearScale } from '../../plot/scale.js'
import { line, markup, type SvgElement, svg, textElement, tip } from '../../plot/svg.js'
import { halfWidthOf } from '../../support/statistics.js'
import { CONFIDENCE } from '../protocols.js'
import type { ConsistencyMeasure, ShownNetwork } from '../result.js'
import { type MeasureKey, measureOf } from './differences.js'
import { meanText, titleText } from './measureText.js'

/** A dot with its error bars: along each axis, the low end, the value and the high end. */
interface Dot {
  readonly name: string
  /** Text of the tooltip. */
  readonly words: string
  readonly x: Span
  readonly y: Span
}

type Span = readonly [number, number, number]

/**
 * Draws the consistency of networks over their accuracy, or without labels over their confidence. On narrow screens, CSS
 * shows a second drawing whose letters are as large as in the first one.
 */
export function scatterHtml(networks: readonly ShownNetwork[], measure: ConsistencyMeasure): string {
  const keys: readonly MeasureKey[] = [
    { protocol: 'center', measure: 'accuracy' },
    { protocol: measure.protocol, measure: CONFIDENCE },
  ]
  const [across] = keys.flatMap((key) => networks.flatMap((network) => measureOf(network, key) ?? []))
  if (across === undefined) return ''
  const dots = networks.flatMap((network): readonly Dot[] => {
    const [x, y] = [measureOf(network, across), measureOf(network, measure)]
    if (x === undefined || y === undefined || x.mean === null || y.mean === null) return []
    return [
      { name: network.model, words: `${network.model}: ${meanText(x)}, ${meanText(y)}`, x: spanOf(x), y: spanOf(y) },
    ]
  })
  const draw = (width: number) => scatterSvg(dots, { x: axisTitle(across), y: axisTitle(measure) }, width)
  return `<p>Each dot is one network. Lines are 95 % confidence intervals. The upright axis is the protocol ${escapeHtml(measure.protocol)}.</p>
<div class="scatter">${draw(640)}${draw(350)}</div>`
}

/** The interval of a share ends at 0 and 100 %. */
function spanOf({ unit, mean, standardError, count }: ConsistencyMeasure): Span {
  const [value, half] = [mean ?? 0, halfWidthOf(standardError, count) ?? 0]
  if (unit !== 'share') return [value - half, value, value + half]
  return [Math.max(0, 100 * (value - half)), 100 * value, Math.min(100, 100 * (value + half))]
}

function axisTitle({ title, unit, better }: ConsistencyMeasure): string {
  return titleText({ title: unit === 'share' ? `${title} (%)` : title, better })
}

const HEIGHT = 400
const [LEFT, TOP, BOTTOM, RIGHT] = [46, 30, 42, 12]

function scatterSvg(dots: readonly Dot[], titles: { readonly x: string; readonly y: string }, width: number): string {
  const plot = { x: LEFT, y: TOP, width: width - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM }
  const [right, bottom] = [plot.x + plot.width, plot.y + plot.height]
  const scaleX = linearScale(dots.flatMap(({ x }) => x))
  const scaleY = linearScale(dots.flatMap(({ y }) => y))
  const placeX = (value: number) => plot.x + scaleX.at(value) * plot.width
  const placeY = (value: number) => bottom - scaleY.at(value) * plot.height
  const placed = dots.map((dot) => ({ ...dot, x: placedSpan(dot.x, placeX), y: placedSpan(dot.y, placeY) }))
  const marks = placed.flatMap(({ words, x, y }, i) => [
    line(x[0], y[1], x[2], y[1], seriesColour(i)),
    line(x[1], y[0], x[1], y[2], seriesColour(i)),
    mark(i, x[1], y[1], RADIUS, tip(words)),
  ])
  const attributes = {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    role: 'group',
    'aria-label': `${titles.y} over ${titles.x}`,
    'font-size': `${LETTER_SIZE}px`,
  }
  const axes = [
    textElement(0, 12, titles.y),
    textElement(right, HEIGHT - 6, titles.x, { 'text-anchor': 'end' }),
    ...tickElements(axisTicks(scaleX, placeX, { side: 'below', from: TOP, to: bottom, numbers: bottom + 11 })),
    ...tickElements(axisTicks(scaleY, placeY, { side: 'left', from: LEFT, to: right, numbers: LEFT - 5 })),
  ]
  return markup(svg('svg', attributes, ...axes, ...marks, ...labels(placed, plot)))
}

function placedSpan([low, value, high]: Span, place: (value: number) => number): Span {
  return [place(low), place(value), place(high)]
}

const RADIUS = 5
const LINE_HEIGHT = 15
const LONGEST_NAME = 24

/** Writes each name at the nearest free place beside its dot. A thin line leads to a place that is farther away. */
function labels(dots: readonly Dot[], plot: Rectangle): readonly SvgElement[] {
  const taken = dots.map(({ x: [, x], y: [, y] }) => around(x, y, 2 * RADIUS, 2 * RADIUS))
  return dots.flatMap(({ name, x: [, x], y: [, y] }) => {
    const words = shortened(name, LONGEST_NAME)
    const places = placesBeside(x, y, (labelWidth(words) * LETTER_SIZE) / PICTURE_LETTERS)
    const isFree = (box: Rectangle) => isInside(box, plot) && !taken.some((other) => overlap(box, other))
    const box = places.find(isFree) ?? (places[0] as Rectangle)
    taken.push(box)
    const [nearX, nearY] = [within(x, box.x, box.width), within(y, box.y, box.height)]
    const leader = Math.hypot(nearX - x, nearY - y) > 3 * RADIUS ? [line(x, y, nearX, nearY, 'var(--strong)')] : []
    const label = { words, x: box.x, y: box.y + LINE_HEIGHT / 2, align: 'left' } as const
    const { x: left, y: baseline, ...attributes } = labelAttributes(label, LETTER_SIZE)
    return [...leader, textElement(left, baseline, words, { ...attributes, class: 'name' })]
  })
}

/** Boxes for a name in the four corners between a dot's error bars, then above and below, at growing distances. */
function placesBeside(x: number, y: number, width: number): readonly Rectangle[] {
  const across = width / 2 + RADIUS
  return [...Array(32).keys()].flatMap((step) => {
    const away = LINE_HEIGHT / 2 + 2 + 6 * step
    return [across, -across, 0].flatMap((right) =>
      [-away, away].map((down) => around(x + right, y + down, width, LINE_HEIGHT)),
    )
  })
}

function around(x: number, y: number, width: number, height: number): Rectangle {
  return { x: x - width / 2, y: y - height / 2, width, height }
}

function isInside(box: Rectangle, { x, y, width, height }: Rectangle): boolean {
  return box.x >= x && box.x + box.width <= x + width && box.y >= y && box.y + box.height <= y + height
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

function within(value: number, start: number, length: number): number {
  return Math.min(start + length, Math.max(start, value))
}
