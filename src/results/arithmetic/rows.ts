import { type ArithmeticCounts, JUDGED, REFERENCES } from '../../experiments/arithmetic/accuracy.js'
import { EXPRESSION_KINDS } from '../../experiments/arithmetic/trials.js'
import type { Row } from '../measures/rows.js'
import type { ArithmeticStudy } from './study.js'

type Counted = 'trials' | 'exact' | 'expected' | 'found' | 'subtracted' | 'left' | 'decoys' | 'phantoms'

/** How each metric is computed: the sum of the first list divided by the sum of the second list. */
const SHARES: Readonly<Record<string, readonly [cases: readonly Counted[], of: readonly Counted[]]>> = {
  // Share of expressions in whose result all expected objects are seen, and no others.
  'arithmetic-exact': [['exact'], ['trials']],
  'arithmetic-recall': [['found'], ['expected']],
  // Among the objects that should not be seen, the share that is seen.
  'arithmetic-false-objects': [
    ['left', 'phantoms'],
    ['subtracted', 'decoys'],
  ],
  'arithmetic-left-over': [['left'], ['subtracted']],
  // Share of the decoys that are seen. A decoy is an object in none of the expression's images.
  'arithmetic-phantoms': [['phantoms'], ['decoys']],
}

/**
 * Makes rows from the results of random expressions. The `kind` of a row's variant is a kind of expression, or `all`.
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
          return [{ metric, variant: { judged, reference, kind }, mean, std, count, values: new Map() }]
        })
      }),
    ),
  )
}
