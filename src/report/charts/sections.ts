import type { DotChart, LineChart, MeasureChart } from '../../results/chartKinds.js'
import { MEASURES } from '../../results/measures.js'
import { combined, type Row } from '../../results/rows.js'
import { escapeHtml } from '../html.js'
import { linearScale, logScale, octaveScale } from '../plot/scale.js'
import type { ReportSection } from '../section.js'
import { type Dot, dotPlot } from './dotPlot.js'
import { linePanels } from './linePanels.js'

/** Charts of the measures of a study, each with how to read it; a measure that the study lacks has no section. */
export function chartSections(rows: readonly Row[]): readonly ReportSection[] {
  return MEASURES.flatMap(({ name, chart }) => {
    const own = rows.filter(({ metric }) => metric === name)
    return chart === undefined || own.length === 0 ? [] : [sectionOf(name, chart, own, rows)]
  })
}

function sectionOf(metric: string, chart: MeasureChart, own: readonly Row[], all: readonly Row[]): ReportSection {
  const sizes = [...new Set(own.map(({ size }) => size))].sort((a, b) => b - a)
  const parts = sizes.map((size) => {
    const ofSize = own.filter((row) => row.size === size)
    const name = `${chart.title} of each network and layer, patches of ${size} pixels`
    const drawn = chart.kind === 'dots' ? dotsOf(name, chart, ofSize, all) : linesOf(name, chart, ofSize)
    return `<h3>Patches of ${size}×${size}</h3>\n${drawn}`
  })
  const note = typeof chart.note === 'string' ? chart.note : chart.note(own)
  const html = `<p class="note">${escapeHtml(note)}</p>\n${parts.join('\n')}`
  return { id: `chart-${metric}`, title: chart.title, html }
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
