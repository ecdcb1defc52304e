import { CONFIDENT } from '../experiments/answers.js'
import { FEWEST_PAIRS, FEWEST_PATCHES } from './rows.js'

/** A kind of table: one table for each patch size, with a row for each network and layer. */
export interface TableKind {
  /** Start of its files' names. */
  readonly stem: string
  readonly title: string
  /** How to read its numbers. */
  readonly note: string
  /** Number of the paper's table by patch size; absent: the paper has none. */
  readonly numbers?: Readonly<Record<number, number>>
  /** What tells its columns apart, as CSV names it. */
  readonly keys: readonly string[]
  /** What its numbers are, and what they are taken over, as CSV names it. */
  readonly statistic: string
  readonly counted: string
  /**
   * What stands behind ±: the rows' standard deviation (where they have at least `fewest` values), the mean of another
   * metric, the binomial standard error, or nothing.
   */
  readonly spread: { readonly fewest: number } | { readonly metric: string } | 'standard error' | 'none'
  /** Order of the columns by their first key; as they come, if absent. */
  readonly order?: readonly string[]
  /** What the sizes are of: patches, if absent. */
  readonly sized?: string
  /** Metric whose rows say how many patches the numbers leave out. */
  readonly leftOut?: string
  /** Whether `report --tables` prints it. */
  readonly isPrinted?: boolean
}

export const SIMILARITY: TableKind = {
  numbers: { 125: 1, 75: 2 },
  stem: 'similarity',
  title: 'Mean cosine similarity to each anchor',
  note: 'Mean over patches of each patch’s mean similarity, ± standard deviation of five patches and more.',
  keys: ['anchor'],
  statistic: 'mean',
  counted: 'patches',
  spread: { fewest: FEWEST_PATCHES },
  isPrinted: true,
}

export const SEPARABILITY: TableKind = {
  numbers: { 125: 3, 75: 4 },
  stem: 'separability',
  title: 'Accuracy of linear classifiers of the object’s half',
  note: 'Mean over patches of the mean accuracy over five folds ± the mean of its standard deviation over folds. The columns differ in how positions are dealt to the folds; the paper’s are ordered. The last rows show what the folds alone do: the same classifiers on features that are nothing but the position, or nothing but its phase (the position modulo the network’s total stride).',
  keys: ['task', 'cv'],
  statistic: 'accuracy',
  counted: 'patches',
  spread: { metric: 'separability-std' },
  leftOut: 'not-converged',
  isPrinted: true,
}

export const BY_FOLD: TableKind = {
  stem: 'folds',
  title: 'Accuracy on each fold',
  note: 'Mean over patches. The folds are bands of rows (ordered) or of columns (transposed).',
  keys: ['cv', 'task', 'fold'],
  statistic: 'accuracy',
  counted: 'patches',
  spread: 'none',
}

export const NULL_BASELINE: TableKind = {
  stem: 'null-baseline',
  title: 'Mean cosine similarity between different objects at the same position',
  note: 'Null baseline: mean over all pairs of patches and all anchors, ± standard deviation of five patches and more. A similarity of one object at two positions means little where different objects at one position are as similar.',
  keys: ['objects'],
  statistic: 'mean',
  counted: 'pairs',
  spread: { fewest: FEWEST_PAIRS },
}

/** Columns of the table of answers, by metric and variant. */
export const ANSWER_COLUMNS: Readonly<Record<string, string>> = {
  'answer-kept center confident': 'positions that keep the answer, confident objects',
  'answer-kept center unsure': 'positions that keep the answer, other objects',
  'answer-right center': 'objects answered correctly at the center',
  'answer-probability center': 'probability at the center',
  'answer-fall center': 'largest fall of it',
}

export const ANSWERS: TableKind = {
  stem: 'answers',
  title: 'What the network answers',
  note: `Mean over patches, ± standard deviation of five patches and more. The answer is the strongest class with the object at the center, right or wrong. The network is confident of an object if that class has a probability of at least ${CONFIDENT}. The last columns have its probability at the center and how far that falls at most.`,
  keys: ['measure'],
  order: Object.values(ANSWER_COLUMNS),
  statistic: 'mean',
  counted: 'patches',
  spread: { fewest: FEWEST_PATCHES },
}

export const ARITHMETIC_EXACT: TableKind = {
  stem: 'arithmetic-exact',
  title: 'Exact results of feature arithmetic',
  note: 'Share ± binomial standard error of random expressions whose result has every expected object and no other. An object is there where the result is nearer to the expected scene with it than without it: by the true features of the two scenes, or within the object’s square by what the generator makes of them. 3-2 is three objects minus two of them, 2-1 two objects minus one, 1+1 and 1+2 are sums.',
  keys: ['vectors', 'reference', 'expression'],
  statistic: 'rate',
  counted: 'cases',
  spread: 'standard error',
  sized: 'objects',
}

export const ARITHMETIC_ACCURACY: TableKind = {
  stem: 'arithmetic-accuracy',
  title: 'Accuracy of feature arithmetic',
  note: 'Share ± binomial standard error over all random expressions: exact results; expected objects that are seen (recall); others that are seen (false objects). By the true features of scenes, by what the generator makes of them, and by their pixels; “no arithmetic” decodes the true feature of the expected scene, so that it shows what the generator alone gets wrong.',
  keys: ['vectors', 'reference', 'measure'],
  statistic: 'rate',
  counted: 'cases',
  spread: 'standard error',
  sized: 'objects',
}
