import type { Better } from '../results/measures/measures.js'
import type { PairedDifference } from '../results/paired.js'

/**
 * What the pairs say of a headline measure. `better` and `worse` need a p value below 0.05 after Holm's correction for all
 * headline measures of the comparison. `unchanged` means that every pair has the same value on both sides, `open` that the
 * data do not tell, and `few` that there are fewer than ten pairs.
 */
export type ComparedOutcome = 'better' | 'worse' | 'unchanged' | 'open' | 'few'

/** One measure before and after, over the pairs that have a finite value on both sides. */
export interface ComparedMetric extends Pick<PairedDifference, 'count' | 'standardError' | 'interval' | 'test'> {
  /** Full name, of its group and label: `confident, diagonal change` or `fc8, 75 px answer-agreement`. */
  readonly name: string
  /** Name in the CSV file: a column of photographs.csv, or a metric of metrics.csv. */
  readonly metric: string
  /** What the measure belongs to: a protocol, or a layer and a size. */
  readonly group: string
  /** Name within its group. */
  readonly label: string
  readonly better: Better
  /** Whether it is in the family of measures that get a verdict: one for each protocol or size, and the accuracy. */
  readonly isHeadline: boolean
  /** Number of pairs that were left out, because they have no value on one side. */
  readonly leftOut: number
  /** Means over the pairs. */
  readonly before: number
  readonly after: number
  /** Mean difference, after minus before. */
  readonly difference: number
  /** P value of a headline measure, adjusted by Holm's method; null for other measures and for fewer than ten pairs. */
  readonly p: number | null
  /** Verdict on a headline measure. Other measures have none, unless they are unchanged. */
  readonly outcome: ComparedOutcome | null
}

/** An object or a photograph that only one side has. */
export interface Unpaired {
  readonly name: string
  /** SHA-256 of its content, in hexadecimal. */
  readonly sha256: string
  /** Side of an object in pixels; absent for photographs. */
  readonly size?: number
  /** Why the other side could not use it; absent if that is unknown. */
  readonly skipped?: string
}

/** What was compared in two networks. */
export const COMPARED_KINDS = ['objects', 'photographs'] as const
export type ComparedKind = (typeof COMPARED_KINDS)[number]

/** A network before, and the network with which it was compared, on objects or on photographs. */
export interface ComparedNetworks {
  readonly kind: ComparedKind
  /** Their names. */
  readonly before: string
  readonly after: string
  /** Number of pairs of objects, at all sizes, or of photographs. */
  readonly pairs: number
  readonly unpaired: { readonly before: readonly Unpaired[]; readonly after: readonly Unpaired[] }
  /** The headline measures come first. */
  readonly measures: readonly ComparedMetric[]
  /** A sentence to quote, about the first headline measure; null if none has ten pairs. */
  readonly sentence: string | null
  /** Says of each network whose answers hardly differ that its consistency says nothing. */
  readonly constant: readonly string[]
}

/** What became of a limit. It is `undecided` if the interval of the difference contains the limit. */
export type LimitOutcome = 'passed' | 'failed' | 'undecided'

/** A limit of the options `maxWorse` and `equivalent` for one measure. */
export interface CheckedLimit {
  readonly rule: 'maxWorse' | 'equivalent'
  /** Names of the networks before and after. */
  readonly networks: readonly [before: string, after: string]
  readonly kind: ComparedKind
  /** Full name of the measure. */
  readonly measure: string
  readonly limit: number
  /**
   * By how much the mean became worse, negative if it became better; for `equivalent`, mean difference, after minus
   * before. Null if there is no value, as of a constant network.
   */
  readonly change: number | null
  /** 90 % interval of `change`. Each of its ends is a one-sided bound at 95 %. Null for fewer than two pairs. */
  readonly interval: readonly [low: number, high: number] | null
  /** Number of pairs. */
  readonly count: number
  /** Number of pairs that decide in four of five cases if the networks are equal; null if unknown. */
  readonly neededPairs: number | null
  /** Why a limit failed or is undecided without regard to the numbers; null otherwise. */
  readonly reason: string | null
  readonly outcome: LimitOutcome
}

/** Results of `compare`. */
export interface Comparison {
  /** The two folders. */
  readonly before: string
  readonly after: string
  /** Two networks that have both objects and photographs come twice, first with their objects. */
  readonly networks: readonly ComparedNetworks[]
  /** Empty without `maxWorse` and `equivalent`. */
  readonly limits: readonly CheckedLimit[]
  /** What a reader should know besides, such as differences between the networks. */
  readonly notes: readonly string[]
}
