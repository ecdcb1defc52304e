import { FEWEST_PATCHES, meanAndStd, type PatchValues } from '../../results/rows.js'

/** What the patches of one network, layer and size say about a claim. */
export interface Evidence {
  readonly layer: string
  readonly size: number
  /** What was measured, with its unit if it has one. */
  readonly quantity: string
  /** Mean over patches, and its standard error; null: one patch has none. */
  readonly mean: number
  readonly standardError: number | null
  readonly patches: number
  /** Of a difference, which can have either sign. */
  readonly signs?: Signs
  /** Whether the number speaks for the claim; null: it is shown, but the verdict does not rest on it. */
  readonly lean: Lean | null
}

export type Lean = 'for' | 'against' | 'open'

export interface Signs {
  /** Patches whose number is above zero. */
  readonly positive: number
  /** P value of the two-sided sign test: how likely so uneven a split is if both signs are equally likely. */
  readonly p: number
}

/** Standard errors by which a mean must lie off the border to speak for or against. */
export const CLEAR_ERRORS = 2

/** From where on a mean speaks for a claim. */
export interface Border {
  readonly at: number
  /** The side that the claim says. */
  readonly speaksFor: 'above' | 'below'
}

/** Values of a layer as evidence. @param border null: they are shown, and decide nothing */
export function evidenceOf(
  place: Pick<Evidence, 'layer' | 'size' | 'quantity'>,
  values: PatchValues,
  border: Border | null,
): Evidence {
  return { ...place, ...meanOf(values), lean: border && leanOf(values, border) }
}

/** On which side of the border a mean over patches lies: open if it is not clear of it, or of too few patches. */
export function leanOf(values: PatchValues, { at, speaksFor }: Border): Lean {
  const { mean, standardError, patches } = meanOf(values)
  if (patches < FEWEST_PATCHES || standardError === null) return 'open'
  if (Math.abs(mean - at) <= CLEAR_ERRORS * standardError) return 'open'
  return mean > at === (speaksFor === 'above') ? 'for' : 'against'
}

/** Mean over patches and its standard error, from the sample's deviation. */
export function meanOf(values: PatchValues): Pick<Evidence, 'mean' | 'standardError' | 'patches'> {
  const numbers = [...values.values()]
  const patches = numbers.length
  const { mean } = meanAndStd(numbers)
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, standardError: patches < 2 ? null : Math.sqrt(squares / (patches - 1) / patches), patches }
}

/** How many values are above zero, and how likely that is by chance (exact binomial test). */
export function signsOf(values: PatchValues): Signs {
  const numbers = [...values.values()]
  const positive = numbers.filter((value) => value > 0).length
  return { positive, p: signTest(positive, numbers.filter((value) => value < 0).length) }
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

export function mapped<T>(values: ReadonlyMap<string, T>, change: (value: T) => number): PatchValues {
  return new Map([...values].map(([patch, value]) => [patch, change(value)]))
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
