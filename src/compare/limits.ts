import { UsageError } from '../errors.js'
import { nearestNames } from '../support/text.js'
import type { Paired } from './pairing.js'
import type { CheckedLimit, ComparedMeasure, ComparedNetworks } from './result.js'

/** Rounding of means must not decide, so a limit is exceeded only by more than this. */
const ROUNDING = 1e-12

/** By measure, how much worse its mean may become. */
export type Limits = Readonly<Record<string, number>>

/** @throws UsageError for a limit that is no number of at least 0 */
export function checkLimits(limits: Limits): void {
  for (const [name, limit] of Object.entries(limits))
    if (!(limit >= 0 && limit < Number.POSITIVE_INFINITY))
      throw new UsageError(`the limit ${limit} of ${name} is not a number of at least 0`)
}

/**
 * Checks the limits for the networks of one comparison.
 * @throws UsageError for a name that is not known, and for a measure without pairs or without a direction
 */
export function checkedLimits(
  limits: Limits,
  { before, after, measures }: ComparedNetworks,
  paired: Pick<Paired, 'values' | 'lacking'>,
): readonly CheckedLimit[] {
  return Object.entries(limits).flatMap(([name, limit]) => {
    const rows = measures.filter((row) => row.metric === name || row.name === name)
    if (rows.length === 0) throw noSuchMeasure(name, measures, paired)
    if (rows.every(({ better }) => better === 'neither'))
      throw new UsageError(
        `${name} cannot become worse, because neither higher nor lower values are better; limit another measure`,
      )
    return rows.map((row): CheckedLimit => {
      const worse = row.better === 'higher' ? -row.difference : row.difference
      return { networks: [before, after], measure: row.name, limit, worse, isExceeded: worse > limit + ROUNDING }
    })
  })
}

function noSuchMeasure(
  name: string,
  measures: readonly ComparedMeasure[],
  { values, lacking }: Pick<Paired, 'values' | 'lacking'>,
): UsageError {
  const isEmpty = values.some((row) => row.metric === name || row.name === name)
  if (isEmpty || lacking.before.includes(name) || lacking.after.includes(name))
    return new UsageError(
      `no pair has values of ${name} on both sides; measure both in the same way, or do not limit it`,
    )
  const known = new Set(measures.filter(({ better }) => better !== 'neither').flatMap((row) => [row.metric, row.name]))
  return new UsageError(
    `\`maxWorse ${name}\` is not known; the most similar measures are ${nearestNames(name, known, 3).join('; ')}`,
  )
}
