import { ANCHOR_NAMES } from '../../engine/positions.js'
import { FOLD_SCHEMES, TASKS } from '../../experiments/folds.js'
import { GRID_PERIODS } from '../../experiments/gridSpectrum.js'
import { AXES } from '../../experiments/mapMeasures.js'
import { COVERAGE_THRESHOLDS } from '../../results/metrics.js'
import { FEWEST_PAIRS, FEWEST_PATCHES, type MeasureSummary, type Summary } from '../../results/summary.js'
import { average } from '../average.js'
import { escapeHtml } from '../html.js'
import { linearScale, logScale, octaveScale } from '../plot/scale.js'
import type { ReportSection } from '../section.js'
import { baselineRow } from '../tables/model.js'
import { type Dot, dotPlot } from './dotPlot.js'
import { linePanels } from './linePanels.js'

/** What tells measured cells apart: a network's layer at one patch size. */
interface LayerKey {
  readonly model: string
  readonly layer: string
  readonly size: number
}

/** Charts of the measures of a study, each with how to read it; a measure that the study lacks has no section. */
export function chartSections(summary: Summary): readonly ReportSection[] {
  return [
    similarityAndBaseline(summary),
    coverageCurves(summary),
    jaggednessDots(summary),
    spectrumLines(summary),
    biasDots(summary),
    consistencyDots(summary),
    ...separabilityDots(summary),
  ].filter((section) => section !== undefined)
}

function similarityAndBaseline({ similarity, nullBaseline }: Summary): ReportSection | undefined {
  const baselineOf = (key: LayerKey, classes: string): Dot | undefined => {
    const cell = nullBaseline.find((one) => isAt(one, key) && one.classes === classes)
    return cell && { value: cell.mean, ...(cell.pairs >= FEWEST_PAIRS && { spread: cell.std }) }
  }
  const classes = (['different', 'same'] as const).filter((one) => nullBaseline.some((cell) => cell.classes === one))
  return bySize('null-baseline', 'Similarity against the null baseline', similarity, {
    note: 'Each row: the mean similarity of one object at two places (mean over anchors and patches), beside the similarity of different objects at the same place (± standard deviation over pairs). Where the marks lie close together, a high similarity says little: the features hardly tell objects apart either.',
    draw: (size, keys) => {
      const rows = keys.map((key) => {
        const own = similarity.filter((cell) => isAt(cell, key)).map(({ mean }) => mean)
        return { ...key, dots: [{ value: average(own) }, ...classes.map((one) => baselineOf(key, one))] }
      })
      return dotPlot({
        name: `Mean similarity and null baseline of each network and layer, patches of ${size} pixels`,
        axis: 'cosine similarity',
        scale: linearScale(valuesOf(rows).map(atMostOne), [1]),
        series: [
          'one object, two places',
          ...classes.map((one) => (one === 'different' ? 'objects of different classes' : 'objects of the same class')),
        ],
        rows,
      })
    },
  })
}

function coverageCurves({ measures }: Summary): ReportSection | undefined {
  const coverage = measures.filter(({ metric }) => metric === 'coverage')
  return bySize('coverage', 'Coverage', coverage, {
    note: 'How much of the frame counts as the same place: the share of positions (upwards) whose similarity to the anchor is at least the threshold (to the right), mean over anchors and patches. A network that is globally invariant has a line along the top; the farther left a line falls, the less invariant the layer.',
    draw: (size, keys) =>
      byNetwork(keys, {
        name: `Coverage by threshold, patches of ${size} pixels`,
        x: { title: 'similarity at least', scale: linearScale(COVERAGE_THRESHOLDS, [1]) },
        y: { title: 'share of positions', scale: linearScale([0, 1]) },
        lines: (key) => [
          {
            points: COVERAGE_THRESHOLDS.flatMap((threshold) => {
              const cells = coverage.filter((one) => isAt(one, key) && one.threshold === threshold)
              return cells.length === 0 ? [] : [[threshold, average(cells.map(({ mean }) => mean))] as const]
            }),
          },
        ],
      }),
  })
}

function jaggednessDots({ measures }: Summary): ReportSection | undefined {
  return axisDots('jaggedness', 'Local jaggedness', measures, {
    note: 'How much the similarity jumps when the object moves by one pixel: mean |difference| between neighbours, mean over anchors and patches. Farther left is smoother; compare a network with its anti-aliased version.',
    axis: 'mean |difference| of similarity per pixel',
    scale: logScale,
  })
}

