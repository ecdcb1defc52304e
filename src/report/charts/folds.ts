import {
  assignFolds,
  FOLDS,
  type FoldScheme,
  TASKS,
  type Task,
  taskClasses,
} from '../../experiments/classifiers/folds.js'
import { axisTicks, LETTER_SIZE, tickElements } from '../../plot/axis.js'
import { escapeHtml } from '../../plot/html.js'
import { mark, seriesColour } from '../../plot/marks.js'
import { arranged } from '../../plot/savedFigure.js'
import { linearScale, type Scale } from '../../plot/scale.js'
import { coordinate, markup, type SvgElement, svg, textElement, tip } from '../../plot/svg.js'
import { mean } from '../../support/statistics.js'
import type { Chart } from './chart.js'
import { keys } from './dotPlot.js'

/** Schemes whose folds are bands, and what their folds hold out. */
export const BANDS = { ordered: 'rows', transposed: 'columns' } as const satisfies Partial<Record<FoldScheme, string>>
type BandScheme = keyof typeof BANDS

const QUESTIONS: Readonly<Record<Task, string>> = { 'top-bottom': 'Top or bottom?', 'left-right': 'Left or right?' }

/** Accuracies from 0 to 1 of classifiers on one feature, one for each fold. */
export interface FoldSeries {
  readonly name: string
  readonly accuracies: Readonly<Partial<Record<BandScheme, Readonly<Record<Task, readonly number[]>>>>>
}

export interface FoldChart {
  /** Name for screen readers. */
  readonly name: string
  /** The feature that contains only the position. */
  readonly position: FoldSeries
  readonly networks: readonly FoldSeries[]
  /** Mean accuracies that the paper reports for ordered folds. */
  readonly paper?: Readonly<Record<Task, readonly number[]>>
}

/** Sizes of a panel in pixels: the curves, the squares of held-out positions below, and the means at the right. */
const [LEFT, STEP, RIGHT, TOP, HEIGHT, SQUARE, BOTTOM] = [44, 46, 66, 24, 120, 34, 20]
const CURVES = STEP * FOLDS
const [PANEL_WIDTH, PANEL_HEIGHT] = [LEFT + CURVES + RIGHT, TOP + HEIGHT + 14 + SQUARE + BOTTOM]

/** Space between the panels of a file, in pixels. */
const GAP = 24

/** Sides of the grid whose held-out positions the squares show. On this grid, the folds are whole rows or columns. */
const SHAPE = { rows: 20, cols: 20 }

/**
 * Accuracies in each fold, in a panel for each task and scheme. The squares under a panel show the positions that each
 * fold holds out, and the border between the classes.
 */
export function foldChart({ name, position, networks, paper }: FoldChart): Chart {
  const all = [...networks, position]
  const schemes = (Object.keys(BANDS) as BandScheme[]).filter((scheme) => position.accuracies[scheme] !== undefined)
  const values = [...all.flatMap(valuesOf), ...Object.values(paper ?? {}).flat()]
  const scale = { ...linearScale(values, [0.6, 1]), format: (value: number) => `${Math.round(100 * value)} %` }
  const hasPaper = paper !== undefined && schemes.includes('ordered')
  const panels = [...TASKS].reverse().map((task) =>
    schemes.map((scheme) => {
      const title = `${QUESTIONS[task]} Folds hold out ${BANDS[scheme]}`
      const lines = all.flatMap((series, i) => {
        const accuracies = series.accuracies[scheme]?.[task] ?? []
        const style = series === position ? POSITION : networkStyle(i)
        const shift = (i - (all.length - 1) / 2) * Math.min(4, 24 / all.length)
        return accuracies.length === 0 ? [] : curve(series.name, accuracies, scale, style, shift)
      })
      const ofPaper = hasPaper && scheme === 'ordered' ? paper[task] : []
      const rings = ofPaper.map((value, i) => ring(value, i, scale))
      const words = wordsOf(position.accuracies[scheme]?.[task] ?? [], ofPaper)
      return panelOf(`${name}: ${title}`, [
        title,
        ...axes(scale),
        ...squares(task, scheme),
        ...words,
        ...lines,
        ...rings,
      ])
    }),
  )
  const legend = keys(
    [position.name, ...networks.map((network) => network.name), ...(hasPaper ? ['the paper’s results'] : [])],
    (i) => keyOf(i, networks.length),
    2 * PANEL_WIDTH + GAP,
  )
  const side = { width: PANEL_WIDTH, height: PANEL_HEIGHT }
  const rows = panels.map((row) =>
    arranged(
      'right',
      GAP,
      row.map((panel) => ({ elements: [panel], ...side })),
    ),
  )
  return {
    html: `<div class="panels folds" role="group" aria-label="${escapeHtml(name)}">\n${legend.html}\n${panels.flat().map(markup).join('\n')}</div>`,
    drawing: arranged('down', GAP, [legend.drawing, ...rows]),
  }
}

