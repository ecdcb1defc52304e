import { UsageError } from '../errors.js'
import type { Better } from '../results/measures/measures.js'
import { FEWEST_PAIRS, isEquivalentWithin, isWorseByLessThan, lossP, neededPairs } from '../results/paired.js'
import { distinct } from '../support/lists.js'
import { holm } from '../support/statistics.js'
import { nearestNames } from '../support/text.js'
import { constancyOf, type JudgedRow } from './judged.js'
import type { PairedValues } from './pairing.js'
import type { CheckedLimit, ComparedNetworks, LimitOutcome } from './result.js'

/** Limits by measure, each a column of photographs.csv, a metric of metrics.csv, or the full name of a row. */
export interface GivenLimits {
  /** By how much the mean may become worse. */
  readonly maxWorse: Readonly<Record<string, number>>
  /** By how much the mean may differ in either direction. */
  readonly equivalent: Readonly<Record<string, number>>
}

interface Limited {
  readonly compared: ComparedNetworks
  readonly rows: readonly JudgedRow[]
  /** The measures without values on both sides. */
  readonly empty: readonly PairedValues[]
}

interface Rule {
  readonly rule: CheckedLimit['rule']
  readonly name: string
  readonly limit: number
}

/** A limit fails if the p value of its one-sided test is below this. */
const LEVEL = 0.05

/**
 * Checks each limit for all networks, on objects or on photographs, whichever have a measure of its name.
 * @throws UsageError for a number out of range, for a name that is not known, for a measure without pairs, and for a
 *   measure without direction that may not become worse
 */
export function checkedLimits(given: GivenLimits, all: readonly Limited[]): readonly CheckedLimit[] {
  const rules = (['maxWorse', 'equivalent'] as const).flatMap((rule) =>
    Object.entries(given[rule]).map(([name, limit]): Rule => ({ rule, name, limit })),
  )
  rules.forEach(checkNumber)
  return all.flatMap((one) =>
    rules.flatMap((rule) => {
      const kinds = all.flatMap((other) => (knows(other, rule.name) ? other.compared.kind : []))
      const isOfOtherKind = kinds.length > 0 && !kinds.includes(one.compared.kind)
      return isOfOtherKind ? [] : limitsOf(rule, one)
    }),
  )
}

function checkNumber({ rule, name, limit }: Rule): void {
  if (rule === 'maxWorse' && limit < 0)
    throw UsageError.of`\`maxWorse ${name}=${limit}\` is below 0; give a number of at least 0`
  if (rule === 'equivalent' && limit <= 0)
    throw UsageError.of`\`equivalent ${name}=${limit}\` is not above 0; give a margin above 0`
}

function hasName(name: string): (measure: Pick<PairedValues, 'metric' | 'name'>) => boolean {
  return (measure) => measure.metric === name || measure.name === name
}

function knows({ rows, empty }: Limited, name: string): boolean {
  return [...rows.map(({ values }) => values), ...empty].some(hasName(name))
}

/** Checks a limit in all measures of its name. */
function limitsOf(rule: Rule, { compared, rows, empty }: Limited): readonly CheckedLimit[] {
  const { name } = rule
  const named = rows.filter(({ values }) => hasName(name)(values))
  const withoutPairs = empty.filter(hasName(name))
  const constant = withoutPairs.filter((values) => constantReason(values, compared) !== undefined)
  if (named.length + constant.length === 0) throw withoutValues(rule, rows, withoutPairs)
  if (rule.rule === 'maxWorse' && [...named.map(({ values }) => values), ...constant].some(isUndirected))
    throw UsageError.of`${name} cannot become worse, because neither higher nor lower values are better; limit another measure, or use \`equivalent ${name}=MARGIN\``
  const common = { ...{ rule: rule.rule, limit: rule.limit, kind: compared.kind } }
  const networks = [compared.before, compared.after] as const
  const ps = holm(named.map((row) => pOf(rule, row)))
  return [
    ...named.map((row, i) => {
      const { change, interval } = changeOf(rule, row)
      return {
        ...{ ...common, networks, measure: row.values.name, change, interval, count: row.difference.count },
        ...outcomeOf(rule, row, ps[i]!, constantReason(row.values, compared)),
      }
    }),
    ...constant.map((values): CheckedLimit => {
      const none = { change: null, interval: null, count: 0, neededPairs: null, outcome: 'failed' } as const
      return { ...common, networks, measure: values.name, ...none, reason: constantReason(values, compared)! }
    }),
  ]
}

