import { type AxisTick, axisTicks, type Label, LETTER_SIZE, labelAttributes, tickElements } from '../../plot/axis.js'
import type { Rectangle } from '../../plot/canvas.js'
import { escapeHtml } from '../../plot/html.js'
import { type FigureLayout, labelWidth } from '../../plot/layout.js'
import { PICTURE_LETTERS } from '../../plot/letters.js'
import { mark, seriesColour, shortened } from '../../plot/marks.js'
import { linearScale } from '../../plot/scale.js'
import { line, markup, type SvgElement, svg, textElement, tip } from '../../plot/svg.js'
import { CONFIDENCE } from '../../results/answers/measures.js'
import type { AnsweredNetwork } from '../../results/answers/read.js'
import type { ConsistencyMetric } from '../../results/answers/summary.js'
import { constantText } from '../../results/answers/variety.js'
import { halfWidthOf } from '../../support/statistics.js'
import { type MetricKey, sharedMetric } from './differences.js'
import { meanText, titleText } from './metricText.js'
import type { Ranking } from './ranking.js'

/** The consistency of networks over their accuracy, or over their confidence if fewer than two have labels. */
export interface Scatter {
  readonly dots: readonly Dot[]
  readonly across: ConsistencyMetric
  readonly up: ConsistencyMetric
}

/** A dot with its error bars: along each axis, the low end, the value and the high end. */
interface Dot {
  readonly name: string
  /** Text of the tooltip. */
  readonly words: string
  readonly x: Span
  readonly y: Span
}

type Span = readonly [number, number, number]

/** @returns undefined for fewer than two networks with both values */
export function scatterOf(networks: readonly AnsweredNetwork[], up: ConsistencyMetric): Scatter | undefined {
  const keys: readonly MetricKey[] = [
    { protocol: 'center', measure: 'accuracy' },
    { protocol: up.protocol, measure: CONFIDENCE },
  ]
  const scatters = keys.flatMap((key): readonly Scatter[] => {
    const [across] = networks.flatMap((network) => sharedMetric(network, key) ?? [])
    return across === undefined ? [] : [{ dots: dotsOf(networks, across, up), across, up }]
  })
  return scatters.find(({ dots }) => dots.length > 1)
}

function dotsOf(
  networks: readonly AnsweredNetwork[],
  across: ConsistencyMetric,
  up: ConsistencyMetric,
): readonly Dot[] {
  return networks.flatMap((network): readonly Dot[] => {
    const [x, y] = [sharedMetric(network, across), sharedMetric(network, up)]
    if (x === undefined || y === undefined || x.mean === null || y.mean === null) return []
    if (constantText(network, up.protocol) !== undefined) return []
    return [
      { name: network.model, words: `${network.model}: ${meanText(x)}, ${meanText(y)}`, x: spanOf(x), y: spanOf(y) },
    ]
  })
}

/** The interval of a share or a probability ends at 0 and 1, and shares are in percent. */
function spanOf({ unit, mean, standardError, count }: ConsistencyMetric): Span {
  const [value, half] = [mean ?? 0, halfWidthOf(standardError, count) ?? 0]
  const most = unit === 'error' ? Number.POSITIVE_INFINITY : 1
  const scale = unit === 'share' ? 100 : 1
  // An agreement relative to chance may be below 0.
  const [low, high] = [Math.min(value, Math.max(0, value - half)), Math.max(value, Math.min(most, value + half))]
  return [scale * low, scale * value, scale * high]
}

/** On narrow screens, CSS shows a second drawing whose letters are as large as in the first one. */
export function scatterHtml(scatter: Scatter, { networks, sets }: Ranking): string {
  const { protocol } = scatter.up
  const constant = networks.flatMap(({ model, ...network }) => {
    const text = constantText(network, protocol)
    return text === undefined ? [] : [`${model} is not drawn, because it ${text}.`]
  })
  const sentences = [
    `Each dot is one network. Lines are 95 % confidence intervals. The upright axis is the protocol ${protocol}.`,
    ...(sets.length > 1 ? ['Compare only networks of the same classes and frame.'] : []),
    ...constant,
  ]
  return `<p>${escapeHtml(sentences.join(' '))}</p>
<div class="scatter">${scatterSvg(scatter, WIDTH)}${scatterSvg(scatter, 350)}</div>`
}

const [WIDTH, HEIGHT] = [640, 400]
const [LEFT, TOP, BOTTOM, RIGHT] = [46, 30, 42, 12]
const RADIUS = 5
const LINE_HEIGHT = 15
const LONGEST_NAME = 24

/** Where everything is in a drawing of a scatter with letters of LETTER_SIZE, in pixels. */
interface Placed {
  readonly dots: readonly Dot[]
  readonly ticks: readonly AxisTick[]
  readonly titles: readonly Label[]
  readonly names: readonly Label[]
  /** Thin lines from dots to names that are farther away. */
  readonly leaders: readonly (readonly [number, number, number, number])[]
}

