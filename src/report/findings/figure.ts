import { BAND_SCHEMES, FOLDS, TASKS } from '../../experiments/classifiers/folds.js'
import { CLAIM_COLOURS } from '../../page/html/style.js'
import { sectionOf } from '../../page/text/viewLink.js'
import { comparedSizes, sizeText } from '../../patches/sizes.js'
import { linearScale, logScale } from '../../plot/scale.js'
import { combined, FEWEST_PATCHES, type Row } from '../../results/measures/rows.js'
import { isSameVariant, type Variant } from '../../results/measures/variant.js'
import { distinct } from '../../support/lists.js'
import { type Chart, chartFigure } from '../charts/chart.js'
import { type Dot, dotPlot } from '../charts/dotPlot.js'
import { linePanels, type PanelLine } from '../charts/linePanels.js'
import { judgedEvidence } from './answer.js'
import type { Claim, NumberKind } from './claims.js'
import type { Evidence } from './evidence.js'
import type { ClaimFinding } from './finding.js'

export function claimFigure(
  claim: Claim,
  findings: readonly ClaimFinding[],
  rows: readonly Row[],
  source: string,
): ReturnType<typeof chartFigure> | undefined {
  const { question } = claim.words
  const { border, numbers } = claim.evidence
  const { caption, showsFolds, axis, within = [], most } = claim.figure
  const figure = { name: sectionOf(claim.id), title: question, source, colours: CLAIM_COLOURS }
  if (showsFolds) {
    const panels = foldPanels(question, rows)
    return panels && chartFigure({ ...figure, caption: `${caption} ${panels.about}`, chart: panels.chart })
  }
  const judged = findings.flatMap(judgedEvidence)
  const [first] = judged
  if (first === undefined) return undefined
  const compared = comparedSizes(judged)
  const sizes = distinct(judged.map(compared)).toSorted((a, b) => b - a)
  const lines = findings.flatMap(({ model, evidence }) =>
    distinct(evidence.map(({ layer }) => layer)).map((layer) => ({
      model,
      layer,
      dots: sizes.map((size) => {
        const one = evidence.find((of) => of.layer === layer && compared(of) === size && of.lean !== null)
        return one && dotOf(one, numbers, most)
      }),
    })),
  )
  const chart = dotPlot({
    name: question,
    axis: axis ?? `${first.quantity}${numbers.unit.replace(' ', ', ')}`,
    scaleOf: (values) =>
      numbers.isLog ? { ...logScale([...values, ...within]), format: String } : linearScale(values, within),
    series: sizes.map((size) => sizeText(judged.filter((one) => compared(one) === size))),
    rows: lines,
    reference: numbers.value(border.at),
  })
  return chartFigure({
    ...figure,
    caption: `${caption} ${BARS}${claim.scope.pairs === undefined ? '' : ` ${BARS_OF_PAIRS}`}`,
    chart,
  })
}

const BARS = 'Bars are 95 % confidence intervals; a bar across the line is open.'
const BARS_OF_PAIRS = 'With several layers and sizes, a bar near the line may be open, too.'

function dotOf(
  { mean, halfWidth, patches }: Evidence,
  { value, text, unit }: NumberKind,
  most = Number.POSITIVE_INFINITY,
): Dot {
  const number = text(value(mean))
  if (patches < FEWEST_PATCHES || halfWidth === null) return { value: value(mean), words: `${number}${unit}` }
  const bar = [-1, 1].map((side) => Math.min(most, value(mean + side * halfWidth))) as [number, number]
  return { value: value(mean), bar, words: `${number}${unit} (${bar.map(text).join(' to ')})` }
}

/**
 * Charts of the accuracy on each fold, for the largest objects. There is a line for each network and layer. For
 * comparison, dashed lines show features that contain only the position.
 */
function foldPanels(name: string, all: readonly Row[]): { chart: Chart; about: string } | undefined {
  const ofFolds = all.filter(({ metric }) => metric === 'fold-accuracy')
  const compared = comparedSizes(ofFolds)
  const size = Math.max(...ofFolds.filter(({ count }) => count > 0).map(compared))
  const rows = ofFolds.filter((row) => compared(row) === size && row.model !== 'phase only')
  const panels = BAND_SCHEMES.flatMap((scheme) => {
    const lines = distinct(rows.map(({ model, layer, count }) => ({ model, layer, isMadeUp: count === 0 })))
      .toSorted((a, b) => Number(a.isMadeUp) - Number(b.isMadeUp))
      .flatMap((of) => TASKS.flatMap((task, series) => foldLine(rows, of, { task, scheme }, series)))
    return lines.length === 0 ? [] : [{ title: `${scheme} folds`, lines }]
  })
  if (panels.length === 0) return undefined
  const numbers = Array.from({ length: FOLDS }, (_, i) => i + 1)
  const accuracies = panels.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map(([, value]) => value)))
  const x = { title: 'fold', scale: { ...linearScale([1, FOLDS]), ticks: numbers } }
  const chart = linePanels({
    name,
    x,
    y: { title: 'accuracy', scale: linearScale(accuracies, [1]) },
    series: [...TASKS, 'position only'],
    panels,
  })
  return { chart, about: `The objects have ${sizeText(rows)}; each line is a network and layer.` }
}

function foldLine(
  rows: readonly Row[],
  { model, layer, isMadeUp }: Pick<Row, 'model' | 'layer'> & { isMadeUp: boolean },
  variant: Pick<Variant, 'task' | 'scheme'>,
  series: number,
): readonly PanelLine[] {
  const points = Array.from({ length: FOLDS }, (_, i) => {
    const row = combined(
      rows.filter(
        (one) => one.model === model && one.layer === layer && isSameVariant(one.variant, { ...variant, fold: i + 1 }),
      ),
    )
    return row === undefined ? [] : [[i + 1, row.mean] as const]
  }).flat()
  if (points.length === 0) return []
  const words = `${model} ${layer}, ${variant.task}: ${points.map(([, value]) => value.toFixed(2)).join(' ')}`
  return [{ series: isMadeUp ? TASKS.length : series, isDashed: isMadeUp, points, words }]
}
