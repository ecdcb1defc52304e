import type { ChanceCorrected } from '../../experiments/answers/chance.js'
import type { HeadColumn } from '../../experiments/answers/headRow.js'
import { headOf } from '../../experiments/answers/heads.js'
import type { RightClasses } from '../../experiments/answers/protocolAnswers.js'
import { type Column, comparedWith, type Protocol, type ProtocolName } from '../../experiments/answers/protocols.js'
import { agreementOf } from '../../experiments/maps/windowAnswers.js'
import type { HeadKind } from '../../network.js'
import { mean } from '../../support/statistics.js'
import type { Better } from '../measures/measures.js'

/** A stored answer. Columns that are not stored are NaN. */
export interface StoredAnswer extends Readonly<Record<Column, number>> {
  /** Index of the frame in its protocol. */
  readonly index: number
  /** Undefined for a photograph without a label. */
  readonly isRight: boolean | undefined
}

type MeasureUnit = 'share' | 'probability' | 'error' | HeadColumn

/**
 * A measure of one photograph, which is computed from its stored values. It is what `ofCounts` or `ofExtra` returns.
 * Without these functions, it is the mean of the values that `of` returns for the answers, or the least of them. Answers
 * with the value undefined do not count.
 */
export interface ProtocolMetric {
  readonly name: string
  readonly title: string
  readonly unit: MeasureUnit
  readonly better: Better
  /** @param compared the answer with which this one is compared, if any */
  readonly of?: (answer: StoredAnswer, compared: StoredAnswer | undefined) => number | undefined
  readonly combine?: 'least'
  /** @param counts number of frames by answer */
  readonly ofCounts?: (counts: ReadonlyMap<number, number>) => number
  /** @param extra the values that the protocol's `extraOf` returned */
  readonly ofExtra?: (extra: ArrayLike<number>) => number
  /** Which value of `chanceCorrected` it is. It needs the answers to all photographs. */
  readonly ofAll?: keyof ChanceCorrected
}

/**
 * The measures of each protocol, besides those that all protocols have. The first one is the agreement of answers, or
 * the share that changes.
 */
const OWN_MEASURES: Readonly<Record<ProtocolName, readonly ProtocolMetric[]>> = {
  center: [],
  crop: [agreement('same answer in two random crops')],
  'crop-exact': [
    {
      name: 'agreement',
      title: 'chance that two random crops get the same answer',
      unit: 'share',
      better: 'higher',
      ofCounts: agreementOf,
    },
  ],
  diagonal: pathMeasures(),
  embed: pathMeasures(),
  circular: [agreement('same answer in two random circular shifts')],
  subpixel: [
    agreement('same answer after a shift by quarters of a pixel'),
    {
      name: 'local-equivariance-error',
      title: 'local equivariance error',
      unit: 'error',
      better: 'lower',
      ofExtra: mean,
    },
  ],
}

/** The measures of the columns that a head has besides those of class scores. */
function headMeasures(head: HeadKind | undefined): readonly ProtocolMetric[] {
  return headOf(head).columns.map(({ name: column, measure: name, title }) => ({
    ...{ name, title, unit: column, better: 'higher' },
    of: ({ [column]: value }) => (Number.isNaN(value) ? undefined : value),
  }))
}

/** The agreement relative to chance stands for its protocol. */
export const RELATIVE = 'relative-agreement'

const RELATIVE_AGREEMENT: ProtocolMetric = {
  name: RELATIVE,
  title: 'agreement relative to chance',
  unit: 'share',
  better: 'higher',
  ofAll: 'relative',
}

const CHANCE: ProtocolMetric = {
  name: 'chance',
  title: 'two photographs get the same answer',
  unit: 'share',
  better: 'neither',
  ofAll: 'chance',
}

const ALWAYS_SAME: ProtocolMetric = {
  name: 'always-same',
  title: 'all shifts give the same answer',
  unit: 'share',
  better: 'higher',
  ofCounts: (counts) => Number(counts.size === 1),
}

/** Its values say which photographs are confident; see `CONFIDENT`. */
export const CONFIDENCE = 'confidence'

const CONFIDENCE_MEASURE: ProtocolMetric = {
  name: CONFIDENCE,
  title: 'probability of the first answer',
  unit: 'probability',
  better: 'neither',
  of: ({ index, probability }) => (index === 0 ? probability : undefined),
}

const ACCURACY: ProtocolMetric = {
  name: 'accuracy',
  title: 'answer is right without a shift',
  unit: 'share',
  better: 'higher',
  of: ({ isRight }) => (isRight === undefined ? undefined : Number(isRight)),
}

