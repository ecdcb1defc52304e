import { type ArithmeticCounts, JUDGED, REFERENCES } from '../experiments/arithmeticAccuracy.js'
import { EXPRESSION_KINDS } from '../experiments/arithmeticTrials.js'
import type { ArithmeticStudy } from './arithmeticStudy.js'
import type { Row } from './rows.js'

type Counted = 'trials' | 'exact' | 'expected' | 'found' | 'subtracted' | 'left' | 'decoys' | 'phantoms'

/** Each share by its metric: the sum of the first counts divided by the sum of the second counts. */
const SHARES: Readonly<Record<string, readonly [cases: readonly Counted[], of: readonly Counted[]]>> = {
  // Share of expressions in which every expected object is seen, and no other.
  'arithmetic-exact': [['exact'], ['trials']],
  // Share of expected objects that are seen.
  'arithmetic-recall': [['found'], ['expected']],
  // Share of objects that are not expected but seen.
  'arithmetic-false-objects': [
    ['left', 'phantoms'],
    ['subtracted', 'decoys'],
  ],
  // Share of objects that were taken away but are still seen.
  'arithmetic-left-over': [['left'], ['subtracted']],
  // Share of objects that were in no image but are seen.
  'arithmetic-phantoms': [['phantoms'], ['decoys']],
}

/**
 * Shares of cases in which decoded results of random expressions show the expected objects and no others. A variant
 * names the judged vectors, the reference by which objects are looked for, and the kind of expression or `all`.
 */
export function arithmeticRows(studies: readonly ArithmeticStudy[]): readonly Row[] {
  return studies.flatMap(({ model, accuracy }) => {
    if (accuracy === null) return []
    const { size } = accuracy.inputs
    return [...new Set(accuracy.counts.map(({ layer }) => layer))].flatMap((layer) =>
      sharesOf(accuracy.counts.filter((one) => one.layer === layer)).map((share) => ({ model, layer, size, ...share })),
    )
  })
}

function sharesOf(counts: readonly ArithmeticCounts[]): readonly Omit<Row, 'model' | 'layer' | 'size'>[] {
  return [...EXPRESSION_KINDS, 'all' as const].flatMap((kind) =>
    JUDGED.flatMap((judged) =>
      REFERENCES.flatMap((reference) => {
        const some = counts.filter(
          (one) => (kind === 'all' || one.kind === kind) && one.judged === judged && one.reference === reference,
        )
        const sum = (fields: readonly Counted[]) =>
          some.reduce((total, one) => total + fields.reduce((part, field) => part + one[field], 0), 0)
        return Object.entries(SHARES).flatMap(([metric, [cases, of]]) => {
          const count = sum(of)
          if (count === 0) return []
          const mean = sum(cases) / count
          const std = Math.sqrt(mean * (1 - mean))
          return [{ metric, variant: `${judged} ${reference} ${kind}`, mean, std, count, values: new Map() }]
        })
      }),
    ),
  )
}