/** The mean of position only, and the range of the paper's results, between the curves and the squares. */
function wordsOf(position: readonly number[], paper: readonly number[]): readonly SvgElement[] {
  const percent = (value: number) => (100 * value).toFixed(1)
  const ends = [Math.min(...paper), Math.max(...paper)].map(percent).join('–')
  const line = (words: string, i: number, fill: string) =>
    textElement(LEFT + CURVES / 2, TOP + HEIGHT * 0.74 + 16 * i, words, { 'text-anchor': 'middle', fill })
  return [
    line(`position only: mean ${percent(mean(position))} %`, 0, 'var(--ink)'),
    ...(paper.length === 0 ? [] : [line(`the paper: ${ends} %`, 1, 'var(--fault)')]),
  ]
}

function valuesOf({ accuracies }: FoldSeries): readonly number[] {
  return Object.values(accuracies).flatMap((tasks) => TASKS.flatMap((task) => tasks[task]))
}

function panelOf(label: string, [title, ...content]: readonly [string, ...SvgElement[]]): SvgElement {
  const attributes = {
    viewBox: `0 0 ${PANEL_WIDTH} ${PANEL_HEIGHT}`,
    width: PANEL_WIDTH,
    height: PANEL_HEIGHT,
    role: 'group',
    'aria-label': label,
    'font-size': `${LETTER_SIZE}px`,
  }
  return svg('svg', attributes, textElement(0, LETTER_SIZE, title, { 'font-weight': 600 }), ...content)
}

/** Style of a series: the stroke of its line, and its mark. */
interface SeriesStyle {
  readonly stroke: SvgElement['attributes']
  readonly mark: (x: number, y: number) => SvgElement
}

const POSITION: SeriesStyle = {
  stroke: { stroke: 'var(--ink)', 'stroke-width': 3 },
  mark: (x, y) => svg('path', { d: `M${coordinate(x)} ${coordinate(y - 6)}l6 6-6 6-6-6z`, fill: 'var(--ink)' }),
}

function networkStyle(i: number): SeriesStyle {
  return { stroke: { stroke: seriesColour(i), 'stroke-width': 1.2 }, mark: (x, y) => mark(i, x, y, 3.6) }
}

/** The sign of an entry of the legend: position only, then the networks, then the paper. */
function keyOf(i: number, networks: number): SvgElement {
  if (i > networks) return svg('circle', { cx: 12, cy: 6, r: 3.6, ...RING })
  const style = i === 0 ? POSITION : networkStyle(i - 1)
  return svg('g', {}, svg('line', { x1: 0, x2: 24, y1: 6, y2: 6, ...style.stroke }), style.mark(12, 6))
}

const RING = { fill: 'none', stroke: 'var(--fault)', 'stroke-width': 1.4 }

const atFold = (fold: number) => LEFT + STEP * (fold + 0.5)
const atAccuracy = (scale: Scale, value: number) => TOP + (1 - scale.at(value)) * HEIGHT
/** Middle of the column of means. That of the paper's results is to its right. */
const MEANS = LEFT + CURVES + RIGHT / 3

