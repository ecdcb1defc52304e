import { UsageError } from '../errors.js'
import { nearestNames } from '../support/text.js'
import type { CheckedLimit, ComparedNetworks } from './result.js'

/** Rounding of means must not decide, so a limit is exceeded only by more than this. */
const ROUNDING = 1e-12

/**
 * Checks the limits for the networks of one comparison.
 * @param limits by measure, how much worse its mean may become
 * @param empty names of measures without values on both sides
 * @throws UsageError for a name that is not known, and for a measure without pairs or without a direction
 */
export function checkedLimits(
  limits: Readonly<Record<string, number>>,
  { before, after, measures }: Pick<ComparedNetworks, 'before' | 'after' | 'measures'>,
  empty: readonly string[],
): readonly CheckedLimit[] {
  return Object.entries(limits).flatMap(([name, limit]) => {
    if (limit < 0) throw new UsageError(`\`maxWorse ${name}=${limit}\` is below 0; give a number of at least 0`)
    const rows = measures.filter((row) => row.metric === name || row.name === name)
    if (rows.length === 0 && empty.includes(name))
      throw new UsageError(
        `no pair has a value of ${name} on both sides; measure it in both (accuracy needs labels), or remove the limit`,
      )
    const directed = measures.filter(({ better }) => better !== 'neither')
    const names = new Set(directed.flatMap((row) => [row.metric, row.name]))
    if (rows.length === 0)
      throw new UsageError(
        `\`maxWorse ${name}\` names no measure; the most similar ones are ${nearestNames(name, names, 3).join('; ')}`,
      )
    if (!names.has(name))
      throw new UsageError(
        `${name} cannot become worse, because neither higher nor lower values are better; limit another measure`,
      )
    return rows.map(({ name: measure, better, difference }): CheckedLimit => {
      const worse = better === 'higher' ? -difference : difference
      return { networks: [before, after], measure, limit, worse, isExceeded: worse > limit + ROUNDING }
    })
  })
}
