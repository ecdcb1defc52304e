import { UsageError } from '../errors.js'
import { nearestNames } from '../support/text.js'
import type { CheckedLimit, ComparedMetric, ComparedNetworks } from './result.js'

/** Rounding of means must not decide, so a limit is exceeded only by more than this. */
const ROUNDING = 1e-12

type Named = Pick<ComparedMetric, 'name' | 'metric'>

interface Limited {
  readonly compared: ComparedNetworks
  /** The measures without values on both sides. */
  readonly empty: readonly Named[]
}

/**
 * Checks each limit for all networks, on objects or on photographs, whichever have a measure of its name.
 * @param limits by measure, how much worse its mean may become
 * @throws UsageError for a name that is not known, and for a measure without pairs or without a direction
 */
export function checkedLimits(
  limits: Readonly<Record<string, number>>,
  all: readonly Limited[],
): readonly CheckedLimit[] {
  return all.flatMap((one) =>
    Object.entries(limits).flatMap(([name, limit]) => {
      const kinds = all.flatMap((other) => (knows(other, name) ? other.compared.kind : []))
      const isOfOtherKind = kinds.length > 0 && !kinds.includes(one.compared.kind)
      return isOfOtherKind ? [] : checkedLimit(name, limit, one)
    }),
  )
}

function hasName(name: string): (measure: Named) => boolean {
  return (measure) => measure.metric === name || measure.name === name
}

function knows({ compared: { measures }, empty }: Limited, name: string): boolean {
  return [...measures, ...empty].some(hasName(name))
}

function checkedLimit(
  name: string,
  limit: number,
  { compared: { before, after, measures }, empty }: Limited,
): readonly CheckedLimit[] {
  if (limit < 0) throw UsageError.of`\`maxWorse ${name}=${limit}\` is below 0; give a number of at least 0`
  const rows = measures.filter(hasName(name))
  if (rows.length === 0 && empty.some(hasName(name)))
    throw new UsageError(
      `no pair has a value of ${name} on both sides; measure it in both (accuracy needs labels), or remove the limit`,
    )
  const directed = measures.filter(({ better }) => better !== 'neither')
  const names = new Set(directed.flatMap((row) => [row.metric, row.name]))
  if (rows.length === 0)
    throw UsageError.of`\`maxWorse ${name}\` names no measure; the most similar ones are ${nearestNames(name, names, 3).join('; ')}`
  if (!names.has(name))
    throw new UsageError(
      `${name} cannot become worse, because neither higher nor lower values are better; limit another measure`,
    )
  return rows.map(({ name: measure, better, difference }): CheckedLimit => {
    const worse = better === 'higher' ? -difference : difference
    return { networks: [before, after], measure, limit, worse, isExceeded: worse > limit + ROUNDING }
  })
}
