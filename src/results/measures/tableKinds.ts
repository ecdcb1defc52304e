import { CONFIDENT } from '../../experiments/answers/confidence.js'
import type { HeadRow } from '../../experiments/answers/headRow.js'
import { BAND_SCHEMES, FOLD_SCHEMES, foldsText } from '../../experiments/classifiers/folds.js'
import { FEWEST_PATCH_PAIRS, FEWEST_PATCHES } from './rows.js'
import type { Variant } from './variant.js'

const OVER_OBJECTS = `± is the standard deviation over objects, if there are at least ${FEWEST_PATCHES}.`

/** A kind of table. For each patch size, one such table is made. It has a row for each network and layer. */
export interface TableKind {
  /** First part of the file names of the tables. */
  readonly stem: string
  readonly title: string
  readonly note: string
  /**
   * The paper's number for this table, such as 1 for "Table 1", by patch size; absent if the paper has no such table.
   */
  readonly numbers?: Readonly<Record<number, number>>
  /**
   * Names of the values that identify a column, such as `task` and `cv` (fold scheme). They are headings in the CSV
   * file.
   */
  readonly keys: readonly string[]
  /** Heading of the numbers in the CSV file. */
  readonly statistic: string
  /** Heading in the CSV file for the number of averaged values. */
  readonly counted: string
  /**
   * The number after ±. With `fewest`, it is the standard deviation, if at least `fewest` values were averaged. With
   * `metric`, it is the mean of the metric with this name. With `interval`, it is half the width of the 95 % confidence
   * interval of the mean.
   */
  readonly spread: { readonly fewest: number } | { readonly metric: string } | 'standard error' | 'interval' | 'none'
  /** Order of a table's columns by their first key. By default, the columns are in the order of the results. */
  readonly order?: readonly string[]
  /** Makes the heading of a column; by default its keys, joined by commas. */
  readonly head?: (column: readonly string[]) => string
  /** What was measured: objects by default. */
  readonly of?: 'arithmetic' | 'photographs'
  /** Name of the metric that counts the patches whose numbers are missing from the averages. */
  readonly leftOut?: string
  /** Whether `report --tables` prints tables of this kind. */
  readonly isPrinted?: boolean
}

export const SIMILARITY: TableKind = {
  numbers: { 125: 1, 75: 2 },
  stem: 'similarity',
  title: 'Mean cosine similarity to each anchor',
  note: `Mean similarity over positions and objects. ${OVER_OBJECTS}`,
  keys: ['anchor'],
  statistic: 'mean',
  counted: 'patches',
  spread: { fewest: FEWEST_PATCHES },
  isPrinted: true,
}

export const SEPARABILITY: TableKind = {
  numbers: { 125: 3, 75: 4 },
  stem: 'separability',
  title: 'Accuracy of linear classifiers',
  note: `Linear classifiers tell from the features whether the object is left or right (left-right), or top or bottom (top-bottom). The table has their accuracy, the mean over five folds and all objects. ± is the standard deviation over folds (mean over objects). ${foldsText(FOLD_SCHEMES)} The paper uses ordered folds. Position only and phase only are made-up features that contain only the position, or only its phase (the position modulo the network’s total stride). Beside these names are the number of positions and the period of the phase.`,
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
  note: `Mean over objects. ${foldsText(BAND_SCHEMES)}`,
  keys: ['cv', 'task', 'fold'],
  head: ([cv, task, fold]) => `${cv}, ${task}, fold ${fold}`,
  statistic: 'accuracy',
  counted: 'patches',
  spread: 'none',
}

export const READOUT_ERROR: TableKind = {
  stem: 'readout',
  title: 'Error of the position read-out in pixels',
  note: `A ridge regression reads row and column of the object out of the features. The table has its median absolute error at positions that it was not trained on, mean over objects. ${OVER_OBJECTS} Shuffled leaves out half of the positions at random. Bands are every other band of rows (columns) of this width. Every 8px trains on every eighth row (column) only, and tests on those between.`,
  keys: ['axis', 'test'],
  statistic: 'error',
  counted: 'patches',
  spread: { fewest: FEWEST_PATCHES },
}

export const NULL_BASELINE: TableKind = {
  stem: 'null-baseline',
  title: 'Mean cosine similarity of different objects at the same position',
  note: `This is the null baseline: the mean over all pairs of objects, both at the same anchor. ± is the standard deviation over pairs (of at least ${FEWEST_PATCHES} objects). If different objects are almost as similar as one object at two positions, a high similarity says little.`,
  keys: ['objects'],
  head: ([classes]) => (classes === 'same class' ? 'objects of the same class' : 'objects of different classes'),
  statistic: 'mean',
  counted: 'pairs',
  spread: { fewest: FEWEST_PATCH_PAIRS },
}