function placed({ dots, across, up }: Scatter, width: number): Placed {
  const plot = { x: LEFT, y: TOP, width: width - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM }
  const [right, bottom] = [plot.x + plot.width, plot.y + plot.height]
  const scaleX = linearScale(dots.flatMap(({ x }) => x))
  const scaleY = linearScale(dots.flatMap(({ y }) => y))
  const placeX = (value: number) => plot.x + scaleX.at(value) * plot.width
  const placeY = (value: number) => bottom - scaleY.at(value) * plot.height
  const own = dots.map((dot) => ({ ...dot, x: placedSpan(dot.x, placeX), y: placedSpan(dot.y, placeY) }))
  return {
    dots: own,
    ticks: [
      ...axisTicks(scaleX, placeX, { side: 'below', from: TOP, to: bottom, numbers: bottom + 11 }),
      ...axisTicks(scaleY, placeY, { side: 'left', from: LEFT, to: right, numbers: LEFT - 5 }),
    ],
    titles: [
      { words: axisTitle(up), x: 0, y: 8, align: 'left' },
      { words: axisTitle(across), x: right, y: HEIGHT - 10, align: 'right' },
    ],
    ...placedNames(own, plot),
  }
}

function axisTitle({ title, unit, better }: ConsistencyMetric): string {
  return titleText({ title: unit === 'share' ? `${title} (%)` : title, better })
}

function scatterSvg(scatter: Scatter, width: number): string {
  const { dots, ticks, titles, names, leaders } = placed(scatter, width)
  const text = (label: Label, attributes = {}) => {
    const { x, y, ...anchor } = labelAttributes(label, LETTER_SIZE)
    return textElement(x, y, label.words, { ...anchor, ...attributes })
  }
  const attributes = {
    viewBox: `0 0 ${width} ${HEIGHT}`,
    role: 'group',
    'aria-label': `${axisTitle(scatter.up)} over ${axisTitle(scatter.across)}`,
    'font-size': `${LETTER_SIZE}px`,
  }
  return markup(
    svg(
      'svg',
      attributes,
      ...titles.map((title) => text(title)),
      ...tickElements(ticks),
      ...dots.flatMap((dot, i) => dotElements(dot, i, seriesColour(i))),
      ...leaders.map((ends) => line(...ends, 'var(--strong)')),
      ...names.map((name) => text(name, { class: 'name' })),
    ),
  )
}

function dotElements({ words, x, y }: Dot, i: number, colour: string): readonly SvgElement[] {
  return [
    line(x[0], y[1], x[2], y[1], colour),
    line(x[1], y[0], x[1], y[2], colour),
    mark(i, x[1], y[1], RADIUS, tip(words)),
  ]
}

/** Greys that can be seen on light and on dark ground. */
const [DOT, FAINT] = ['#737a82', '#a4a9af']

/** Space around a figure, in pixels of the drawing. */
const MARGIN = 16

/** The scatter as a figure, in greys. Dots differ in shape, and each has its name. The axis names the protocol. */
export function scatterFigure({ up, ...rest }: Scatter): FigureLayout {
  const scatter = { ...rest, up: { ...up, title: `${up.protocol}: ${up.title}` } }
  const { dots, ticks, titles, names, leaders } = placed(scatter, WIDTH)
  const scale = PICTURE_LETTERS / LETTER_SIZE
  const shapes = [
    svg(
      'g',
      { 'stroke-width': 0.5 },
      ...ticks.map(({ line: { x1, y1, x2, y2 } }) => line(x1, y1, x2, y2, FAINT)),
      ...leaders.map((ends) => line(...ends, FAINT)),
    ),
    ...dots.flatMap((dot, i) =>
      dotElements(dot, i, DOT).map((one) =>
        'fill' in one.attributes ? { ...one, attributes: { ...one.attributes, fill: DOT } } : one,
      ),
    ),
  ]
  const labels = [...titles, ...ticks.map(({ label }) => label), ...names]
  return {
    width: scale * WIDTH + 2 * MARGIN,
    height: scale * HEIGHT + 2 * MARGIN,
    title: `${axisTitle(scatter.up)}, over: ${axisTitle(scatter.across)}`,
    maps: [],
    lines: [],
    shapes: [svg('g', { transform: `translate(${MARGIN} ${MARGIN}) scale(${scale})` }, ...shapes)],
    labels: labels.map((label) => ({ ...label, x: MARGIN + scale * label.x, y: MARGIN + scale * label.y })),
  }
}

function placedSpan([low, value, high]: Span, place: (value: number) => number): Span {
  return [place(low), place(value), place(high)]
}

/** Writes each name at the nearest free place beside its dot. */
function placedNames(dots: readonly Dot[], plot: Rectangle): Pick<Placed, 'names' | 'leaders'> {
  const taken = dots.map(({ x: [, x], y: [, y] }) => around(x, y, 2 * RADIUS, 2 * RADIUS))
  const names: Label[] = []
  const leaders: [number, number, number, number][] = []
  for (const {
    name,
    x: [, x],
    y: [, y],
  } of dots) {
    const words = shortened(name, LONGEST_NAME)
    const places = placesBeside(x, y, (labelWidth(words) * LETTER_SIZE) / PICTURE_LETTERS)
    const isFree = (box: Rectangle) => isInside(box, plot) && !taken.some((other) => overlap(box, other))
    const box = places.find(isFree) ?? places[0]!
    taken.push(box)
    const [nearX, nearY] = [within(x, box.x, box.width), within(y, box.y, box.height)]
    if (Math.hypot(nearX - x, nearY - y) > 3 * RADIUS) leaders.push([x, y, nearX, nearY])
    names.push({ words, x: box.x, y: box.y + LINE_HEIGHT / 2, align: 'left' })
  }
  return { names, leaders }
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