const MEASURES_OF_LABELS: readonly ProtocolMetric[] = [
  { ...ACCURACY, name: 'mean-accuracy', title: 'answer is right, mean over shifts' },
  { ...ACCURACY, name: 'worst-case-accuracy', title: 'answer is right at every shift', combine: 'least' },
  {
    name: 'right-probability',
    title: "right class's probability, mean over shifts",
    unit: 'probability',
    better: 'higher',
    of: ({ right }) => (Number.isNaN(right) ? undefined : right),
  },
]

/** Names of the measures whose values are 0 or 1. */
export const BINARY_MEASURES: ReadonlySet<string> = new Set(['accuracy', 'worst-case-accuracy', ALWAYS_SAME.name])

/** Names of the measures that say how often answers are right. */
export const MEASURES_OF_RIGHT: ReadonlySet<string> = new Set([ACCURACY, ...MEASURES_OF_LABELS].map(({ name }) => name))

/**
 * The measures of a protocol: the agreement relative to chance, its own, the chance, those of a head, and with labels
 * those of right answers.
 */
export function metricsOf(
  protocol: Protocol,
  has: { readonly labels: boolean; readonly head?: HeadKind | undefined },
): readonly ProtocolMetric[] {
  if (protocol.name === 'center') return has.labels ? [ACCURACY, CONFIDENCE_MEASURE] : [CONFIDENCE_MEASURE]
  return [
    RELATIVE_AGREEMENT,
    ...OWN_MEASURES[protocol.name],
    CHANCE,
    ...(protocol.compares ? headMeasures(has.head) : []),
    ALWAYS_SAME,
    CONFIDENCE_MEASURE,
    ...(has.labels ? MEASURES_OF_LABELS : []),
  ]
}

/**
 * Computes a photograph's measures from its row of stored values.
 * @param row the columns of each answer, then the protocol's extra values
 * @returns the values of `measures`; NaN for what needs a label, if the photograph has none, and for what needs the
 *   answers to all photographs
 */
export function photographMetrics(
  protocol: Protocol,
  measures: readonly ProtocolMetric[],
  columns: readonly Column[],
  right: RightClasses,
  row: Float32Array,
): readonly number[] {
  const answers = storedAnswers(protocol, columns, right, row)
  const extra = row.subarray(answers.length * columns.length)
  /** Number of frames by answer. */
  const counts = new Map<number, number>()
  for (const { answer } of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1)
  return measures.map(({ of, combine, ofCounts, ofExtra }) => {
    if (ofCounts) return ofCounts(counts)
    if (ofExtra) return ofExtra(extra)
    const values = answers.flatMap((answer, index) => {
      const compared = comparedWith(protocol, index, answers[index - 1], answers[0])
      return of?.(answer, compared) ?? []
    })
    if (values.length === 0) return Number.NaN
    return combine === 'least' ? values.reduce((least, value) => Math.min(least, value)) : mean(values)
  })
}

/** The indices of the answers in a row of stored values; see `photographMetrics`. */
export function answersIn({ extras = 0 }: Protocol, columns: readonly Column[], row: Float32Array): Float32Array {
  const column = columns.indexOf('answer')
  return Float32Array.from(
    { length: (row.length - extras) / columns.length },
    (_, index) => row[index * columns.length + column]!,
  )
}

/** The answers of a row of stored values; see `photographMetrics`. */
export function storedAnswers(
  { extras = 0 }: Protocol,
  columns: readonly Column[],
  right: RightClasses,
  row: Float32Array,
): readonly StoredAnswer[] {
  return Array.from({ length: (row.length - extras) / columns.length }, (_, index) => {
    const value = (name: Column) => {
      const column = columns.indexOf(name)
      return column === -1 ? Number.NaN : row[index * columns.length + column]!
    }
    const answer = value('answer')
    return {
      index,
      answer,
      probability: value('probability'),
      next: value('next'),
      right: value('right'),
      overlap: value('overlap'),
      isRight: right?.includes(answer),
    }
  })
}

/** The share of answers that are the same as the one with which they are compared. */
function agreement(title: string): ProtocolMetric {
  return {
    name: 'agreement',
    title,
    unit: 'share',
    better: 'higher',
    of: ({ answer }, compared) => compared && Number(answer === compared.answer),
  }
}

function pathMeasures(): readonly ProtocolMetric[] {
  return [
    {
      name: 'change',
      title: 'answer changes after a step of 1 px',
      unit: 'share',
      better: 'lower',
      of: ({ answer }, compared) => compared && Number(answer !== compared.answer),
    },
    {
      name: 'probability-change',
      title: "mean absolute change of the answer's probability",
      unit: 'probability',
      better: 'lower',
      of: (_, compared) => compared && Math.abs(compared.next - compared.probability),
    },
  ]
}
