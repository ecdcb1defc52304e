/**
 * Draws the picture of docs/draws.md from bench/results/draws.json:
 *
 *   npm run build && node docs/make_draws_picture.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { axisTicks, LETTER_SIZE, tickElements, uprightTitle } from '../dist/plot/axis.js'
import { mark, seriesColour } from '../dist/plot/marks.js'
import { linearScale, logScale } from '../dist/plot/scale.js'
import { coordinate, markup, svg, textElement, tip } from '../dist/plot/svg.js'

/** Colours of the page, which an SVG outside of it does not have. */
const STYLE = `svg{--ink:#1a1c1f;--soft:#5a6068;--line:#dcddd9;--ground:#fff;--series-1:#0b5fa5;--series-2:#b54a09}
@media (prefers-color-scheme:dark){svg{--ink:#e9ebed;--soft:#a9b0b7;--line:#3a3f44;--ground:#191c1f;--series-1:#6cb2ee;--series-2:#f0935a}}`
const [WIDTH, HEIGHT, LEFT, TOP, GAP, BOTTOM] = [300, 220, 56, 50, 76, 46]

const { results } = JSON.parse(readFileSync(new URL('../bench/results/draws.json', import.meta.url), 'utf8'))
const percent = (value) => 100 * value
const left = { x: LEFT, xScale: linearScale([0, 100]), yScale: linearScale([0, 100]) }
const draws = results.networks[0].draws.map((one) => one.draws)
const errors = results.networks.map((network) => network.draws.map(({ ofMean }) => percent(ofMean)))
const right = { x: LEFT + WIDTH + GAP, xScale: logScale(draws), yScale: linearScale(errors.flat(), [0]) }
const total = { width: right.x + WIDTH + 14, height: TOP + HEIGHT + BOTTOM }

const picture = svg(
  'svg',
  {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${total.width} ${total.height}`,
    ...total,
    role: 'img',
    'font-family': 'Helvetica, Arial, sans-serif',
    'font-size': `${LETTER_SIZE}px`,
  },
  tip('Left: estimates from draws against the exact chance. Right: standard errors of the mean for four networks.'),
  svg('style', {}, STYLE),
  svg('rect', { x: 0, y: 0, ...total, fill: 'var(--ground)' }),
  ...axes(left, `One photograph (${results.example.name})`, 'exact chance, %', 'same answer in the draws, %'),
  ...diagonal(),
  ...[1, 2].flatMap((at) =>
    results.example.photographs.map((chances) =>
      mark(at - 1, ...place(left, percent(chances[0]), percent(chances[at])), at === 1 ? 3.2 : 2.4),
    ),
  ),
  ...keys(left.x, ['5 draws', '100 draws']),
  ...axes(
    right,
    `Mean of ${results.networks[0].photographs} photographs`,
    'draws per photograph',
    'standard error, points',
  ),
  ...errors.flatMap((values) => curve(0, values)),
  ...results.networks.flatMap(({ exact }) => curve(1, constant(percent(exact.standardError)))),
  ...keys(right.x, ['of drawing', 'of the choice of photographs (exact)']),
)
writeFileSync(new URL('pictures/draws.svg', import.meta.url), `${markup(picture)}\n`)

function place({ x, xScale, yScale }, valueX, valueY) {
  return [x + xScale.at(valueX) * WIDTH, TOP + (1 - yScale.at(valueY)) * HEIGHT]
}

function axes({ x, xScale, yScale }, title, below, beside) {
  const bottom = TOP + HEIGHT
  const toX = (value) => x + xScale.at(value) * WIDTH
  const toY = (value) => TOP + (1 - yScale.at(value)) * HEIGHT
  return [
    textElement(x, 16, title, { 'font-weight': 600 }),
    textElement(x + WIDTH / 2, bottom + 34, below, { 'text-anchor': 'middle' }),
    uprightTitle(x - 40, TOP + HEIGHT / 2, beside),
    ...tickElements(axisTicks(xScale, toX, { side: 'below', from: TOP, to: bottom, numbers: bottom + 12 })),
    ...tickElements(axisTicks(yScale, toY, { side: 'left', from: x, to: x + WIDTH, numbers: x - 5 })),
  ]
}

function diagonal() {
  const [[x1, y1], [x2, y2]] = [place(left, 0, 0), place(left, 100, 100)]
  return [svg('line', { x1, y1, x2, y2, stroke: 'var(--soft)' })]
}

function curve(series, values) {
  const points = values.map((value, i) => place(right, draws[i], value))
  const text = points.map((point) => point.map(coordinate).join(',')).join(' ')
  return [
    svg('polyline', { points: text, fill: 'none', stroke: seriesColour(series) }),
    ...points.map(([x, y]) => mark(series, x, y, 2.4)),
  ]
}

function constant(value) {
  return draws.map(() => value)
}

function keys(x, names) {
  let at = x
  return names.flatMap((name, series) => {
    const key = [mark(series, at + 4, 34, 4), textElement(at + 12, 38, name, { 'font-size': '10.5px' })]
    at += 22 + 5.6 * name.length
    return key
  })
}
