import type { Better } from '../results/measures/measures.js'

/**
 * Result of a comparison. It is `better` or `worse` if the interval of the difference excludes 0, and `changed` if,
 * besides, neither higher nor lower values of the measure are better. Otherwise, and for fewer than five pairs, it is
 * `neither`.
 */
export type ComparedOutcome = 'better' | 'worse' | 'changed' | 'neither'

/** One measure before and after, over the pairs that have a finite value on both sides. */
export interface ComparedMetric {
  /** Full name, of its group and label: `confident, diagonal change` or `fc8, 75 px answer-agreement`. */
  readonly name: string
  /** Name in the CSV file: a column of photographs.csv, or a metric of metrics.csv. */
  readonly metric: string
  /** What the measure belongs to: a protocol, or a layer and a size. */
  readonly group: string
  /** Name within its group. */
  readonly label: string
  readonly better: Better
  /** Whether the short tables show it. */
  readonly isHeadline: boolean
  /** Number of pairs. */
  readonly count: number
  /** Number of pairs that were left out, because they have no value on one side. */
  readonly leftOut: number
  /** Means over the pairs. */
  readonly before: number
  readonly after: number
  /** Mean difference, after minus before. */
  readonly difference: number
  /** Standard error of `difference`: the sample deviation of the differences, divided by √count. Null for one pair. */
  readonly standardError: number | null
  /** 95 % interval of `difference` by a paired bootstrap: percentiles of 10,000 draws, seed 0. */
  readonly interval: readonly [low: number, high: number]
  /** Exact two-sided sign test: number of pairs with a higher, a lower and an equal value after, and the p-value. */
  readonly signTest: { readonly higher: number; readonly lower: number; readonly equal: number; readonly p: number }
  readonly outcome: ComparedOutcome
}

/** An object or a photograph that only one side has. */
export interface Unpaired {
  readonly name: string
  /** SHA-256 of its content, in hexadecimal. */
  readonly sha256: string
  /** Side of an object in pixels; absent for photographs. */
  readonly size?: number
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
  readonly measures: readonly ComparedMetric[]
}

/** A limit of the option `maxWorse` for one measure. */
export interface CheckedLimit {
  /** Names of the networks before and after. */
  readonly networks: readonly [before: string, after: string]
  /** Full name of the measure. */
  readonly measure: string
  readonly limit: number
  /** By how much the mean became worse; negative if it became better. */
  readonly worse: number
  readonly isExceeded: boolean
}

/** Results of `compare`. */
export interface Comparison {
  /** The two folders. */
  readonly before: string
  readonly after: string
  /** Two networks that have both objects and photographs come twice, first with their objects. */
  readonly networks: readonly ComparedNetworks[]
  /** Empty without `maxWorse`. */
  readonly limits: readonly CheckedLimit[]
  /** What a reader should know besides, such as differences between the networks. */
  readonly notes: readonly string[]
}
