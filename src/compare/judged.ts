import { type Judged, judged, type PairedDifference, pairedDifference } from '../results/paired.js'
import { addTo, distinct } from '../support/lists.js'
import { mean } from '../support/statistics.js'
import { CONFIDENT_ROWS } from './folder.js'
import type { PairedValues } from './pairing.js'
import type { ComparedMetric, ComparedOutcome } from './result.js'

/** A measure with the difference of its pairs. */
export interface JudgedRow {
  readonly values: PairedValues
  readonly difference: PairedDifference
  readonly metric: ComparedMetric
  /** What the pairs say of a headline measure; undefined for other measures. */
  readonly judged: Judged | undefined
}

/**
 * Computes the difference of each measure, and judges the headline measures as one family. They come first, and among them
 * one of consistency. A measure of a constant network is none of the family, unless it is about right answers.
 * @param all measures that have at least one pair
 */
export function judgedRows(all: readonly PairedValues[]): readonly JudgedRow[] {
  const rows = all.map((values) => ({ values, difference: differenceOf(values) }))
  const family = rows.filter(({ values }) => isJudged(values))
  const verdicts = new Map(judged(family.map(({ difference }) => difference)).map((one, i) => [family[i], one]))
  const leading = family.find(({ values }) => !values.isOfRight) ?? family[0]
  const rankOf = (row: (typeof rows)[number]) => (row === leading ? 0 : verdicts.has(row) ? 1 : 2)
  return rows
    .toSorted((a, b) => rankOf(a) - rankOf(b))
    .map((row) => {
      const own = verdicts.get(row)
      return { ...row, metric: comparedMetric(row.values, row.difference, own), judged: own }
    })
}

/** Why neither network, or only one of them, has a consistency that says something; undefined if both have. */
export function constancyOf({ isOfRight, constant: { before, after } }: PairedValues): string | undefined {
  return isOfRight ? undefined : (after ?? before)
}

/** Which networks are constant, and that their consistency says nothing. */
export function constantTexts(before: string, after: string, all: readonly PairedValues[]): readonly string[] {
  const sides = { before, after }
  return (['before', 'after'] as const).flatMap((side) => {
    const groups = new Map<string, string[]>()
    for (const { constant, group } of all)
      if (constant[side] !== undefined && !group.startsWith(CONFIDENT_ROWS)) addTo(groups, constant[side], group)
    const network = `${sides[side]}${before === after ? ` (${side})` : ''}`
    return [...groups].map(([text, names]) => `In ${distinct(names).join(', ')}: ${network} ${text}`)
  })
}

function isJudged(values: PairedValues): boolean {
  return values.isHeadline && values.better !== 'neither' && constancyOf(values) === undefined
}

function differenceOf({ before, after, isBinary }: PairedValues): PairedDifference {
  const differences = before.map((value, i) => after[i]! - value)
  return pairedDifference(differences, isBinary ? 1 : undefined)
}

function comparedMetric(
  values: PairedValues,
  { mean: difference, count, standardError, interval, test }: PairedDifference,
  own: Judged | undefined,
): ComparedMetric {
  const { name, metric, group, label, better, leftOut, before, after } = values
  const isUnchanged = difference === 0 && standardError === 0
  return {
    ...{ name, metric, group, label, better, isHeadline: own !== undefined, count, leftOut },
    before: mean(before),
    after: mean(after),
    ...{ difference, standardError, interval, test, p: own?.p ?? null },
    outcome: own === undefined ? (isUnchanged ? 'unchanged' : null) : outcomeOf(own, better),
  }
}

function outcomeOf({ verdict }: Judged, better: ComparedMetric['better']): ComparedOutcome {
  return verdict === 'higher' || verdict === 'lower' ? (verdict === better ? 'better' : 'worse') : verdict
}