function spectrumLines({ measures }: Summary): ReportSection | undefined {
  const spectrum = measures.filter(({ metric }) => metric === 'grid-spectrum')
  const periods = GRID_PERIODS.filter((period) => spectrum.some((one) => one.period === period))
  return bySize('grid-spectrum', 'Grid spectrum', spectrum, {
    note: 'How strongly the similarity rises and falls with a period of so many pixels: the mean square of that part of the maps, mean over anchors and patches; solid along rows, dashed along columns. A grid in the heatmaps is a high point at its period; a factor of ten down is the same grid at a third of the height. Towards long periods the map’s smooth slope counts too.',
    draw: (size, keys) =>
      byNetwork(keys, {
        name: `Power of the maps by period, patches of ${size} pixels`,
        x: { title: 'period in pixels', scale: octaveScale(periods) },
        y: { title: 'power (log)', scale: logScale(spectrum.map(({ mean }) => mean)) },
        lines: (key) =>
          AXES.map((axis) => ({
            isDashed: axis === 'vertical',
            points: periods.flatMap((period) => {
              const cells = spectrum.filter((one) => isAt(one, key) && one.axis === axis && one.period === period)
              return cells.length === 0 ? [] : [[period, average(cells.map(({ mean }) => mean))] as const]
            }),
          })),
      }),
  })
}

function biasDots({ measures }: Summary): ReportSection | undefined {
  const bias = measures.filter(({ metric }) => metric === 'direction-bias')
  const series = ['center anchor', 'corner anchors']
  return bySize('direction-bias', 'Direction bias', bias, {
    note: 'Horizontal less vertical similarity at equal distance from the anchor (± standard deviation over patches). To the right of the line, features stay more similar when the object moves sideways; to the left, when it moves up and down.',
    draw: (size, keys) => {
      const rows = keys.map((key) => {
        const own = bias.filter((one) => isAt(one, key))
        const dots = [own.filter(isCenter), own.filter((one) => !isCenter(one))].map(meanDot)
        return { ...key, dots }
      })
      const plot = dotPlot({
        name: `Direction bias of each network and layer, patches of ${size} pixels`,
        axis: 'horizontal less vertical similarity',
        scale: linearScale(valuesOf(rows), [0]),
        series,
        rows,
        reference: 0,
      })
      return `${unmeasuredAnchors(bias.filter((one) => one.size === size))}${plot}`
    },
  })
}

/** A note on anchors without a direction bias: a coarse stride may leave out their row or their column alone. */
function unmeasuredAnchors(bias: readonly MeasureSummary[]): string {
  const names = ANCHOR_NAMES.filter((name) => !bias.some(({ anchor }) => anchor === name))
  if (names.length === 0) return ''
  const where = names.join(', ').replace(/, ([^,]*)$/, ' and $1')
  return `<p class="note">Not measured at ${where}: at this stride no positions beside and above these anchors are equally far away. Stride 1 has every anchor’s row and column.</p>\n`
}

function consistencyDots({ measures }: Summary): ReportSection | undefined {
  const steps = [...new Set(measures.flatMap(({ metric, distance }) => (metric === 'consistency' ? [distance] : [])))]
  return axisDots('consistency', 'Consistency', measures, {
    note: `How often the strongest unit stays the same when the object moves by ${steps.join(' or ')} pixel${steps.join() === '1' ? '' : 's'} (± standard deviation over patches); in a layer of classes, how often the network’s answer does. Farther right is steadier.`,
    axis: 'share of neighbours with the same top-1',
    scale: (values) => linearScale(values.map(atMostOne), [1]),
  })
}

function separabilityDots({ separability, foldBaselines }: Summary): readonly ReportSection[] {
  const measured = [...separability, ...foldBaselines.map((cell) => ({ ...cell, ...baselineRow(cell) }))]
  const schemes = FOLD_SCHEMES.filter((cv) => separability.some((cell) => cell.cv === cv))
  const section = bySize('separability', 'Separability under each fold scheme', measured, {
    note: 'Accuracy of a linear classifier of the object’s half, one chart for each way to deal positions to folds. The last rows show what the folds alone do: the same classifiers on nothing but the position, or nothing but its phase in the network’s stride.',
    draw: (size, keys) =>
      schemes
        .map((cv) => {
          const rows = keys.map((key) => ({
            ...key,
            dots: TASKS.map((task) => {
              const cell = measured.find((one) => isAt(one, key) && one.cv === cv && one.task === task)
              return cell && { value: cell.accuracy }
            }),
          }))
          const chart = dotPlot({
            name: `Accuracy of left-right and top-bottom under ${cv} folds, patches of ${size} pixels`,
            axis: `accuracy, ${cv} folds`,
            scale: linearScale(
              measured.filter((one) => one.size === size).map(({ accuracy }) => accuracy),
              [0.85, 1],
            ),
            series: [...TASKS],
            rows,
          })
          return `<figure>${chart}</figure>`
        })
        .join('\n'),
  })
  return section === undefined ? [] : [section]
}

