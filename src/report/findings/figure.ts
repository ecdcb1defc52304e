import { BAND_SCHEMES, FOLDS, TASKS } from '../../experiments/classifiers/folds.js'
import { CLAIM_COLOURS } from '../../page/html/style.js'
import { sectionOf } from '../../page/text/viewLink.js'
import { comparedSizes, sizeText } from '../../patches/sizes.js'
import { linearScale, logScale } from '../../plot/scale.js'
import { combined, FEWEST_PATCHES, type Row } from '../../results/measures/rows.js'
import { isSameVariant } from '../../results/measures/variant.js'
import { distinct } from '../../support/lists.js'
import { type Chart, chartFigure } from '../charts/chart.js'
import { type Dot, dotPlot } from '../charts/dotPlot.js'
import { type FoldSeries, foldChart } from '../charts/folds.js'
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
    const panels = foldsOf(question, rows)
    // Colours tell networks apart here, and answers nowhere.
    return panels && chartFigure({ ...figure, colours: {}, caption: `${caption} ${panels.about}`, chart: panels.chart })
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
 * A chart of the accuracy in each fold, for the last layer of each network and the largest objects, beside features that
 * contain only the position.
 */
function foldsOf(name: string, all: readonly Row[]): { chart: Chart; about: string } | undefined {
  const ofFolds = all.filter(({ metric }) => metric === 'fold-accuracy')
  const compared = comparedSizes(ofFolds)
  const size = Math.max(...ofFolds.filter(({ count }) => count > 0).map(compared))
  const rows = ofFolds.filter((row) => compared(row) === size)
  const position = foldSeries(
    'position only (no network)',
    rows.filter(({ model }) => model === 'position only'),
  )
  const measured = rows.filter(({ count }) => count > 0)
  const networks = distinct(measured.map(({ model }) => model)).map((model) => {
    const own = measured.filter((row) => row.model === model)
    const { layer } = own.at(-1)!
    return foldSeries(
      `${model} ${layer}`,
      own.filter((row) => row.layer === layer),
    )
  })
  if (Object.keys(position.accuracies).length === 0) return undefined
  const chart = foldChart({ name, position, networks })
  return { chart, about: `The objects have ${sizeText(rows)}; each network is shown with its last layer.` }
}

function foldSeries(name: string, rows: readonly Row[]): FoldSeries {
  const schemes = BAND_SCHEMES.map((scheme) => {
    const tasks = TASKS.map((task) => {
      const accuracies = Array.from({ length: FOLDS }, (_, i) =>
        combined(rows.filter(({ variant }) => isSameVariant(variant, { task, scheme, fold: i + 1 }))),
      )
      return [task, accuracies.flatMap((row) => row?.mean ?? [])] as const
    })
    return [scheme, Object.fromEntries(tasks)] as const
  })
  const complete = schemes.filter(([, tasks]) => TASKS.every((task) => tasks[task]?.length === FOLDS))
  return { name, accuracies: Object.fromEntries(complete) }
}
