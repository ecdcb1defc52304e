import {
  type ArithmeticCounts,
  JUDGED,
  type Judged,
  REFERENCES,
  type Reference,
} from '../experiments/arithmeticAccuracy.js'
import { EXPRESSION_KINDS, type ExpressionKind } from '../experiments/arithmeticTrials.js'
import { type ArithmeticErrors, ORIGINS, type Origin } from '../experiments/featureArithmetic.js'
import type { ArithmeticStudy } from './arithmeticStudy.js'

/** Errors of one scene's result in one layer, measured from one origin. */
export interface ArithmeticSummary extends ArithmeticErrors {
  readonly model: string
  readonly layer: string
  readonly scene: string
  readonly expression: string
  readonly origin: Origin
  /** PSNR in dB of the decoded expectation against the expected pixels: what the generator alone loses. */
  readonly reconstruction: number | null
}

/** A share of a number of cases, and its binomial standard error √(p(1 − p)/n); null: there were none. */
export interface Rate {
  readonly rate: number | null
  readonly error: number | null
  readonly count: number
}

/** How often decoded results of random expressions show the expected objects and no other. */
export interface ArithmeticAccuracySummary {
  readonly model: string
  readonly layer: string
  /** Side in pixels of the objects. */
  readonly size: number
  /** `all`: all kinds together. */
  readonly kind: ExpressionKind | 'all'
  readonly judged: Judged
  readonly reference: Reference
  /** Of the expressions: every expected object is seen, and no other. */
  readonly exact: Rate
  /** Of the expected objects: seen. */
  readonly recall: Rate
  /** Of the objects that are not expected: seen. */
  readonly falseObjects: Rate
  /** Of the objects that were taken away: still seen. */
  readonly left: Rate
  /** Of the objects that were in no image: seen. */
  readonly phantoms: Rate
}

/** What summary.json holds of arithmetic. */
export interface ArithmeticSummaries {
  readonly arithmetic: readonly ArithmeticSummary[]
  readonly arithmeticAccuracy: readonly ArithmeticAccuracySummary[]
}

export function summarizeArithmetic(studies: readonly ArithmeticStudy[]): ArithmeticSummaries {
  return {
    arithmetic: studies.flatMap(({ model, scenes }) =>
      scenes.flatMap(({ name: scene, document: { expression, layers } }) =>
        layers.flatMap(({ layer, origins, reconstruction }) =>
          ORIGINS.map((origin) => ({ model, layer, scene, expression, origin, ...origins[origin], reconstruction })),
        ),
      ),
    ),
    arithmeticAccuracy: studies.flatMap(({ model, accuracy }) =>
      accuracy === null ? [] : accuracySummaries(model, accuracy.inputs.size, accuracy.counts),
    ),
  }
}

function accuracySummaries(
  model: string,
  size: number,
  counts: readonly ArithmeticCounts[],
): readonly ArithmeticAccuracySummary[] {
  const layers = [...new Set(counts.map(({ layer }) => layer))]
  return layers.flatMap((layer) =>
    [...EXPRESSION_KINDS, 'all' as const].flatMap((kind) =>
      JUDGED.flatMap((judged) =>
        REFERENCES.flatMap((reference) => {
          const some = counts.filter(
            (entry) =>
              entry.layer === layer &&
              (kind === 'all' || entry.kind === kind) &&
              entry.judged === judged &&
              entry.reference === reference,
          )
          return some.length === 0 ? [] : [{ model, layer, size, kind, judged, reference, ...ratesOf(some) }]
        }),
      ),
    ),
  )
}

function ratesOf(counts: readonly ArithmeticCounts[]) {
  const sum = (field: 'trials' | 'exact' | 'expected' | 'found' | 'subtracted' | 'left' | 'decoys' | 'phantoms') =>
    counts.reduce((total, entry) => total + entry[field], 0)
  return {
    exact: rateOf(sum('exact'), sum('trials')),
    recall: rateOf(sum('found'), sum('expected')),
    falseObjects: rateOf(sum('left') + sum('phantoms'), sum('subtracted') + sum('decoys')),
    left: rateOf(sum('left'), sum('subtracted')),
    phantoms: rateOf(sum('phantoms'), sum('decoys')),
  }
}

export function rateOf(cases: number, count: number): Rate {
  if (count === 0) return { rate: null, error: null, count }
  const rate = cases / count
  return { rate, error: Math.sqrt((rate * (1 - rate)) / count), count }
}
