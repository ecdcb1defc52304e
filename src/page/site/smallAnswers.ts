import type { PixelGrid } from '../../experiments/maps/grid.js'
import { agreementOf } from '../../experiments/maps/windowAnswers.js'
import { addTo } from '../../support/lists.js'
import { mean } from '../../support/statistics.js'
import { type CountedClass, positionsOfClasses, rankedClasses } from './classRanks.js'
import { encodeRegions, toBase64 } from './mapCoding.js'
import type { AnswerSummary, SiteClasses, SmallAnswers } from './siteIndex.js'

/** A class, and whether it is correct for the object; null if this is not known. */
interface AnsweredClass {
  readonly name: string
  readonly isRight: boolean | null
}

/** A unit's answers at all positions. */
export interface NumberedAnswers {
  readonly patch: string
  readonly grid: PixelGrid
  /** All classes that are answers at some position or anchor. */
  readonly classes: readonly AnsweredClass[]
  /** Index in `classes` of the answer at the center. */
  readonly own: number
  /** Index in `classes` of the class that a head, such as a detector's, looks for; undefined for other networks. */
  readonly wanted?: number | undefined
  /** Index in `classes` of the answer at each position; entries after the last position are ignored. */
  readonly numbers: ArrayLike<number>
  /** Probability of the answer at each position. */
  readonly probabilities: ArrayLike<number>
  /** Probability of the answer at the center. */
  readonly atCenter: number
}

/** Summarises a unit's answers for the page's overview and for its first sentence. */
export function answerSummary(answers: NumberedAnswers): AnswerSummary {
  const { grid, classes, own, probabilities, atCenter } = answers
  const positions = grid.rows * grid.cols
  const counts = countsOf(answers)
  const shares = classes.map((one, i) => ({ ...one, share: counts[i]! / positions }))
  const given = shares.filter(({ share }) => share > 0).toSorted((a, b) => b.share - a.share)
  const right = shares.filter(({ isRight }) => isRight === true)
  const isKnown = shares.some(({ isRight }) => isRight !== null)
  return {
    center: { ...classes[own]!, probability: atCenter },
    agreement: agreementOf(new Map(counts.entries())),
    frequent: given.slice(0, 2),
    probability: mean(Array.from(probabilities).slice(0, positions)),
    right: isKnown ? right.reduce((sum, { share }) => sum + share, 0) : null,
  }
}

function countsOf({ grid, classes, numbers }: NumberedAnswers): Uint32Array {
  return positionsOfClasses(Array.from(numbers).slice(0, grid.rows * grid.cols), classes.length)
}

/** A small map has at most this many rows and columns. */
const MOST_ROWS = 38

/** A map of a unit's answers for the overview, which leaves out positions if there are too many. */
export function smallAnswers({ grid: { rows, cols }, classes, numbers }: NumberedAnswers): SmallAnswers {
  const step = Math.ceil(Math.max(rows, cols) / MOST_ROWS)
  const [shownRows, shownCols] = [Math.ceil(rows / step), Math.ceil(cols / step)]
  const shown = Array.from({ length: shownRows * shownCols }, (_, i) => {
    const [row, col] = [Math.floor(i / shownCols) * step, (i % shownCols) * step]
    return numbers[row * cols + col]!
  })
  return {
    rows: shownRows,
    cols: shownCols,
    classes: classes.map(({ name }) => name),
    strongest: toBase64(encodeRegions(shown)),
  }
}

/** Numbers of classes that get a colour of their own: correct ones, and others. */
const MOST_RIGHT = 3
const MOST_OTHERS = 6

/**
 * Ranks the classes of each object by the number of positions, in all networks and sizes. The class that a head
 * looks for counts as right, so that its outlines and the positions where it is found have one colour.
 */
export function classRanking() {
  const objects = new Map<string, CountedClass[]>()
  return {
    add: (answers: NumberedAnswers): void => {
      const counts = countsOf(answers)
      for (const [i, { name, isRight }] of answers.classes.entries())
        addTo(objects, answers.patch, {
          name,
          isRight: isRight === true || i === answers.wanted,
          positions: counts[i]!,
        })
    },
    ranked: (): readonly SiteClasses[] =>
      [...objects]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([patch, classes]) => {
          const { right, others } = rankedClasses(classes)
          return { patch, right: right.slice(0, MOST_RIGHT), others: others.slice(0, MOST_OTHERS) }
        }),
  }
}