/** A dot plot of a measure that has a value along each axis. */
function axisDots(
  metric: string,
  title: string,
  measures: readonly MeasureSummary[],
  options: { note: string; axis: string; scale: (values: readonly number[]) => ReturnType<typeof linearScale> },
): ReportSection | undefined {
  const own = measures.filter((one) => one.metric === metric)
  return bySize(metric, title, own, {
    note: options.note,
    draw: (size, keys) => {
      const rows = keys.map((key) => ({
        ...key,
        dots: AXES.map((axis) => meanDot(own.filter((one) => isAt(one, key) && one.axis === axis))),
      }))
      return dotPlot({
        name: `${title} of each network and layer, patches of ${size} pixels`,
        axis: options.axis,
        scale: options.scale(valuesOf(rows)),
        series: [...AXES],
        rows,
      })
    },
  })
}

/** A section with a chart for each patch size, large first; undefined where nothing was measured. */
function bySize(
  id: string,
  title: string,
  measured: readonly LayerKey[],
  { note, draw }: { note: string; draw: (size: number, keys: readonly LayerKey[]) => string },
): ReportSection | undefined {
  if (measured.length === 0) return undefined
  const sizes = [...new Set(measured.map(({ size }) => size))].sort((a, b) => b - a)
  const charts = sizes.map((size) => `<h3>Patches of ${size}×${size}</h3>\n${draw(size, layerKeys(measured, size))}`)
  return { id: `chart-${id}`, title, html: `<p class="note">${escapeHtml(note)}</p>\n${charts.join('\n')}` }
}

/** A panel for each network, a colour for each layer. */
function byNetwork(
  keys: readonly LayerKey[],
  {
    lines,
    ...axes
  }: Pick<Parameters<typeof linePanels>[0], 'name' | 'x' | 'y'> & {
    lines: (key: LayerKey) => readonly { isDashed?: boolean; points: readonly (readonly [number, number])[] }[]
  },
): string {
  const series = [...new Set(keys.map(({ layer }) => layer))]
  const panels = [...new Set(keys.map(({ model }) => model))].map((model) => ({
    title: model,
    lines: keys
      .filter((key) => key.model === model)
      .flatMap((key) => lines(key).map((one) => ({ series: series.indexOf(key.layer), ...one }))),
  }))
  return linePanels({ ...axes, series, panels })
}

function layerKeys(measured: readonly LayerKey[], size: number): readonly LayerKey[] {
  const keys = new Map(
    measured
      .filter((one) => one.size === size)
      .map(({ model, layer }) => [JSON.stringify([model, layer]), { model, layer, size }]),
  )
  return [...keys.values()]
}

function isAt(one: LayerKey, { model, layer, size }: LayerKey): boolean {
  return one.model === model && one.layer === layer && one.size === size
}

/** Spreads of shares and cosines may point beyond what they can be. */
function atMostOne(value: number): number {
  return Math.min(1, value)
}

function isCenter({ anchor }: MeasureSummary): boolean {
  return anchor === 'center'
}

/** Means of the means and deviations of several variants of a measure; undefined where there are none. */
function meanDot(cells: readonly MeasureSummary[]): Dot | undefined {
  if (cells.length === 0) return undefined
  const hasSpread = cells.every(({ patches }) => patches >= FEWEST_PATCHES)
  const value = average(cells.map(({ mean }) => mean))
  return { value, ...(hasSpread && { spread: average(cells.map(({ std }) => std)) }) }
}

function valuesOf(rows: readonly { readonly dots: readonly (Dot | undefined)[] }[]): readonly number[] {
  return rows.flatMap(({ dots }) =>
    dots.flatMap((dot) => (dot === undefined ? [] : [dot.value - (dot.spread ?? 0), dot.value + (dot.spread ?? 0)])),
  )
}
