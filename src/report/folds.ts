import type { SeparabilitySummary } from '../results/summary.js'
import { average } from './average.js'
import { escapeHtml } from './html.js'
import type { ReportSection } from './section.js'

/** What features that are nothing but the position give for top-bottom under ordered folds: 0.75, 1, 1, 1, 0.75. */
const POSITION_ALONE = '0.900 ± 0.122'

/** The explanation as a section of the page; none where the study has no ordered folds. */
export function foldsSection(separability: readonly SeparabilitySummary[]): readonly ReportSection[] {
  const explanation = explainFolds(separability)
  if (explanation === undefined) return []
  return [{ id: 'folds', title: 'What the folds do', html: `<p>${escapeHtml(explanation)}</p>` }]
}

/**
 * Why ordered folds make top and bottom look hard to separate, in sentences with the study's own numbers; undefined where
 * the study has no ordered folds.
 */
export function explainFolds(separability: readonly SeparabilitySummary[]): string | undefined {
  const mean = (task: string, cv: string) => {
    const cells = separability.filter((cell) => cell.task === task && cell.cv === cv)
    if (cells.length === 0) return undefined
    const std = average(cells.map((cell) => cell.std))
    return `${average(cells.map(({ accuracy }) => accuracy)).toFixed(3)} ± ${std.toFixed(3)}`
  }
  const ordered = mean('top-bottom', 'ordered')
  if (ordered === undefined) return undefined
  const sentences = [
    'Ordered folds, the paper’s, deal positions out row by row: a fold tests a band of whole rows of each class, and the first and the last fold leave out the rows next to the border between top and bottom on one side.',
    'The classifier then puts its border in the middle of the gap, and half of one class’s band is wrong, a quarter of the fold, however good the features are.',
    `Features that are nothing but the position give ${POSITION_ALONE} for top-bottom; over all networks, layers and sizes here it is ${ordered}, for left-right ${mean('left-right', 'ordered')}.`,
  ]
  const transposed = mean('left-right', 'transposed')
  if (transposed !== undefined) {
    sentences.push(
      `Dealt out column by column (transposed), the two tasks change places: left-right ${transposed}, top-bottom ${mean('top-bottom', 'transposed')}.`,
    )
  }
  const shuffled = mean('top-bottom', 'shuffled')
  if (shuffled !== undefined) {
    sentences.push(
      `Shuffled, without bands: top-bottom ${shuffled}, left-right ${mean('left-right', 'shuffled')}; but then a tested position has its neighbours in training.`,
    )
  }
  if (foldsAloneDiffer(separability))
    sentences.push('So “top-bottom is less separable” is what the folds do, not what the features do.')
  return sentences.join(' ')
}

/** How far top-bottom may stay behind left-right before the features themselves are said to differ. */
const EQUALLY_SEPARABLE = 0.02

/** Whether, under folds that treat both axes alike, top-bottom is as separable as left-right in every cell. */
function foldsAloneDiffer(separability: readonly SeparabilitySummary[]): boolean {
  const shuffled = separability.filter(({ cv }) => cv === 'shuffled')
  const accuracyOf = (wanted: string, { model, layer, size }: SeparabilitySummary) =>
    shuffled.find((cell) => cell.task === wanted && cell.model === model && cell.layer === layer && cell.size === size)
      ?.accuracy
  const leftRight = shuffled.filter(({ task }) => task === 'left-right')
  return (
    leftRight.length > 0 &&
    leftRight.every((cell) => (accuracyOf('top-bottom', cell) ?? 0) >= cell.accuracy - EQUALLY_SEPARABLE)
  )
}
