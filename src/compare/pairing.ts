import type { Better } from '../results/measures.js'
import { addTo } from '../support/lists.js'
import type { Unpaired } from './result.js'

/** The values of one measure for all pairs of objects or photographs; NaN where there is none. */
export interface PairedValues {
  readonly metric: string
  readonly group: string
  readonly label: string
  /** Full name; see `ComparedMeasure`. */
  readonly name: string
  readonly better: Better
  readonly isHeadline: boolean
  readonly before: Float64Array
  readonly after: Float64Array
}

/** What two networks have in common. */
export interface Paired {
  readonly pairs: number
  readonly unpaired: { readonly before: readonly Unpaired[]; readonly after: readonly Unpaired[] }
  readonly values: readonly PairedValues[]
  /** Settings that differ, so that the two cannot be compared. */
  readonly differences: readonly string[]
  /** Facts about the networks that differ. */
  readonly facts: readonly string[]
  /** Names of measures that only the other side has. */
  readonly lacking: { readonly before: readonly string[]; readonly after: readonly string[] }
}

export interface Pairs<T> {
  readonly pairs: readonly (readonly [before: T, after: T])[]
  readonly unpaired: { readonly before: readonly T[]; readonly after: readonly T[] }
}

/**
 * Pairs objects or photographs of equal content and size. If several have equal content, those of equal names are paired
 * first, and then the others in their order.
 */
export function pairedByContent<T extends Unpaired>(before: readonly T[], after: readonly T[]): Pairs<T> {
  const partners = new Map<T, T>()
  const pairBy = (keyOf: (one: T) => string) => {
    const free = new Map<string, T[]>()
    const taken = new Set(partners.values())
    for (const one of after) if (!taken.has(one)) addTo(free, keyOf(one), one)
    for (const list of free.values()) list.reverse()
    for (const one of before) {
      const partner = partners.has(one) ? undefined : free.get(keyOf(one))?.pop()
      if (partner !== undefined) partners.set(one, partner)
    }
  }
  pairBy(({ sha256, size, name }) => JSON.stringify([sha256, size, name]))
  pairBy(({ sha256, size }) => JSON.stringify([sha256, size]))
  const taken = new Set(partners.values())
  return {
    pairs: [...partners],
    unpaired: {
      before: before.filter((one) => !partners.has(one)),
      after: after.filter((one) => !taken.has(one)),
    },
  }
}

/** Texts of settings or of facts about a network, by name. Those that are undefined are not compared. */
export type Texts = Readonly<Record<string, string | undefined>>

/** Differences between two lists of texts, such as `stride 8 and 4`. */
export function differencesBetween(before: Texts, after: Texts): readonly string[] {
  return Object.keys(before).flatMap((name) => {
    const [one, other] = [before[name], after[name]]
    if (one === undefined || other === undefined || one === other) return []
    return [/^[0-9a-f]{64}$/.test(one) ? name : `${name} ${one} and ${other}`]
  })
}
