import { InputError, UsageError } from '../../errors.js'
import { randomNumbers } from '../../support/randomNumbers.js'
import { counted } from '../../support/text.js'
import type { GridShape } from '../maps/grid.js'

/**
 * The two tasks that measure separability (paper section 2.2): whether the object is in the left or right half of the
 * grid, and whether it is in the top or bottom half.
 */
export const TASKS = ['left-right', 'top-bottom'] as const
export type Task = (typeof TASKS)[number]

interface FoldRule {
  readonly title: string
  /** What each fold tests, in the plural. */
  readonly positions: string
  /** The folds are bands of whole rows, or of whole columns. */
  readonly areBands?: true
  /** No verdict follows, because a classifier can copy the class of training positions beside each test position. */
  readonly decidesNothing?: true
  /** @param random returns numbers from 0 to below 1 */
  readonly assign: (classes: Uint8Array, shape: GridShape, random: () => number) => Uint8Array
}

/** Below, a sample is the feature at one position. */
const RULES = {
  // scikit-learn's StratifiedKFold(5) without shuffling, on samples in row-major order. To find the sizes of the folds,
  // the classes of all samples are sorted into a list. Its entries k, k + 5, k + 10, … tell how many samples of each
  // class fold k gets. Each class's samples then fill the folds in order, so a fold tests a contiguous run of each class.
  ordered: {
    title: 'ordered folds',
    positions: 'bands of rows',
    areBands: true,
    assign: (classes) => stratify(byClass(classes)),
  },
  // As `ordered`, but each class's samples are shuffled before they fill the folds. The shuffle is Fisher-Yates with
  // `randomNumbers` (not numpy's generator), and begins with the left or top class.
  shuffled: {
    title: 'shuffled folds',
    positions: 'random positions',
    decidesNothing: true,
    assign: (classes, _, random) => stratify(byClass(classes).map((samples) => shuffle(samples, random))),
  },
  // As `ordered`, but on samples in column-major order.
  transposed: {
    title: 'transposed folds',
    positions: 'bands of columns',
    areBands: true,
    assign: (classes, { rows, cols }) => stratify(byClass(classes, (i) => (i % rows) * cols + Math.floor(i / rows))),
  },
  // The grid is cut into 100 rectangles of about equal size, in 10 rows and 10 columns. There are fewer if an axis has
  // fewer than 10 positions. If the border between the classes cuts a rectangle, each class has its own part of it. Each
  // class's rectangles are shuffled. One after the other, each goes to the fold that has the fewest samples of the
  // class; a tie goes to the first such fold.
  blocks: { title: 'block folds', positions: 'rectangles of positions', assign: dealBlocks },
} satisfies Readonly<Record<string, FoldRule>>

/** Name of a fold scheme. */
export type FoldScheme = keyof typeof RULES

export const FOLD_RULES: Readonly<Record<FoldScheme, FoldRule>> = RULES

/** Ways to divide positions into the five folds of cross-validation, described in docs/measures.md. */
export const FOLD_SCHEMES = Object.keys(FOLD_RULES) as readonly FoldScheme[]

export const BAND_SCHEMES = FOLD_SCHEMES.filter((scheme) => FOLD_RULES[scheme].areBands)

/** A sentence that says what the folds of these schemes are. */
export function foldsText(schemes: readonly FoldScheme[]): string {
  const folds = schemes.map((scheme) => `${FOLD_RULES[scheme].positions} (${scheme})`)
  return `Folds are ${new Intl.ListFormat('en', { type: 'disjunction' }).format(folds)}.`
}

export const LOSS = 'hinge'

export const FOLDS = 5

const BLOCKS_PER_AXIS = 10

/**
 * Class of each position, [rows * cols]: 0 in the left (top) half, 1 in the right (bottom) half. A column (row) in the
 * middle belongs to class 0.
 */
export function taskClasses(task: Task, { rows, cols }: GridShape): Uint8Array {
  return Uint8Array.from({ length: rows * cols }, (_, i) =>
    task === 'left-right' ? Number(i % cols >= cols / 2) : Number(Math.floor(i / cols) >= rows / 2),
  )
}

export function checkSeed(seed: number): void {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    throw new UsageError(`seed ${seed} is not a whole number from 0 to 4294967295; use another`)
}

