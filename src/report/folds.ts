import type { SeparabilitySummary } from '../results/summary.js'

/** What features that are nothing but the position give for top-bottom under ordered folds: 0.75, 1, 1, 1, 0.75. */
const POSITION_ALONE = '0.900 ± 0.122'

/**
 * Why ordered folds make top and bottom look hard to separate, in sentences with the study's own numbers; undefined where
 * the study has no ordered folds.
 */
export function explainFolds(separability: readonly SeparabilitySummary[]): string | undefined {
  const mean = (task: string, cv: string) => {
    const cells = separability.filter((cell) => cell.task === task && cell.cv === cv)
    const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
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
      `Shuffled, both are easy: top-bottom ${shuffled}, left-right ${mean('left-right', 'shuffled')}; but then a tested position has its neighbours in training.`,
    )
  }
  sentences.push('So “top-bottom is less separable” is what the folds do, not what the features do.')
  return sentences.join(' ')
}