function isUndirected({ better }: PairedValues): boolean {
  return better === 'neither'
}

function withoutValues(
  { rule, name }: Rule,
  rows: readonly JudgedRow[],
  withoutPairs: readonly PairedValues[],
): UsageError {
  if (withoutPairs.length > 0)
    return new UsageError(
      `no pair has a value of ${name} on both sides; measure it in both (accuracy needs labels), or remove the limit`,
    )
  const fitting = rows.filter(({ values }) => rule === 'equivalent' || !isUndirected(values))
  const names = distinct(fitting.flatMap(({ values }) => [values.metric, values.name]))
  return UsageError.of`\`${rule} ${name}\` names no measure; the most similar ones are ${nearestNames(name, names, 3).join('; ')}`
}

/**
 * Why a limit fails whatever the numbers say. A constant network has no consistency, and a network that became constant
 * must not pass by any measure.
 */
function constantReason(values: PairedValues, { before, after }: ComparedNetworks): string | undefined {
  const { constant } = values
  const became = constant.before === undefined ? constant.after : undefined
  const text = became ?? constancyOf(values)
  if (text === undefined) return undefined
  const isAfter = text === constant.after
  const side = before === after ? ` (${isAfter ? 'after' : 'before'})` : ''
  return `${isAfter ? after : before}${side} ${text}`
}

/** Which direction of a measure is a loss. Equivalence has no direction. */
function directionOf({ values: { better } }: JudgedRow): Exclude<Better, 'neither'> {
  return better === 'lower' ? 'lower' : 'higher'
}

function changeOf({ rule }: Rule, row: JudgedRow): Pick<CheckedLimit, 'change' | 'interval'> {
  const { mean, bounds } = row.difference
  if (rule === 'equivalent' || directionOf(row) === 'lower') return { change: mean, interval: bounds }
  return { change: mean === 0 ? 0 : -mean, interval: bounds && [-bounds[1], -bounds[0]] }
}

/** P value of the one-sided test that the limit is exceeded. */
function pOf({ rule, limit }: Rule, row: JudgedRow): number {
  const { difference } = row
  if (rule === 'maxWorse') return lossP(difference, limit, directionOf(row)) ?? 1
  // If one of these is small, the other one is near 1.
  return Math.min(lossP(difference, limit, 'higher') ?? 1, lossP(difference, limit, 'lower') ?? 1)
}

function outcomeOf(
  rule: Rule,
  row: JudgedRow,
  p: number,
  constant: string | undefined,
): Pick<CheckedLimit, 'outcome' | 'reason' | 'neededPairs'> {
  const { difference, metric } = row
  const decided = (outcome: LimitOutcome, reason: string | null = null) => ({ outcome, reason, neededPairs: null })
  if (constant !== undefined) return decided('failed', constant)
  if (difference.count < FEWEST_PAIRS)
    return { ...decided('undecided', `too few pairs, at least ${FEWEST_PAIRS} are needed`), neededPairs: FEWEST_PAIRS }
  if (p < LEVEL) return decided('failed')
  const isShown =
    rule.rule === 'equivalent'
      ? isEquivalentWithin(difference, rule.limit)
      : // Nothing got worse in any pair.
        metric.outcome === 'unchanged' || isWorseByLessThan(difference, rule.limit, directionOf(row))
  return isShown ? decided('passed') : { ...decided('undecided'), neededPairs: neededPairs(difference, rule.limit) }
}