/**
 * Returns the fold, 0 to 4, in which each position of the grid is tested, [rows * cols], row-major.
 * @throws InputError if a class has fewer samples (or rectangles) than folds
 */
export function assignFolds(scheme: FoldScheme, classes: Uint8Array, shape: GridShape, seed: number): Uint8Array {
  checkSeed(seed)
  return FOLD_RULES[scheme].assign(classes, shape, randomNumbers(seed))
}

export interface TaskFolds {
  /** Class of each position, 0 or 1, [positions]. */
  readonly classes: Uint8Array
  /** Fold in which each position is tested, 0 to 4, [positions]. */
  readonly folds: Uint8Array
}

/**
 * Labels of the training problems, one problem for each fold of each task, [tasks * FOLDS, positions]. A label is -1 or
 * +1 for the class, or 0 if the fold tests this position.
 */
export function trainingLabels(tasks: readonly TaskFolds[]): Int8Array {
  const rows = tasks[0]?.classes.length ?? 0
  const labels = new Int8Array(tasks.length * FOLDS * rows)
  tasks.forEach(({ classes, folds }, t) => {
    for (let fold = 0; fold < FOLDS; fold++) {
      const begin = (t * FOLDS + fold) * rows
      for (let i = 0; i < rows; i++) labels[begin + i] = folds[i] === fold ? 0 : 2 * (classes[i] ?? 0) - 1
    }
  })
  return labels
}

/** Returns each class's samples in an order: `at` returns the sample at each place of it. */
function byClass(classes: Uint8Array, at = (place: number) => place): number[][] {
  const order = Array.from(classes, (_, place) => at(place))
  return [0, 1].map((k) => order.filter((sample) => classes[sample] === k))
}

/** @param classes each class's samples, in the order in which they fill the folds */
function stratify(classes: readonly (readonly number[])[]): Uint8Array {
  const folds = new Uint8Array(classes.flat().length)
  // scikit-learn numbers the classes by first appearance. The top-left position is in class 0, as in `byClass`.
  let begin = 0
  for (const samples of classes) {
    if (samples.length < FOLDS) throw tooFew(samples.length, 'position')
    const end = begin + samples.length
    let next = 0
    for (let fold = 0; fold < FOLDS; fold++) {
      const size = placesOf(fold, end) - placesOf(fold, begin)
      for (const sample of samples.slice(next, next + size)) folds[sample] = fold
      next += size
    }
    begin = end
  }
  return folds
}

/** Counts the numbers in the sequence `fold`, `fold` + 5, `fold` + 10, … that are less than `end`. */
function placesOf(fold: number, end: number): number {
  return Math.max(0, Math.ceil((end - fold) / FOLDS))
}

function dealBlocks(classes: Uint8Array, { rows, cols }: GridShape, random: () => number): Uint8Array {
  const blockOf = (place: number, count: number) => Math.floor((place * Math.min(BLOCKS_PER_AXIS, count)) / count)
  const folds = new Uint8Array(classes.length)
  for (const k of [0, 1]) {
    const blocks = new Map<number, number[]>()
    for (let i = 0; i < classes.length; i++) {
      if (classes[i] !== k) continue
      const block = blockOf(Math.floor(i / cols), rows) * BLOCKS_PER_AXIS + blockOf(i % cols, cols)
      const samples = blocks.get(block)
      if (samples === undefined) blocks.set(block, [i])
      else samples.push(i)
    }
    if (blocks.size < FOLDS) throw tooFew(blocks.size, 'block')
    const sizes = new Array<number>(FOLDS).fill(0)
    for (const samples of shuffle([...blocks.values()], random)) {
      const fold = sizes.indexOf(Math.min(...sizes))
      for (const sample of samples) folds[sample] = fold
      sizes[fold] = (sizes[fold] ?? 0) + samples.length
    }
  }
  return folds
}

function tooFew(count: number, what: string): InputError {
  return new InputError(
    `one half of the grid has only ${counted(count, what)}, too few for ${FOLDS} folds; use a smaller stride or a smaller object`,
  )
}

/** Fisher-Yates shuffle, in place. */
export function shuffle<T>(values: T[], random: () => number): T[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const value = values[i] as T
    values[i] = values[j] as T
    values[j] = value
  }
  return values
}
