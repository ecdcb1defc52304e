import type { Measure } from '../../results/metrics.js'
import type { StudyGroup } from '../../results/study.js'
import { average } from '../average.js'

/** One number a patch, by its name. */
export type PatchValues = ReadonlyMap<string, number>

/** What the patches of one network, layer and size say to a claim. */
export interface Evidence {
  readonly layer: string
  readonly size: number
  /** What was measured, with its unit if it has one. */
  readonly quantity: string
  /** Mean over patches, and its standard error; null: one patch has none. */
  readonly mean: number
  readonly standardError: number | null
  readonly patches: number
  /** Patches whose number is above zero. */
  readonly positive: number
  /** Two-sided sign test: how likely so uneven a split is if both signs are equally likely. */
  readonly signTest: number
  /** The mean in networks like this one that were trained from other seeds; absent: there are none. */
  readonly retrained?: readonly number[]
  /** Whether the number speaks for the claim; null: it is shown, but the verdict does not rest on it. */
  readonly lean: Lean | null
}

export type Lean = 'for' | 'against' | 'open'

/** Fewer patches than this are no sample. */
export const FEWEST_PATCHES = 5

/** Standard errors by which a mean must lie off the border to speak for or against. */
export const CLEAR_ERRORS = 2

/** From where on a mean speaks for a claim. */
export interface Border {
  readonly at: number
  /** The side that the claim says. */
  readonly speaksFor: 'above' | 'below'
}

/** On which side of the border a mean over patches lies, if it is clear of it by two standard errors of at least five patches. */
export function leanOf(values: PatchValues, { at, speaksFor }: Border): Lean {
  const { mean, standardError, patches } = spreadOf(values)
  if (patches < FEWEST_PATCHES || standardError === null) return 'open'
  if (Math.abs(mean - at) <= CLEAR_ERRORS * standardError) return 'open'
  return mean > at === (speaksFor === 'above') ? 'for' : 'against'
}

/** Mean over patches with what tells how sure it is. */
export function spreadOf(
  values: PatchValues,
): Pick<Evidence, 'mean' | 'standardError' | 'patches' | 'positive' | 'signTest'> {
  const numbers = [...values.values()]
  const patches = numbers.length
  const mean = average(numbers)
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const standardError = patches < 2 ? null : Math.sqrt(squares / (patches - 1) / patches)
  const positive = numbers.filter((value) => value > 0).length
  const negative = numbers.filter((value) => value < 0).length
  return { mean, standardError, patches, positive, signTest: signTest(positive, negative) }
}

/** Two-sided exact binomial test of equal chances for both signs. */
export function signTest(positive: number, negative: number): number {
  const count = positive + negative
  let tail = 0
  // Of many patches the first chances are smaller than any number is.
  let logChance = -count * Math.LN2
  for (let k = 0; k <= Math.min(positive, negative); k++) {
    tail += Math.exp(logChance)
    logChance += Math.log((count - k) / (k + 1))
  }
  return Math.min(1, 2 * tail)
}

/** For each patch of a layer, the mean of those of its metrics that are wanted; patches without any are left out. */
export function patchValues(
  { metrics }: StudyGroup,
  layer: string,
  isWanted: (measure: Measure) => boolean,
  combine: (values: readonly number[]) => number = average,
): PatchValues {
  const byPatch = new Map<string, number[]>()
  for (const metric of metrics) {
    if (metric.layer !== layer || !isWanted(metric.measure)) continue
    const values = byPatch.get(metric.patch)
    if (values === undefined) byPatch.set(metric.patch, [metric.value])
    else values.push(metric.value)
  }
  return new Map([...byPatch].map(([patch, values]) => [patch, combine(values)]))
}

/** What two numbers of the same patch give together, for patches that have both. */
export function paired(a: PatchValues, b: PatchValues, combine: (a: number, b: number) => number): PatchValues {
  return new Map(
    [...a].flatMap(([patch, value]) => {
      const other = b.get(patch)
      return other === undefined ? [] : [[patch, combine(value, other)] as const]
    }),
  )
}
