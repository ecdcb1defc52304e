import { FEWEST_PATCHES, type PatchValues } from '../../results/measures/rows.js'
import { type MeanInterval, meanInterval, signTest } from '../../support/statistics.js'

/** Evidence about a claim: the values of one quantity for one network, layer and size, averaged over objects. */
export interface Evidence extends MeanInterval {
  readonly layer: string
  /** Side of the square patches in pixels. */
  readonly size: number
  /** Side of the frame in pixels; absent if it is 224. */
  readonly frame?: number
  readonly quantity: string
  /** Number of objects whose value is finite. The others count as missing. */
  readonly patches: number
  /** Sign test over the objects; absent unless the quantity is a difference. */
  readonly signs?: Signs
  /** Whether the mean supports the claim; null if the number is only shown and decides nothing. */
  readonly lean: Lean | null
}

/** Whether a mean supports a claim (`for`), contradicts it (`against`), or is too uncertain to tell (`open`). */
export type Lean = 'for' | 'against' | 'open'

/** Result of a two-sided sign test over objects. */
export interface Signs {
  /** Number of objects with a value above zero. */
  readonly positive: number
  /** P value: the probability of a split at least this uneven between the two signs, if both are equally likely. */
  readonly p: number
}

/** Threshold of a claim, and the side of it on which numbers support the claim. */
export interface Border {
  readonly at: number
  readonly speaksFor: 'above' | 'below'
}

/** The values of one quantity, from which evidence is made. */
export interface Measured extends Pick<Evidence, 'layer' | 'size' | 'frame' | 'quantity' | 'signs'> {
  readonly values: PatchValues
  /** Set if no threshold applies: null if the values are only shown, `open` if they are too uncertain to judge. */
  readonly lean?: 'open' | null
}

/** Undefined if no patch has a finite value. */
export function evidenceOf({ values, signs, lean, ...place }: Measured, border: Border): Evidence | undefined {
  const mean = meanOf(values)
  if (mean.patches === 0) return undefined
  return { ...place, ...mean, lean: lean === undefined ? leanOf(values, border) : lean, ...(signs && { signs }) }
}

/** The result is `open` if the interval of the mean contains the threshold, or if there are too few patches. */
export function leanOf(values: PatchValues, { at, speaksFor }: Border): Lean {
  const { mean, halfWidth, patches } = meanOf(values)
  if (patches < FEWEST_PATCHES || halfWidth === null) return 'open'
  if (Math.abs(mean - at) <= halfWidth) return 'open'
  return mean > at === (speaksFor === 'above') ? 'for' : 'against'
}

/**
 * Mean over patches. Values that are not finite, such as ratios of patches whose maps are flat, count as missing here, so
 * they decide nothing.
 */
export function meanOf(values: PatchValues): MeanInterval & Pick<Evidence, 'patches'> {
  const numbers = [...values.values()].filter(Number.isFinite)
  return { ...meanInterval(numbers), patches: numbers.length }
}

/** Zeros are left out of the test. */
export function signsOf(values: PatchValues): Signs {
  const numbers = [...values.values()]
  const positive = numbers.filter((value) => value > 0).length
  return { positive, p: signTest(positive, numbers.filter((value) => value < 0).length) }
}

export function mapped<T>(values: ReadonlyMap<string, T>, change: (value: T) => number): PatchValues {
  return new Map([...values].map(([patch, value]) => [patch, change(value)]))
}

/** Combines the two numbers of each patch, one from `a` and one from `b`. Patches that lack one are left out. */
export function paired(a: PatchValues, b: PatchValues, combine: (a: number, b: number) => number): PatchValues {
  return new Map(
    [...a].flatMap(([patch, value]) => {
      const other = b.get(patch)
      return other === undefined ? [] : [[patch, combine(value, other)] as const]
    }),
  )
}
