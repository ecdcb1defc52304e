import { CONFIDENT } from '../../experiments/answers.js'

/** What the tables of one experiment have in common. */
export interface TableKind {
  readonly numbers: Readonly<Record<number, number>>
  readonly stem: string
  readonly title: string
  readonly note: string
  readonly keys: readonly string[]
  readonly statistic: string
  readonly counted: string
}

export const SIMILARITY: TableKind = {
  numbers: { 125: 1, 75: 2 },
  stem: 'similarity',
  title: 'Mean cosine similarity to each anchor',
  note: 'Mean over patches of each patch’s mean similarity, ± standard deviation of five patches and more.',
  keys: ['anchor'],
  statistic: 'mean',
  counted: 'patches',
}

export const SEPARABILITY: TableKind = {
  numbers: { 125: 3, 75: 4 },
  stem: 'separability',
  title: 'Accuracy of linear classifiers of the object’s half',
  note: 'Mean over patches of the mean accuracy over five folds ± the mean of its standard deviation over folds. The columns differ in how positions are dealt to the folds; the paper’s are ordered. The last rows show what the folds alone do: the same classifiers on features that are nothing but the position, or nothing but its phase (the position modulo the network’s total stride).',
  keys: ['task', 'cv'],
  statistic: 'accuracy',
  counted: 'patches',
}

export const BY_FOLD: TableKind = {
  numbers: {},
  stem: 'folds',
  title: 'Accuracy on each fold',
  note: 'Mean over patches. The folds are bands of rows (ordered) or of columns (transposed).',
  keys: ['cv', 'task', 'fold'],
  statistic: 'accuracy',
  counted: 'patches',
}

export const NULL_BASELINE: TableKind = {
  numbers: {},
  stem: 'null-baseline',
  title: 'Mean cosine similarity between different objects at the same place',
  note: 'Null baseline: mean over all pairs of patches and all anchors, ± standard deviation of five patches and more. A similarity of one object at two places means little where different objects at one place are as similar.',
  keys: ['objects'],
  statistic: 'mean',
  counted: 'pairs',
}

export const ANSWERS: TableKind = {
  numbers: {},
  stem: 'answers',
  title: 'What the network answers',
  note: `Mean over patches, ± standard deviation of five patches and more. The answer is the strongest class with the object at the center, right or wrong. The network is confident of an object if that class has a probability of at least ${CONFIDENT}. The last columns have its probability at the center and how far that falls at most.`,
  keys: ['measure'],
  statistic: 'mean',
  counted: 'patches',
}

/** Columns of the table of answers, by the metrics that they show. */
export const ANSWER_COLUMNS: Readonly<Record<string, string>> = {
  'answer-kept center confident': 'positions that keep the answer, confident objects',
  'answer-kept center unsure': 'positions that keep the answer, other objects',
  'answer-right center': 'objects answered correctly at the center',
  'answer-probability center': 'probability at the center',
  'answer-fall center': 'largest fall of it',
}