/** @param shift pixels to the right, so that equal means of several series stay apart */
function curve(
  name: string,
  accuracies: readonly number[],
  scale: Scale,
  style: SeriesStyle,
  shift: number,
): readonly SvgElement[] {
  const places = accuracies.map((value, fold) => [atFold(fold), atAccuracy(scale, value)] as const)
  const points = places.map(([x, y]) => `${coordinate(x)},${coordinate(y)}`).join(' ')
  const words = `${name}: ${accuracies.map((value) => value.toFixed(3)).join(', ')}; mean ${mean(accuracies).toFixed(3)}`
  return [
    svg(
      'g',
      {},
      tip(words),
      svg('polyline', { points, fill: 'none', ...style.stroke }),
      ...places.map(([x, y]) => style.mark(x, y)),
      style.mark(MEANS + shift, atAccuracy(scale, mean(accuracies))),
    ),
  ]
}

function ring(value: number, i: number, scale: Scale): SvgElement {
  const x = MEANS + RIGHT / 3 + (i % 5) * 2.5
  return svg('circle', { cx: x, cy: atAccuracy(scale, value), r: 3, ...RING }, tip(`the paper: ${value}`))
}

function axes(scale: Scale): readonly SvgElement[] {
  const right = LEFT + CURVES
  const place = (value: number) => atAccuracy(scale, value)
  const label = (x: number, words: string) =>
    textElement(x, PANEL_HEIGHT - 4, words, { 'text-anchor': 'middle', fill: 'var(--soft)' })
  return [
    ...tickElements(axisTicks(scale, place, { side: 'left', from: LEFT, to: right + RIGHT, numbers: LEFT - 5 })),
    svg('line', { x1: right, x2: right, y1: TOP, y2: PANEL_HEIGHT, stroke: 'var(--line)' }),
    ...Array.from({ length: FOLDS }, (_, fold) => label(atFold(fold), `fold ${fold + 1}`)),
    label(MEANS, 'mean'),
  ]
}

/** One square for each fold: the positions that it holds out, and the border that the classifier has to find. */
function squares(task: Task, scheme: BandScheme): readonly SvgElement[] {
  const classes = taskClasses(task, SHAPE)
  const folds = assignFolds(scheme, classes, SHAPE, 0)
  const [y, unit] = [TOP + HEIGHT + 14, SQUARE / SHAPE.rows]
  const middle = SQUARE / 2
  return Array.from({ length: FOLDS }, (_, fold) => {
    const x = atFold(fold) - middle
    const isHeld = (line: number) => folds[scheme === 'ordered' ? line * SHAPE.cols : line] === fold
    const held = Array.from({ length: SHAPE.rows }, (_, line) => line).filter(isHeld)
    const bands = held.filter((line) => !held.includes(line - 1)).map((from) => bandFrom(from, held))
    const band = ([from, to]: readonly [number, number]) =>
      scheme === 'ordered'
        ? { x, y: y + from * unit, width: SQUARE, height: (to - from) * unit }
        : { x: x + from * unit, y, width: (to - from) * unit, height: SQUARE }
    const ends =
      task === 'top-bottom'
        ? [x - 3, y + middle, x + SQUARE + 3, y + middle]
        : [x + middle, y - 3, x + middle, y + SQUARE + 3]
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = ends
    return svg(
      'g',
      {},
      tip(`fold ${fold + 1}: held-out ${BANDS[scheme]} and the border to be found`),
      svg('rect', { x, y, width: SQUARE, height: SQUARE, fill: 'var(--tint)', stroke: 'var(--strong)' }),
      ...bands.map((lines) => svg('rect', { ...band(lines), fill: 'var(--held)' })),
      svg('line', { x1, y1, x2, y2, stroke: 'var(--ink)', 'stroke-width': 1.5, 'stroke-dasharray': '3 2' }),
    )
  })
}

/** The lines from `from` to before `to` that are held out without a gap. */
function bandFrom(from: number, held: readonly number[]): readonly [number, number] {
  let to = from + 1
  while (held.includes(to)) to++
  return [from, to]
}
