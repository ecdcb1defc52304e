import type { DotChart, LineChart } from '../../results/chartKinds.js'
import { MEASURES } from '../../results/measures.js'
import { combined, type Row } from '../../results/rows.js'
import { escapeHtml } from '../html.js'
import { linearScale, logScale, octaveScale } from '../plot/scale.js'
import type { ReportSection } from '../section.js'
import { type Dot, dotPlot } from './dotPlot.js'
import { linePanels } from './linePanels.js'

/**
 * Charts of the measures of a study that no claim shows, each with how to read it.
 * @param shown metrics whose charts stand elsewhere
 */
export function otherCharts(rows: readonly Row[], shown: ReadonlySet<string>): ReportSection {
  const charts = MEASURES.flatMap(({ name, chart }) => {
    const html = shown.has(name) ? undefined : chartHtml(name, rows)
    return html === undefined ? [] : [`<h3>${escapeHtml(chart?.title ?? '')}</h3>\n${html}`]
  })
  return { id: 'measures', title: 'Other measures', html: charts.join('\n') }
}

/**
 * The chart of a measure with how to read it.
 * @param size of the patches; charts of all sizes, large ones first, if absent
 * @returns undefined where it was not measured
 */
export function chartHtml(metric: string, rows: readonly Row[], size?: number): string | undefined {
  const { chart } = MEASURES.find(({ name }) => name === metric) ?? {}
  const own = rows.filter((row) => row.metric === metric && row.size === (size ?? row.size))
  if (chart === undefined || own.length === 0) return undefined
  const sizes = [...new Set(own.map((row) => row.size))].sort((a, b) => b - a)
  const drawn = sizes.map((one) => {
    const ofSize = own.filter((row) => row.size === one)
    const name = `${chart.title} of each network and layer, patches of ${one} pixels`
    const svg = chart.kind === 'dots' ? dotsOf(name, chart, ofSize, rows) : linesOf(name, chart, ofSize)
    return `<p class="soft">Patches of ${one}×${one}</p>\n${svg}`
  })
  const note = typeof chart.note === 'string' ? chart.note : chart.note(own)
  return `<div class="measure"><p class="note">${escapeHtml(note)}</p>\n<div>${drawn.join('\n')}</div></div>`
}

/** @param own rows of the measure for one patch size; a series may have rows of other measures, too */
function dotsOf(name: string, chart: DotChart, own: readonly Row[], all: readonly Row[]): string {
  const words = (chart.split ?? []).filter((word) => own.some((row) => hasWord(row, word)))
  if (words.length === 0) return dotChart(name, chart, own, all)
  return words
    .map((word) => {
      const part = { ...chart, axis: `${chart.axis}, ${word}` }
      const ofWord = (rows: readonly Row[]) => rows.filter((row) => hasWord(row, word))
      return `<figure>${dotChart(`${name}, ${word}`, part, ofWord(own), ofWord(all))}</figure>`
    })
    .join('\n')
}

function dotChart(name: string, chart: DotChart, own: readonly Row[], all: readonly Row[]): string {
  const { axis, reference, within = [], most = Number.POSITIVE_INFINITY } = chart
  const size = own[0]?.size
  const series = chart.series.filter(({ has }) => all.some((row) => row.size === size && has(row)))
  const lines = placesOf(own).map((place) => ({
    ...place,
    dots: series.map(({ has, spreadFrom = Number.POSITIVE_INFINITY }): Dot | undefined => {
      const row = combined(all.filter((one) => isAt(one, place) && has(one)))
      return row && { value: row.mean, ...(row.count >= spreadFrom && { spread: row.std }) }
    }),
  }))
  const ends = lines.flatMap(({ dots }) =>
    dots.flatMap((dot) =>
      dot === undefined ? [] : [dot.value - (dot.spread ?? 0), Math.min(most, dot.value + (dot.spread ?? 0))],
    ),
  )
  const scale = chart.scale === 'log' ? logScale(ends) : linearScale(ends, within)
  const names = series.map((one) => one.name)
  return dotPlot({ name, axis, scale, series: names, rows: lines, ...(reference !== undefined && { reference }) })
}

/** A panel for each network, a colour for each layer. */
function linesOf(name: string, { x, y, lines = [''] }: LineChart, own: readonly Row[]): string {
  const places = placesOf(own)
  const values = [...new Set(own.map(({ variant }) => x.of(variant)))].sort((a, b) => a - b)
  const series = [...new Set(places.map(({ layer }) => layer))]
  const linesAt = (place: Place) =>
    lines.map((word, i) => ({
      series: series.indexOf(place.layer),
      isDashed: i > 0,
      points: values.flatMap((value) => {
        const row = combined(
          own.filter((one) => isAt(one, place) && x.of(one.variant) === value && (word === '' || hasWord(one, word))),
        )
        return row === undefined ? [] : [[value, row.mean] as const]
      }),
    }))
  return linePanels({
    name,
    x: { title: x.title, scale: x.isOctaves ? octaveScale(values) : linearScale(values, [1]) },
    y: { title: y.title, scale: y.scale === 'log' ? logScale(own.map(({ mean }) => mean)) : linearScale([0, 1]) },
    series,
    panels: [...new Set(places.map(({ model }) => model))].map((model) => ({
      title: model,
      lines: places.filter((place) => place.model === model).flatMap(linesAt),
    })),
  })
}

/** A network's layer at one patch size. */
type Place = Pick<Row, 'model' | 'layer' | 'size'>

function placesOf(rows: readonly Row[]): readonly Place[] {
  const places = rows.map(({ model, layer, size }) => ({ model, layer, size }))
  return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()]
}

function isAt(row: Row, { model, layer, size }: Place): boolean {
  return row.model === model && row.layer === layer && row.size === size
}

function hasWord({ variant }: Row, word: string): boolean {
  return variant.split(' ').includes(word)
}