interface AnswerColumn extends Pick<Variant, 'confidence'> {
  readonly metric: string
  /** Heading in the CSV file. */
  readonly name: string
  /** Heading elsewhere. */
  readonly head: string
}

/** Columns of the table of answers. */
export const ANSWER_COLUMNS: readonly AnswerColumn[] = [
  {
    metric: 'answer-relative-agreement',
    confidence: 'confident',
    name: 'relative agreement, confident objects',
    head: 'agreement relative to chance of objects with a confident answer',
  },
  {
    metric: 'answer-relative-agreement',
    name: 'relative agreement',
    head: 'agreement relative to chance of all objects',
  },
  {
    metric: 'answer-agreement',
    confidence: 'confident',
    name: 'agreement, confident objects',
    head: 'agreement of objects with a confident answer',
  },
  {
    metric: 'answer-agreement',
    confidence: 'unsure',
    name: 'agreement, other objects',
    head: 'agreement of the other objects',
  },
  {
    metric: 'answer-chance',
    name: 'chance',
    head: 'chance that two objects get the same answer',
  },
  {
    metric: 'answer-distinct',
    name: 'different answers',
    head: 'different answers at the center',
  },
  {
    metric: 'answer-effective',
    name: 'effective number of answers',
    head: 'effective number of them',
  },
  {
    metric: 'answer-constant',
    name: 'objects with the answer of a constant network',
    head: 'constant network: objects with its answer',
  },
  {
    metric: 'answer-right',
    name: 'objects answered correctly at the center',
    head: 'share of objects with a correct answer at the center',
  },
  {
    metric: 'answer-probability',
    name: 'probability at the center',
    head: 'probability of the answer at the center',
  },
  {
    metric: 'answer-fall',
    name: 'largest fall of it',
    head: 'largest drop of this probability at another position',
  },
]

export const ANSWERS: TableKind = {
  stem: 'answers',
  title: 'Answers of the network',
  note: `The answer is the class with the highest probability. Agreement is the chance that two positions, drawn at random, get the same answer. Relative to chance, it is (agreement − chance) / (1 − chance), where chance is the probability that two different objects get the same answer at the same position. It has no value if one answer is more than 90 % of all. The effective number of answers is 1 / Σ share². An answer is confident if its probability is at least ${CONFIDENT} with the object at the center. The table has means over objects. ${OVER_OBJECTS}`,
  keys: ['measure'],
  head: ([measure = '']) => ANSWER_COLUMNS.find(({ name }) => name === measure)?.head ?? measure,
  order: ANSWER_COLUMNS.map(({ name }) => name),
  statistic: 'mean',
  counted: 'patches',
  spread: { fewest: FEWEST_PATCHES },
}

/** The table of what a head sees of objects. */
export function seenTable({ stem, title, note }: NonNullable<HeadRow['table']>): TableKind {
  return {
    ...{ stem, title, note: `${note} ${OVER_OBJECTS}` },
    keys: ['measure'],
    statistic: 'mean',
    counted: 'patches',
    spread: { fewest: FEWEST_PATCHES },
    isPrinted: true,
  }
}

/** All measures of photographs. A column is a protocol and a measure. */
export const PHOTOGRAPHS: TableKind = {
  stem: 'consistency',
  title: 'Consistency of answers',
  note: 'Each protocol shifts photographs and compares the network’s answers. The table has means over photographs, ± half of their 95 % confidence interval (by Student’s t).',
  keys: ['protocol', 'measure'],
  statistic: 'mean',
  counted: 'photographs',
  spread: 'interval',
  of: 'photographs',
}

export const ARITHMETIC_EXACT: TableKind = {
  stem: 'arithmetic-exact',
  title: 'Exact results of feature arithmetic',
  note: 'Share of random expressions whose result has every expected object and no other, ± binomial standard error. An object is present if the result is nearer to the expected scene with the object than to the scene without it. The comparison uses the true features of both scenes, or the generator’s pictures of them within the object’s square. 3-2 is three objects minus two of them, 2-1 is two objects minus one, and 1+1 and 1+2 are sums.',
  keys: ['vectors', 'reference', 'expression'],
  statistic: 'rate',
  counted: 'cases',
  spread: 'standard error',
  of: 'arithmetic',
}

export const ARITHMETIC_ACCURACY: TableKind = {
  stem: 'arithmetic-accuracy',
  title: 'Accuracy of feature arithmetic',
  note: 'Shares over all random expressions, ± binomial standard error: exact results, expected objects that are present (recall), and other objects that are present (false objects). Results are compared with the true features of scenes, with the generator’s pictures of them (decoded scenes), or with their pixels. “No arithmetic” decodes the true feature of the expected scene, and so shows the errors of the generator alone.',
  keys: ['vectors', 'reference', 'measure'],
  statistic: 'rate',
  counted: 'cases',
  spread: 'standard error',
  of: 'arithmetic',
}
