import type { ReportSection } from '../../page/html/section.js'
import { comparedSizes, sizeText, squareText } from '../../patches/sizes.js'
import { escapeHtml } from '../../plot/html.js'
import { arranged, paragraph } from '../../plot/savedFigure.js'
import { linearScale, logScale, octaveScale } from '../../plot/scale.js'
import type { DotChart, LineChart, MetricChart } from '../../results/measures/chartKinds.js'
import { MEASURES } from '../../results/measures/measures.js'
import { combined, type LayerAtSize, type Row } from '../../results/measures/rows.js'
import { hasPart } from '../../results/measures/variant.js'
import { distinct } from '../../support/lists.js'
import { type Chart, chartFigure } from './chart.js'
import { type Dot, dotPlot } from './dotPlot.js'
import { linePanels } from './linePanels.js'

/**
 * A section with the charts of all measures that have a chart. Each chart is drawn for every patch size.
 * @param source sizes and positions of the study, for the charts' files
 */
export function chartsSection(rows: readonly Row[], source: string): ReportSection {
  const figures = MEASURES.flatMap(({ name, chart }) => {
    const own = rows.filter((row) => row.metric === name)
    if (chart === undefined || own.length === 0) return []
    const { title, note } = chart
    const caption = typeof note === 'string' ? note : note(own)
    const figure = { name: `chart-${name}`, title, caption, source, chart: chartOf(chart, own, rows) }
    const { html, charts } = chartFigure(figure)
    return { html: `<h3>${escapeHtml(title)}</h3>\n${html}`, charts }
  })
  const html = figures.map((figure) => figure.html).join('\n')
  const charts = figures.flatMap((figure) => figure.charts)
  return { id: 'measures', title: 'Charts of other measures', html, charts }
}

/**
 * @param own rows of the chart's measure
 * @param all rows of every measure, because a series may show a different measure
 */
function chartOf(chart: MetricChart, own: readonly Row[], all: readonly Row[]): Chart {
  const compared = comparedSizes(own)
  const sizes = distinct(own.map(compared)).toSorted((a, b) => b - a)
  const drawn = sizes.map((size) => {
    const isOf = (row: Row) => compared(row) === size
    const ofSize = own.filter(isOf)
    const name = `${chart.title}, each network and layer, objects of ${sizeText(ofSize).replace('px', 'pixels')}`
    const picture = chart.kind === 'dots' ? dotsOf(name, chart, ofSize, all.filter(isOf)) : linesOf(name, chart, ofSize)
    const words = `Objects of ${squareText(ofSize)}`
    return {
      html: `<p class="soft">${words}</p>\n${picture.html}`,
      drawing: arranged('down', 8, [paragraph(words, picture.drawing.width), picture.drawing]),
    }
  })
  return {
    html: drawn.map(({ html }) => html).join('\n'),
    drawing: arranged(
      'down',
      16,
      drawn.map(({ drawing }) => drawing),
    ),
  }
}

function dotsOf(name: string, chart: DotChart, own: readonly Row[], all: readonly Row[]): Chart {
  const { axis, within = [], most = Number.POSITIVE_INFINITY } = chart
  const series = chart.series.filter(({ has }) => all.some(has))
  const lines = placesOf(own).map((place) => ({
    ...place,
    dots: series.map(({ has, spreadFrom = Number.POSITIVE_INFINITY }): Dot | undefined => {
      const row = combined(all.filter((one) => isAt(one, place) && has(one)))
      if (row === undefined) return undefined
      const { mean: value, std, count } = row
      const words = value.toPrecision(3)
      return count < spreadFrom
        ? { value, words }
        : { value, words: `${words} ± ${std.toPrecision(2)}`, bar: [value - std, Math.min(most, value + std)] }
    }),
  }))
  const scaleOf = (values: readonly number[]) =>
    chart.scale === 'log' ? logScale(values) : linearScale(values, within)
  return dotPlot({ name, axis, scaleOf, series: series.map((one) => one.name), rows: lines })
}

function linesOf(name: string, { x, y, lines = [{}] }: LineChart, own: readonly Row[]): Chart {
  const places = placesOf(own)
  const values = [...new Set(own.flatMap(({ variant }) => x.of(variant) ?? []))].sort((a, b) => a - b)
  const series = [...new Set(places.map(({ layer }) => layer))]
  const linesAt = (place: LayerAtSize) =>
    lines.map((part, i) => ({
      series: series.indexOf(place.layer),
      isDashed: i > 0,
      points: values.flatMap((value) => {
        const row = combined(
          own.filter((one) => isAt(one, place) && x.of(one.variant) === value && hasPart(one.variant, part)),
        )
        return row === undefined ? [] : [[value, row.mean] as const]
      }),
    }))
  const means = own.map(({ mean }) => mean)
  return linePanels({
    name,
    x: { title: x.title, scale: x.isOctaves ? octaveScale(values) : linearScale(values, [1]) },
    y: {
      title: y.title,
      scale: y.scale === 'log' ? logScale(means) : linearScale(y.scale === 'share' ? [0, 1] : means),
    },
    series,
    panels: [...new Set(places.map(({ model }) => model))].map((model) => ({
      title: model,
      lines: places.filter((place) => place.model === model).flatMap(linesAt),
    })),
  })
}

function placesOf(rows: readonly Row[]): readonly LayerAtSize[] {
  return distinct(rows.map(({ model, layer, size }) => ({ model, layer, size })))
}

function isAt(row: Row, { model, layer, size }: LayerAtSize): boolean {
  return row.model === model && row.layer === layer && row.size === size
}
